//! What it takes to find the route of a request, by how many there are and by what tells them apart.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use reloadspec_proxy::config::{Format, Text, parse, validate};
use reloadspec_proxy::model::Model;
use reloadspec_proxy::reload::{Opened, Plan, compile};
use reloadspec_proxy::runtime::Snapshot;

const COUNTS: [usize; 4] = [10, 1_000, 10_000, 100_000];
/// So many requests go round, each to another route, so that not all of it is at hand all the time.
const ASKED: usize = 1_024;

/// A way to tell routes apart: how the configuration says it, and the host and path that ask for it.
struct Kind {
    name: &'static str,
    says: fn(usize) -> String,
    asks: fn(usize) -> (String, String),
}

const KINDS: [Kind; 4] = [
    Kind {
        name: "lookup/path",
        says: |number| format!("path: /exact/{number}"),
        asks: |number| ("bench.example".to_owned(), format!("/exact/{number}")),
    },
    Kind {
        name: "lookup/prefix",
        says: |number| format!("prefix: /v1/prefix-{number}"),
        asks: |number| ("bench.example".to_owned(), format!("/v1/prefix-{number}/a/b?c=d")),
    },
    Kind {
        name: "lookup/host",
        says: |number| format!("host: h{number}.example, prefix: /"),
        asks: |number| (format!("h{number}.example"), "/a/b".to_owned()),
    },
    Kind {
        name: "lookup/host-suffix",
        says: |number| format!("host: '*.h{number}.example', prefix: /"),
        asks: |number| (format!("a.b.h{number}.example"), "/a/b".to_owned()),
    },
];

fn snapshot(says: fn(usize) -> String, count: usize) -> Snapshot {
    let mut source = "listeners: [{name: main, address: '127.0.0.1:8000'}]\nroutes:\n".to_owned();
    for number in 0..count {
        writeln!(source, "  - {{{}, respond: {{body: b}}}}", says(number)).expect("a string takes all");
    }
    let text = Text::new("bench.yaml", Format::Yaml, source.as_bytes()).expect("it is short and UTF-8");
    let document = parse(text).expect("it is well-formed");
    let model = validate(&document, text).expect("it is valid");
    let addresses: BTreeMap<_, _> = model
        .listeners
        .values()
        .map(|listener| (listener.address.clone(), listener.address.clone()))
        .collect();
    let plan = Plan::between(&Model::default(), &model);
    compile(&model, &plan, 1, &Opened::at(addresses), &Snapshot::default())
}

fn lookup(criterion: &mut Criterion) {
    for Kind { name, says, asks } in KINDS {
        let mut group = criterion.benchmark_group(name);
        for count in COUNTS {
            let snapshot = snapshot(says, count);
            let asked: Vec<_> = (0..ASKED)
                .map(|number| asks(number * count / ASKED % count))
                .collect();
            let mut next = asked.iter().cycle();
            group.bench_function(BenchmarkId::from_parameter(count), |bencher| {
                bencher.iter(|| {
                    let (host, path) = next.next().expect("there is no end");
                    let path = path.split('?').next().unwrap_or(path);
                    black_box(snapshot.orphans.find(black_box(host), black_box(path))).expect("it is there");
                });
            });
        }
        group.finish();
    }
}

criterion_group!(benches, lookup);
criterion_main!(benches);
