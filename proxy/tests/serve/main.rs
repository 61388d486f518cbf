//! The proxy as a client and an operator see it.

mod admin;
mod authority;
mod balancing;
mod changes;
mod check;
mod clients;
mod durable;
mod ejection;
mod files;
mod health;
mod http2;
mod http2_upstream;
mod lifecycle;
mod limits;
mod live;
mod odd_requests;
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
mod sessions;
mod sockets;
mod support;
mod tls;
mod tls_rules;
mod tls_upstream;
mod traffic;
mod upstream;
