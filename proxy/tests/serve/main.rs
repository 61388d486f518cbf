//! The proxy as a client and an operator see it.

mod changes;
mod files;
mod process;
mod support;
mod traffic;
mod upstream;
