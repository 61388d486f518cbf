//! The proxy as a client and an operator see it.

mod admin;
mod changes;
mod files;
mod lifecycle;
mod operate;
mod parts;
mod process;
mod removed;
mod revisions;
mod seen;
mod support;
mod traffic;
mod upstream;
