//! The catalogue as a document: `docs/cases.md` is what `list --format markdown` prints.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use reloadspec::vocabulary::{Area, Capability, Case, Check};

use super::explain::steps;

const HEAD: &str = "\
# The requirements of hot reload

Written by `cargo xtask codegen` from the catalogue, and not edited.

This document states what a proxy owes its users when its configuration changes while it runs. It can be cited: each case has a stable id, which is also the
anchor of its section, so that `cases.md#rename_over_is_applied` means the same next year. A case whose meaning changes gets another id.

Each case is of a profile. What is `core` is owed by every proxy that takes a new configuration while it runs; a run of `extended` has all of it, and what asks for
a further capability or takes long to find out.

MUST and SHOULD are to be read as in RFC 2119 and RFC 8174; OBSERVE asks for a figure and judges nothing. What is asked of a proxy is asked of it from outside:
nothing here presumes a language of configuration, a process model or a way to reload. The words are those of the [glossary](glossary.md); when a MUST counts as met, and when
nothing can be said, is in [verdicts](verdicts.md). Each case ends with where it comes from: issues in which its absence hurt somebody, or `documented` where
the documentation of proxies promises it.

";

/// Projects that are known by another name than the `owner/project` of their repository. A source may also name it in full.
const PROJECTS: [(&str, &str); 30] = [
    ("APISIX", "apache/apisix"),
    ("Kong", "Kong/kong"),
    ("Tyk", "TykTechnologies/tyk"),
    ("caddy", "caddyserver/caddy"),
    ("consul", "hashicorp/consul"),
    ("contour", "projectcontour/contour"),
    ("coredns", "coredns/coredns"),
    ("envoy", "envoyproxy/envoy"),
    ("exporter-toolkit", "prometheus/exporter-toolkit"),
    ("flagd", "open-feature/flagd"),
    ("fluent-bit", "fluent/fluent-bit"),
    ("fsnotify", "fsnotify/fsnotify"),
    ("haproxy", "haproxy/haproxy"),
    ("hookaido", "nuetzliches/hookaido"),
    ("ingress-nginx", "kubernetes/ingress-nginx"),
    ("kubernetes", "kubernetes/kubernetes"),
    ("linkerd2", "linkerd/linkerd2"),
    ("logstash", "elastic/logstash"),
    ("metallb", "metallb/metallb"),
    ("nginx", "nginx/nginx"),
    ("nginx-proxy-manager", "NginxProxyManager/nginx-proxy-manager"),
    ("nghttp2", "nghttp2/nghttp2"),
    ("notify", "notify-rs/notify"),
    ("prometheus", "prometheus/prometheus"),
    ("prometheus-operator", "prometheus-operator/prometheus-operator"),
    ("seastar", "scylladb/seastar"),
    ("sonic-utilities", "sonic-net/sonic-utilities"),
    ("traefik", "traefik/traefik"),
    ("vault", "hashicorp/vault"),
    ("vector", "vectordotdev/vector"),
];

/// The whole document.
pub(super) fn markdown(cases: &[Case]) -> String {
    let mut out = HEAD.to_owned();
    contents(&mut out, cases);
    in_every_case(&mut out);
    for (area, cases) in by_area(cases) {
        let _ = write!(out, "\n## Area {area}\n");
        for case in cases {
            section(&mut out, case);
        }
    }
    out
}

/// The areas in their order, each with its cases in the catalogue's.
pub(super) fn by_area(cases: &[Case]) -> BTreeMap<Area, Vec<&Case>> {
    let mut areas: BTreeMap<Area, Vec<&Case>> = BTreeMap::new();
    for case in cases {
        areas.entry(case.area).or_default().push(case);
    }
    areas
}

// Writing to a string cannot fail, here and below.
fn contents(out: &mut String, cases: &[Case]) {
    for (area, cases) in by_area(cases) {
        let _ = write!(out, "**{area}**\n\n");
        for case in cases {
            let _ = writeln!(out, "- [`{}`](#{}) {}", case.id, case.id, case.level);
        }
        out.push('\n');
    }
}

