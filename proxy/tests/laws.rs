//! What holds for all configurations, not only for those that somebody thought of.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use proptest::prelude::*;
use reloadspec_proxy::config::{Bundle, Format, Memory, Text, gather, parse, references, validate};
use reloadspec_proxy::model::Model;
use reloadspec_proxy::reload::{Candidate, Opened, Outcome, Plan, Reloader, compile};
use reloadspec_proxy::runtime::{Route, Snapshot, Task};

/// Configurations over few names, so that two of them have much in common.
fn config() -> impl Strategy<Value = String> {
    let routes = prop::collection::btree_map((0..6_u8, 0..3_u8), (any::<bool>(), 0..3_u8), 0..8);
    let upstreams = prop::collection::btree_map(0..4_u8, (1..4_u8, 1..3_u8), 1..4);
    (routes, upstreams, 1..3_u8, 1..3_u8, any::<bool>()).prop_map(|(routes, upstreams, workers, listeners, header)| {
        let mut text = format!("workers: {workers}\nlisteners:\n");
        for number in 0..listeners {
            writeln!(text, "  - {{name: l{number}, address: '127.0.0.{}:0'}}", 50 + number).expect("a string");
        }
        text += "upstreams:\n";
        for (name, (port, weight)) in &upstreams {
            writeln!(text, "  - {{name: u{name}, endpoints: [{{address: 'a:{port}', weight: {weight}}}, {{address: 'b:1'}}]}}").expect("a string");
        }
        text += "routes:\n";
        let names: Vec<_> = upstreams.keys().collect();
        for ((path, scope), (forward, variant)) in &routes {
            let scope = match scope {
                0 => "",
                1 => "listener: l0, ",
                _ => "host: h.example, ",
            };
            let limit = if *variant == 2 { ", sessions: {max: 7}" } else { "" };
            let action = match forward {
                true => format!("upstream: u{}", names[usize::from(*variant) % names.len()]),
                false => format!("respond: {{body: '{variant}'}}"),
            };
            writeln!(text, "  - {{{scope}prefix: /p{path}, {action}{limit}}}").expect("a string");
        }
        text += "  - {path: /last, respond: {}}\n";
        if header {
            text += "request_headers: {set: {x-a: '1'}}\nsessions: {max: 9}\n";
        }
        text
    })
}

fn model(text: &str) -> Model {
    let text = Text::new("law", Format::Yaml, text.as_bytes()).expect("text");
    validate(&parse(text).expect("a document"), text).unwrap_or_else(|diagnostics| panic!("{diagnostics}"))
}

/// Two files, the second of which is included. Most of them are valid together.
fn files() -> impl Strategy<Value = [String; 2]> {
    let good = [
        "{prefix: /a, upstream: u0}",
        "{prefix: /b, upstream: u1}",
        "{path: /c, upstream: u2}",
        "{path: /c, host: h.example, listener: l1, upstream: u0}",
        "{prefix: /d, upstream: '${UNSET:-u1}'}",
        "{prefix: /e, respond: {body: '${UNSET:-e}'}}",
        "{prefix: /f, respond: {body: f}, response_headers: {remove: [x-a, x-b]}}",
    ];
    let odd = [
        "{prefix: /a, respond: {}}",
        "{prefix: /g, upstream: u9}",
        "{prefix: g, upstream: u0}",
        "{pefix: /g, upstream: u0}",
        "{prefix: /d, upstream: '${UNSET}'}",
        "text",
    ];
    let good = prop::sample::subsequence(good.to_vec(), 0..=7).prop_shuffle();
    let routes = (
        good,
        prop::option::weighted(0.2, prop::sample::select(odd.to_vec())),
        0..8_usize,
    );
    let names = (prop::bool::weighted(0.8), prop::bool::weighted(0.9));
    (routes, names).prop_map(|((mut routes, odd, cut), (has_last, is_two))| {
        routes.extend(odd);
        let list = |routes: &[&str]| {
            let lines = routes
                .iter()
                .fold(String::new(), |lines, route| lines + "  - " + route + "\n");
            if lines.is_empty() {
                String::new()
            } else {
                format!("routes:\n{lines}")
            }
        };
        let (first, second) = routes.split_at(cut.min(routes.len()));
        let upstreams = if has_last { "012" } else { "01" };
        let upstreams = upstreams
            .chars()
            .map(|one| format!("  - {{name: u{one}, endpoints: [{{address: 'a:{one}'}}]}}\n"));
        let listeners =
            (0..=u8::from(is_two)).map(|one| format!("  - {{name: l{one}, address: '127.0.0.{one}:1'}}\n"));
        let (upstreams, listeners): (String, String) = (upstreams.collect(), listeners.collect());
        let padding = "# so that it is worth the while\n".repeat(10);
        let main = format!(
            "{padding}include: more.yaml\nlisteners:\n{listeners}upstreams:\n{upstreams}{}",
            list(first)
        );
        [main, format!("{padding}workers: 1\n{}", list(second))]
    })
}

