//! The proxy as a client and an operator see it.

mod admin;
mod authority;
mod balancing;
mod changes;
mod check;
mod durable;
mod ejection;
mod files;
mod health;
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
mod servers;
mod sockets;
mod support;
mod tls;
mod tls_rules;
mod tls_upstream;
mod traffic;
mod upstream;
