//! What each pure stage of a reload costs: parse, validate, plan, compile.

use std::collections::BTreeMap;
use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use reloadspec_benches::{ROUTES, config};
use reloadspec_proxy::config::{Format, Text, parse, validate};
use reloadspec_proxy::model::Model;
use reloadspec_proxy::reload::{Opened, Plan, compile};
use reloadspec_proxy::runtime::Snapshot;

fn text(source: &str) -> Text<'_> {
    Text::new("bench.yaml", Format::Yaml, source.as_bytes()).expect("it is short and UTF-8")
}

fn model(source: &str) -> Model {
    let text = text(source);
    let document = parse(text).expect("it is well-formed");
    validate(&document, text).expect("it is valid")
}

fn pipeline(criterion: &mut Criterion) {
    for routes in ROUTES {
        let source = config(routes, 1);
        let document = parse(text(&source)).expect("it is well-formed");
        let (old, new) = (model(&source), model(&config(routes, 2)));
        let addresses: BTreeMap<_, _> = old
            .listeners
            .values()
            .map(|listener| (listener.address.clone(), listener.address.clone()))
            .collect();
        let opened = Opened::at(addresses);
        let serving = compile(
            &old,
            &Plan::between(&Model::default(), &old),
            1,
            &opened,
            &Snapshot::default(),
        );

        let plan = Plan::between(&old, &new);

        let mut group = criterion.benchmark_group("parse");
        group.throughput(Throughput::Bytes(source.len() as u64));
        group.bench_function(BenchmarkId::from_parameter(routes), |bencher| {
            bencher.iter_with_large_drop(|| parse(black_box(text(&source))));
        });
        group.finish();

        let mut stage = |name: &str, run: &dyn Fn()| {
            let mut group = criterion.benchmark_group(name);
            group.throughput(Throughput::Elements(routes as u64));
            group.bench_function(BenchmarkId::from_parameter(routes), |bencher| bencher.iter(run));
            group.finish();
        };
        stage("validate", &|| {
            black_box(validate(black_box(&document), text(&source))).expect("it is valid");
        });
        stage("plan", &|| {
            black_box(Plan::between(black_box(&old), black_box(&new)));
        });
        stage("compile", &|| {
            black_box(compile(black_box(&new), &plan, 2, &opened, &serving));
        });
    }
}

criterion_group!(benches, pipeline);
criterion_main!(benches);
