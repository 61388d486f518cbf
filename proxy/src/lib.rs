//! A reverse proxy in which every setting is hot-reloadable.
//!
//! The configuration file is watched; a valid change serves within a millisecond, without a restart, a dropped connection or a mixed
//! answer, and an invalid one changes nothing. Nothing is restart-only: listeners, routes, upstreams, header edits, limits, time-outs, the
//! number of workers and the log all change live.
//!
//! The binary is a thin shell around this library:
//!
//! ```no_run
//! use reloadspec_proxy::{Options, Proxy};
//!
//! let proxy = Proxy::start(Options::new("proxy.yaml"))?;
//! println!("serving revision {} at {:?}", proxy.revision(), proxy.addresses());
//! let outcome = proxy.reload();
//! proxy.shutdown();
//! # Ok::<(), reloadspec_proxy::StartError>(())
//! ```
//!
//! Inside, everything goes one way in, through one swap, and one way out; [`reload`] shows the order. [`config`] is pure, [`runtime`] serves,
//! and neither knows the other.

mod acme;
mod admin;
mod aside;
pub mod check;
pub mod config;
mod health;
pub mod lifecycle;
pub mod log;
pub mod metrics;
pub mod model;
mod names;
pub mod order;
#[cfg(feature = "otlp")]
mod otlp;
mod pace;
pub mod probe;
pub mod reload;
mod room;
pub mod runtime;
pub mod source;
pub mod supervisor;
mod tls;

mod proxy;

pub use proxy::{Options, Proxy, SupervisorPanicked};
pub use supervisor::StartError;