/// All of a route that matters to a request.
fn shown(route: &Route) -> String {
    let task = match &route.task {
        Task::Forward(upstream) => format!("{:?}", upstream.now().definition),
        other => format!("{other:?}"),
    };
    let Route {
        definition,
        task: _,
        entry,
        request_headers,
        response_headers,
    } = route;
    // How often a limit changed is no part of it.
    let entry = format!("{entry:?}");
    let entry: String = entry
        .split("version: Version(")
        .map(|piece| piece.trim_start_matches(|one: char| one.is_ascii_digit()))
        .collect();
    format!("{definition:?} {task} {entry} {request_headers:?} {response_headers:?}")
}

fn candidate(text: &str) -> Candidate {
    Candidate::new(Path::new("law.yaml"), text.as_bytes().to_vec())
}

proptest! {
    #[test]
    fn a_plan_to_itself_is_empty(text in config()) {
        let model = model(&text);
        prop_assert!(Plan::between(&model, &model).is_empty());
        prop_assert_eq!(Plan::between(&model, &model).apply(&model), model);
    }

    #[test]
    fn a_plan_leads_to_its_goal(a in config(), b in config()) {
        let (a, b) = (model(&a), model(&b));
        let plan = Plan::between(&a, &b);
        prop_assert_eq!(plan.is_empty(), a == b);
        prop_assert_eq!(plan.apply(&a), b);
    }

    /// What is known of the files before changes neither what a file means nor what is said of it.
    #[test]
    fn what_is_known_is_read_as_if_it_were_not(steps in prop::collection::vec(files(), 1..8)) {
        let (mut memory, no_files) = (Memory::default(), BTreeMap::new());
        for step in steps {
            let [main, member] = [("main", &step[0]), ("more", &step[1])]
                .map(|(name, text)| Text::new(name, Format::Yaml, text.as_bytes()).expect("text"));
            let bundle = Bundle { main, members: Some(vec![member]), files: &no_files };
            let read = |mut memory: Option<&mut Memory>| {
                gather(&bundle, &|_| None, memory.as_deref_mut()).and_then(|gathered| gathered.validate_by(memory))
            };
            prop_assert_eq!(references(main, &mut memory), references(main, &mut Memory::default()));
            prop_assert_eq!(read(Some(&mut memory)), read(None), "{} {}", main.content, member.content);
        }
    }

    /// What is shared with the snapshot before answers as if it were made anew.
    #[test]
    fn a_snapshot_that_shares_is_one_that_does_not(steps in prop::collection::vec(config(), 1..5)) {
        let (mut served, mut serving) = (Model::default(), Snapshot::default());
        for (number, step) in steps.iter().enumerate() {
            let next = model(step);
            let compiled = |from: &Model, previous: &Snapshot| {
                let plan = Plan::between(from, &next);
                let snapshot = compile(&plan.apply(from), &plan, number as u64 + 1, &Opened::default(), previous);
                snapshot.begin(previous);
                snapshot
            };
            let (shared, anew) = (compiled(&served, &serving), compiled(&Model::default(), &Snapshot::default()));
            for listener in next.listeners.values() {
                let tables = [&shared, &anew].map(|one| &one.open(&listener.address).expect("it is open").table);
                for (host, path) in ["any", "h.example"].into_iter().flat_map(|host| {
                    (0..6).map(move |path| (host, format!("/p{path}/x"))).chain([(host, "/last".to_owned())])
                }) {
                    let [found, expected] = tables.map(|table| table.find(host, &path));
                    prop_assert_eq!(found.map(|route| shown(route)), expected.map(|route| shown(route)));
                    if let Some(Task::Forward(upstream)) = found.map(|route| &route.task) {
                        prop_assert!(Arc::ptr_eq(upstream, &shared.upstreams[&upstream.now().definition.name]));
                    }
                }
            }
            (served, serving) = (next, shared);
        }
    }

    #[test]
    fn the_order_of_objects_means_nothing(text in config()) {
        let document: BTreeMap<String, serde_yaml::Value> = serde_yaml::from_str(&text).expect("YAML");
        let mut reversed = String::new();
        for (key, value) in document.into_iter().rev() {
            let value = match value {
                serde_yaml::Value::Sequence(items) => serde_yaml::Value::Sequence(items.into_iter().rev().collect()),
                other => other,
            };
            let entry = BTreeMap::from([(key, value)]);
            reversed += &serde_yaml::to_string(&entry).expect("YAML");
        }
        // The order of endpoints means something, and only lists at the top are turned round.
        prop_assert_eq!(model(&reversed), model(&text));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// No sequence of candidates ends in another state than the last valid one, and no revision is used twice.
    #[test]
    fn the_last_valid_candidate_serves(
        steps in prop::collection::vec((config(), prop::sample::select(vec!["", "", "nonsense: 1\n", "workers: [\n", "log: {level: 7}\n"])), 1..8)
    ) {
        let mut reloader = Reloader::new();
        let mut last = Model::default();
        let mut revision = 0;
        for (text, flaw) in steps {
            let outcome = reloader.reload(&candidate(&(text.clone() + flaw)));
            match outcome {
                Outcome::Applied { from, revision: next, .. } => {
                    prop_assert!(flaw.is_empty() && from == revision && next == revision + 1);
                    revision = next;
                    last = model(&text);
                }
                Outcome::Unchanged { .. } => prop_assert!(flaw.is_empty() && model(&text) == last),
                Outcome::Rejected { revision: still, .. } => prop_assert!(!flaw.is_empty() && still == revision),
            }
            prop_assert_eq!(reloader.model().as_ref(), &last);
            prop_assert_eq!(reloader.revision(), revision);
        }
        reloader.stop();
    }

    /// Whatever happened since, a rollback leads to what that revision said, and an unknown revision changes nothing.
    #[test]
    fn a_rollback_leads_to_the_model_of_its_revision(
        texts in prop::collection::vec(config(), 1..6), choice in any::<prop::sample::Index>()
    ) {
        let mut reloader = Reloader::new();
        for text in &texts {
            reloader.reload(&candidate(text));
        }
        let revisions = reloader.revisions();
        let to = choice.get(&revisions);
        let before = reloader.revision();
        let outcome = reloader.roll_back(to.number).expect("a revision that is kept");
        prop_assert_eq!(reloader.model(), &to.model);
        prop_assert_eq!(reloader.digest(), Some(to.digest));
        match outcome {
            Outcome::Applied { from, revision, .. } => prop_assert!(from == before && revision == before + 1),
            Outcome::Unchanged { revision, .. } => prop_assert_eq!(revision, before),
            Outcome::Rejected { rejection, .. } => prop_assert!(false, "{}", rejection),
        }
        prop_assert!(reloader.roll_back(0).is_none() && reloader.roll_back(before + 2).is_none());
        reloader.stop();
    }
}

/// More complaints than are recorded come first: that none was recorded of a route does not make it a good one.
#[test]
fn a_faulty_route_is_no_good_one_because_others_are_complained_about() {
    let text = |address: &str| {
        let listeners = (0..120).fold(String::new(), |lines, number| {
            format!("{lines}  - {{name: l{number}, address: '{address}:{number}'}}\n")
        });
        format!(
            "listeners:\n{listeners}routes:\n  - {{prefix: /a, respond: {{}}}}\n  - {{prefix: b, respond: {{}}}}\n"
        )
    };
    let (mut memory, no_files) = (Memory::default(), BTreeMap::new());
    for address in ["nowhere", "127.0.0.1"] {
        let text = text(address);
        let main = Text::new("main", Format::Yaml, text.as_bytes()).expect("text");
        let bundle = Bundle {
            main,
            members: None,
            files: &no_files,
        };
        let read = |mut memory: Option<&mut Memory>| {
            gather(&bundle, &|_| None, memory.as_deref_mut())
                .and_then(|gathered| gathered.validate_by(memory))
        };
        let outcome = read(Some(&mut memory));
        assert!(outcome.is_err(), "{address}");
        assert_eq!(outcome, read(None), "{address}");
    }
}
