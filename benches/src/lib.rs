//! Benchmarks of the reference proxy.
