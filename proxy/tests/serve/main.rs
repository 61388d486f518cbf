//! The proxy as a client and an operator see it.

mod admin;
mod authority;
mod changes;
mod check;
mod durable;
mod files;
mod http2;
mod http2_upstream;
mod lifecycle;
mod live;
mod openapi;
mod operate;
#[cfg(feature = "otlp")]
mod otlp;
mod parts;
mod probe;
mod process;
mod removed;
mod revisions;
mod scrape;
mod seen;
mod sockets;
mod support;
mod tls;
mod tls_rules;
mod tls_upstream;
mod traffic;
mod upstream;
