//! Upstreams: endpoints, their weights, and how long they may take.

use std::sync::Arc;

use super::super::{Diagnostic, Node, Path, keys};
use super::balancing;
use super::reader::{Named, Report, Table};
use super::scalars::{duration, endpoint_address, name, number, one_of};
use super::{admission, attempts, tls};
use crate::model::{Endpoint, Family, Pool, Protocol, Resolve, Timeouts, Upstream, UpstreamTls};

/// The longest cycle in which the weights of an upstream come out even. It is laid out in memory when a configuration is compiled.
const CYCLE_LIMIT: usize = 10_000;

pub(super) fn read(root: &Table<'_>) -> Named<Upstream> {
    let mut upstreams = Named::new();
    let common = pool(root, Pool::default());
    root.each("upstreams", |item, path| {
        let Some(table) = Table::read(item, path, keys::UPSTREAM, root.report) else {
            return;
        };
        let name = table.required("name", name);
        if let Some(name) = &name {
            upstreams.mention("upstream", name, &table);
        }
        let words = Protocol::ALL.map(|protocol| (protocol.word(), protocol));
        let protocol = table.with("protocol", one_of(&words)).unwrap_or_default();
        let tls = tls::read_upstream(&table, protocol).map(Arc::new);
        let endpoints = endpoints(&table, tls.as_deref());
        let resolve = table.with("resolve", resolve).unwrap_or_default();
        let timeouts = table.with("timeouts", timeouts).unwrap_or_default();
        let pool = pool(&table, common);
        let admission = admission::read(&table);
        let breaker = table.with("breaker", admission::breaker);
        let retry_budget = table.with("retry_budget", attempts::budget).unwrap_or_default();
        let balance = balancing::balance(&table);
        let sticky = table.with("sticky", balancing::sticky);
        let health = table.with("health", |node, path, report| {
            balancing::health(node, path, report, protocol)
        });
        let ejection = table.with("ejection", balancing::ejection);
        let slow_start = table.with("slow_start", duration);
        if let Some(name) = name {
            upstreams.valid.insert(
                name.clone(),
                Arc::new(Upstream {
                    name,
                    endpoints,
                    resolve,
                    timeouts,
                    pool,
                    protocol,
                    tls,
                    admission,
                    breaker,
                    retry_budget,
                    balance,
                    sticky,
                    health,
                    ejection,
                    slow_start,
                }),
            );
        }
    });
    upstreams
}

fn endpoints(upstream: &Table<'_>, tls: Option<&UpstreamTls>) -> Vec<Endpoint> {
    let mut endpoints: Vec<Endpoint> = Vec::new();
    let mut mentioned = 0;
    upstream.require("endpoints");
    upstream.each("endpoints", |item, path| {
        mentioned += 1;
        let Some(table) = Table::read(item, path, keys::ENDPOINT, upstream.report) else {
            return;
        };
        let authority = table.required("address", endpoint_address);
        let weight = table.with("weight", number(0, 256)).unwrap_or(1) as u16;
        if let Some(authority) = authority {
            if let Some(tls) = tls {
                tls::names(tls, &authority, &table);
            }
            if endpoints.iter().any(|other| other.authority == authority) {
                let message = format!("the endpoint `{authority}` stands twice");
                table.complain(
                    "address",
                    Diagnostic::new("duplicate", message).with_help("give it a larger weight"),
                );
            }
            endpoints.push(Endpoint { authority, weight });
        }
    });
    let complaint = if mentioned == 0 {
        upstream.get("endpoints").map(|_| {
            (
                "there is no endpoint".to_owned(),
                "add one, as in `- address: 127.0.0.1:9000`",
            )
        })
    } else if endpoints.len() == mentioned && endpoints.iter().all(|endpoint| endpoint.weight == 0) {
        Some((
            "no endpoint has a weight".to_owned(),
            "give at least one a weight of 1 or more",
        ))
    } else {
        let cycle = cycle_length(&endpoints);
        (cycle > CYCLE_LIMIT).then(|| {
            let message = format!("the weights come out even after {cycle} requests, at most {CYCLE_LIMIT}");
            (message, "use smaller weights, or such as have a common divisor")
        })
    };
    if let Some((message, help)) = complaint {
        upstream.complain(
            "endpoints",
            Diagnostic::new("out-of-range", message).with_help(help),
        );
    }
    endpoints
}

fn cycle_length(endpoints: &[Endpoint]) -> usize {
    let divisor = endpoints
        .iter()
        .fold(0, |divisor, endpoint| gcd(divisor, usize::from(endpoint.weight)))
        .max(1);
    endpoints
        .iter()
        .map(|endpoint| usize::from(endpoint.weight) / divisor)
        .sum()
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}

fn resolve(node: &Node, path: &Path<'_>, report: &Report) -> Option<Resolve> {
    let table = Table::read(node, path, keys::RESOLVE, report)?;
    let default = Resolve::default();
    let words = Family::ALL.map(|family| (family.word(), family));
    Some(Resolve {
        every: table.with("every", duration).unwrap_or(default.every),
        timeout: table.with("timeout", duration).unwrap_or(default.timeout),
        prefer: table.with("prefer", one_of(&words)).unwrap_or_default(),
    })
}

/// Which connections are kept, in a table that may say so; `common` is what counts where it does not.
fn pool(table: &Table<'_>, common: Pool) -> Pool {
    let read = |node: &Node, path: &Path<'_>, report: &Report| {
        let table = Table::read(node, path, keys::POOL, report)?;
        let max_idle = table.with("max_idle", number(0, 65_536));
        Some(Pool {
            max_idle: max_idle.map_or(common.max_idle, |max| max as u32),
            idle_timeout: table.with("idle_timeout", duration).or(common.idle_timeout),
            max_lifetime: table.with("max_lifetime", duration).or(common.max_lifetime),
        })
    };
    table.with("pool", read).unwrap_or(common)
}

fn timeouts(node: &Node, path: &Path<'_>, report: &Report) -> Option<Timeouts> {
    let table = Table::read(node, path, keys::TIMEOUTS, report)?;
    let default = Timeouts::default();
    Some(Timeouts {
        connect: table.with("connect", duration).unwrap_or(default.connect),
        response: table.with("response", duration).unwrap_or(default.response),
        idle: table.with("idle", duration).unwrap_or(default.idle),
    })
}
