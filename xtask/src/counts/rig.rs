//! A proxy under a tool, the origin behind it, and what is done to it.

use std::net::TcpListener;
use std::path::Path;
use std::process::Command;

use anyhow::Context;

use super::proxy::{Proxy, Site};
use super::rows::{Act, Row};
use super::traffic::{self, Client};

/// All of it.
#[derive(Debug)]
pub(super) struct Rig {
    proxy: Proxy,
    site: Site,
}

// === impl Rig ===

impl Rig {
    /// Starts the proxy under `tool` as the row needs it, and then its origin.
    pub(super) fn begin(tool: Command, binary: &Path, folder: &Path, row: &Row) -> anyhow::Result<Self> {
        let address = Site::address();
        let origin = TcpListener::bind((address, 0)).context("failed to listen as an origin")?;
        let site = Site {
            folder: folder.to_owned(),
            address,
            origin_port: origin.local_addr()?.port(),
            routes: row.routes,
            is_watched: row.act == Act::Reload,
        };
        let proxy = Proxy::start(tool, binary, site.clone())?;
        traffic::serve(origin, proxy.rest());
        Ok(Self { proxy, site })
    }

    pub(super) fn pid(&self) -> u32 {
        self.proxy.pid()
    }

    /// Does what a row says: to warm up, and as often as it counts, each of which `counted` precedes with its number.
    pub(super) fn play(
        &mut self,
        row: &Row,
        counted: impl FnMut(u32) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        match row.act {
            Act::Request(manner) => {
                let Site { address, .. } = self.site;
                let mut client = Client::new(address, &self.site.path(), self.proxy.rest(), manner);
                repeat(row, || client.ask(), counted)
            }
            Act::Reload => repeat(row, || self.proxy.reload(), counted),
        }
        .with_context(|| format!("failed to do {}", row.name))
    }
}

fn repeat(
    row: &Row,
    mut once: impl FnMut() -> anyhow::Result<()>,
    mut counted: impl FnMut(u32) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    (0..row.warm_up()).try_for_each(|_| once())?;
    (0..row.times()).try_for_each(|number| {
        counted(number)?;
        once()
    })
}