fn in_every_case(out: &mut String) {
    out.push_str("## In every case\n\nThese hold whatever else a case asks for, and are judged in each.\n\n");
    for check in Check::UNASKED {
        let _ = writeln!(out, "- `{check}` MUST: {}", check.requirement());
    }
}

fn section(out: &mut String, case: &Case) {
    let _ = write!(
        out,
        "\n### {}\n\n**{}** ({}): {}.\n\n{}\n\n",
        case.id, case.level, case.profile, case.requirement, case.rationale
    );
    if !case.needs.is_empty() {
        let names: Vec<&str> = case.needs.iter().copied().map(Capability::name).collect();
        let _ = write!(out, "Applies to targets with: {}.\n\n", names.join(", "));
    }
    out.push_str("| check | level | requirement |\n|---|---|---|\n");
    for spec in &case.checks {
        let _ = writeln!(out, "| `{}` | {} | {} |", spec.id, spec.level, spec.requirement);
    }
    let _ = write!(out, "\nSteps, within {} s:\n\n", case.budget_s);
    steps(out, &case.steps, 0);
    out.push_str("\nKnown to catch: ");
    let faults: Vec<String> = case
        .faults
        .iter()
        .map(|fault| format!("`{}` by `{}`", fault.name, fault.check))
        .collect();
    let _ = writeln!(out, "{}.", faults.join(", "));
    let sources: Vec<String> = case.provenance.iter().map(|source| linked(source)).collect();
    let _ = writeln!(out, "\nComes from: {}.", sources.join(", "));
}

/// A source as a link, where it names an issue of a project that is known.
fn linked(source: &str) -> String {
    let link = || {
        let (project, number) = source.split_once('#')?;
        let (name, kind) = match project.strip_suffix(" PR") {
            Some(name) => (name, "pull"),
            None => (project, "issues"),
        };
        let known = PROJECTS.iter().find(|(known, _)| *known == name);
        let repository = match known {
            Some((_, repository)) => (*repository).to_owned(),
            // `owner/project` says it itself.
            None if name.contains('/') => name.to_owned(),
            None => return None,
        };
        number
            .bytes()
            .all(|byte| byte.is_ascii_digit())
            .then(|| format!("[{source}](https://github.com/{repository}/{kind}/{number})"))
    };
    link().unwrap_or_else(|| source.to_owned())
}

#[cfg(test)]
mod tests {
    use reloadspec::catalogue;

    use super::*;

    #[test]
    fn every_issue_is_a_link_that_a_reader_can_follow() {
        for case in catalogue::all() {
            for source in case.provenance.iter().filter(|source| source.contains('#')) {
                assert!(
                    linked(source).starts_with('['),
                    "{}: where are the issues of {source}?",
                    case.id
                );
            }
        }
        assert_eq!(
            linked("traefik PR#6633"),
            "[traefik PR#6633](https://github.com/traefik/traefik/pull/6633)"
        );
        assert_eq!(linked("a/b#7"), "[a/b#7](https://github.com/a/b/issues/7)");
        assert_eq!(linked("documented: C#"), "documented: C#");
        assert_eq!(linked("documented"), "documented");
    }

    #[test]
    fn every_case_has_one_section_with_its_id_as_the_anchor() {
        let cases = catalogue::all();
        let text = markdown(&cases);
        for case in &cases {
            assert_eq!(text.matches(&format!("\n### {}\n", case.id)).count(), 1);
            assert_eq!(text.matches(&format!("](#{})", case.id)).count(), 1);
        }
    }

    #[test]
    fn an_area_stands_there_once() {
        let text = markdown(&catalogue::all());
        for area in catalogue::all().iter().map(|case| case.area) {
            assert_eq!(text.matches(&format!("\n## Area {area}\n")).count(), 1, "{area}");
        }
    }
}
