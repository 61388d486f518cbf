//! A conformance suite for configuration hot reload in proxies.
