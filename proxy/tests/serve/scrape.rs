//! What the alert rules and the dashboard ask for is what a scrape gives: each name, each label, each value of a label.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::admin::{at, free, request, with_admin, world};
use crate::authority::Authority;
use crate::servers::until;
use crate::support::{World, echo, generation, raw};

/// Of each metric, its labels with their values.
type Scrape = BTreeMap<String, BTreeMap<String, BTreeSet<String>>>;

/// Labels that whoever scrapes adds.
const OF_THE_SCRAPER: [&str; 2] = ["instance", "job"];

/// Labels that this program cannot know before; any value will do.
const OPEN: [&str; 2] = ["hash", "le"];

fn scraped(text: &str) -> Scrape {
    let mut scrape = Scrape::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let (series, _) = line.rsplit_once(' ').expect("a value");
        let (name, labels) = series.split_once('{').unwrap_or((series, ""));
        let metric = scrape.entry(name.to_owned()).or_default();
        for (label, value) in pairs(labels.trim_end_matches('}')) {
            metric.entry(label).or_default().insert(value);
        }
    }
    scrape
}

/// `a="b",c="d"` as pairs.
fn pairs(labels: &str) -> Vec<(String, String)> {
    let pairs = labels.split(',').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let (label, value) = pair.split_once('=').unwrap_or_else(|| panic!("not `=`: {pair}"));
            (label.trim().to_owned(), value.trim_matches('"').to_owned())
        })
        .collect()
}

/// What is wrong with an expression, if anything is.
fn complaint(expression: &str, scrape: &Scrape) -> Option<String> {
    let mut asked = BTreeSet::new();
    let mut rest = expression;
    while let Some(at) = rest.find("gateway_") {
        rest = &rest[at..];
        let end = rest
            .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        let Some(metric) = scrape.get(name) else {
            return Some(format!("there is no {name}"));
        };
        asked.extend(metric.keys().map(String::as_str));
        if let Some(labels) = after.strip_prefix('{') {
            for (label, value) in pairs(labels.split('}').next().unwrap_or_default()) {
                let values = metric.get(&label);
                let is_known =
                    values.is_some_and(|values| OPEN.contains(&label.as_str()) || values.contains(&value));
                if !is_known {
                    return Some(format!("{name} has no {label}={value}"));
                }
            }
        }
        rest = after;
    }
    if asked.is_empty() && !expression.contains("gateway_") {
        return Some("it asks for nothing of ours".to_owned());
    }
    asked.extend(OF_THE_SCRAPER);
    let grouped = expression.split("by (").skip(1);
    let mut grouped = grouped.flat_map(|rest| rest.split(')').next().unwrap_or_default().split(','));
    let unknown = grouped.find(|label| !asked.contains(label.trim()))?;
    Some(format!("there is no label {unknown}"))
}

/// The values of all members called `expr`.
fn expressions(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(entries) => {
            for (key, value) in entries {
                match value.as_str() {
                    Some(text) if key == "expr" => found.push(text.to_owned()),
                    _ => expressions(value, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| expressions(item, found)),
        _ => {}
    }
}

fn example(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(name);
    fs::read_to_string(path).expect("a file")
}

/// Adds a listener that has a certificate.
fn secured(world: &World, config: &str) {
    let pair = Authority::new().issue("a.example");
    fs::write(world.folder.path().join("pair.pem"), pair.certificate + &pair.key).expect("a file");
    let listener = "listeners: [{name: secure, address: '127.0.0.99:0', tls: {certificates: [{certificate: '${file:pair.pem}', key: '${file:pair.pem}'}]}}, ";
    let config = config.replacen("listeners: [", listener, 1);
    world.apply(&config);
}

#[test]
fn rules_and_dashboard_ask_for_what_a_scrape_gives() {
    let admin = free("127.0.0.94");
    let app = echo("a");
    let text = |stamp: &str| {
        let with_name = "endpoints: [{address: 'localhost:1', weight: 0}, ";
        with_admin(stamp, app, &at(admin)).replace("endpoints: [", with_name)
    };
    let world = World::start(&text("g1"));
    secured(&world, &text("g2"));
    let ask = || raw(admin, &request("GET", "/metrics", "", "")).body;
    until("an answer for the name", || {
        ask().contains("gateway_upstream_name_answer_age_seconds{")
    });
    let scrape = scraped(&ask());
    let rules: Value = serde_yaml::from_str(&example("alerts.yaml")).expect("YAML");
    let dashboard: Value = serde_json::from_str(&example("dashboard.json")).expect("JSON");
    let mut all = Vec::new();
    expressions(&rules, &mut all);
    expressions(&dashboard, &mut all);
    assert!(all.len() > 15, "{all:?}");
    for expression in &all {
        if let Some(complaint) = complaint(expression, &scrape) {
            panic!("{expression}: {complaint}");
        }
    }
    // Every metric is asked for somewhere, so that none is kept for nobody.
    for name in scrape.keys().filter(|name| name.starts_with("gateway_")) {
        let family = name.trim_end_matches("_sum").trim_end_matches("_count");
        assert!(
            all.iter().any(|expression| expression.contains(family)),
            "nobody asks for {name}"
        );
    }
    for (wrong, why) in [
        (
            "gateway_config_reloads_total > 0",
            "there is no gateway_config_reloads_total",
        ),
        (
            "gateway_config_reload_total{status=\"failure\"}",
            "gateway_config_reload_total has no status=failure",
        ),
        (
            "gateway_config_reload_total{state=\"error\"}",
            "gateway_config_reload_total has no state=error",
        ),
        ("sum by (kind) (gateway_config_hash)", "there is no label kind"),
        ("up == 0", "it asks for nothing of ours"),
    ] {
        assert_eq!(complaint(wrong, &scrape).as_deref(), Some(why));
    }
}

#[test]
fn a_scrape_has_the_form_that_is_accepted() {
    let (_world, _app, admin) = world("127.0.0.92");
    let ask = |accept: &str| raw(admin, &request("GET", "/metrics", accept, ""));
    let plain = ask("");
    assert!(
        plain
            .head
            .contains("content-type: text/plain; version=0.0.4; charset=utf-8"),
        "{plain:?}"
    );
    assert!(
        plain
            .body
            .contains("# TYPE gateway_config_reload_total counter\n")
    );
    let open = ask("Accept: application/openmetrics-text;version=1.0.0;q=0.5,text/plain;q=0.3\r\n");
    assert!(
        open.head
            .contains("content-type: application/openmetrics-text; version=1.0.0"),
        "{open:?}"
    );
    assert!(open.body.ends_with("# EOF\n"));
    let names = |text: &str| scraped(text).into_keys().collect::<Vec<_>>();
    assert_eq!(names(&plain.body), names(&open.body));
}

/// What `cargo xtask ci --step promtool` has the tool of Prometheus look at.
#[test]
fn a_scrape_after_changes_and_the_queries_of_the_dashboard_are_left_for_promtool() {
    let (world, app, admin) = world("127.0.0.93");
    for stamp in ["g2", "g3"] {
        world.apply(&with_admin(stamp, app, &at(admin)));
        assert_eq!(generation(&world), stamp);
    }
    let scrape = raw(admin, &request("GET", "/metrics", "", "")).body;
    assert!(
        scrape.contains("gateway_config_reload_total{status=\"success\"} 2\n"),
        "{scrape}"
    );
    let dashboard: Value = serde_json::from_str(&example("dashboard.json")).expect("JSON");
    let mut all = Vec::new();
    expressions(&dashboard, &mut all);
    let rules = all.iter().enumerate().map(|(number, expression)| {
        // What Grafana fills in.
        let expression = expression.replace("$__rate_interval", "5m");
        format!(
            "  - record: panel:{number}\n    expr: {}\n",
            Value::String(expression)
        )
    });
    let rules = format!(
        "groups:\n- name: dashboard\n  rules:\n{}",
        rules.collect::<String>()
    );
    let folder = std::env::var_os("FOR_PROMTOOL").unwrap_or_else(|| env!("CARGO_TARGET_TMPDIR").into());
    let folder = Path::new(&folder);
    fs::write(folder.join("scrape.prom"), scrape).expect("a file");
    fs::write(folder.join("dashboard.rules.yaml"), rules).expect("a file");
}
