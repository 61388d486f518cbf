//! Target folders through the library: the known ones, what templates are told, how variants merge, and damaged ones.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use reloadspec::target::{
    Locate, LogSource, ORIGINS, OriginAddress, Place, Reach, Target, TargetError, Trigger, known,
};
use reloadspec::vocabulary::{Capability, Flaw, Generation, Scene, TriggerKind, TriggerTrait};
use tempfile::TempDir;

const TARGET: &str = r#"name = "own"
summary = "a target of my own"
url = "https://example.org"

[binary]
name = "no-such-proxy-anywhere"
version_args = ["--version"]
version_pattern = 'own/(\S+)'

[[file]]
template = "config.j2"
path = "main.conf"
role = "config"

[[file]]
template = "fixed.j2"
path = "fixed/origins.conf"
role = "fixed"

[start]
args = ["--config", "{{ config }}", "--origins", "{{ fixed('fixed/origins.conf') }}"]
env = { OWN_ADMIN = "{{ admin.host }}:{{ admin.port }}" }

[trigger]
kind = "watch"

[delivery]
patterns = ["rename_over"]

[log]
sources = ["stderr", "file:logs/own.log"]
"#;

const CONFIG: &str = "{{ dir }} {{ generation }} {{ stamp }} {{ credential }} {{ listen.host }}:{{ listen.port }} \
     {{ origin.name }} {{ origin.host }}:{{ origin.port }}{% if flaw %} {{ flaw }}{% endif %}\n";

const FIXED: &str =
    "{% for origin in origins %}{{ origin.name }}={{ origin.host }}:{{ origin.port }}\n{% endfor %}";

/// A folder of this `target.toml`, and its path.
fn folder(target: impl AsRef<[u8]>, config: impl AsRef<[u8]>) -> (TempDir, String) {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("target.toml"), target).unwrap();
    fs::write(dir.path().join("config.j2"), config).unwrap();
    fs::write(dir.path().join("fixed.j2"), FIXED).unwrap();
    let path = dir.path().display().to_string();
    (dir, path)
}

/// The only target of a folder with these lines on top of it.
fn own(more: &str) -> Target {
    let (_dir, path) = folder(format!("{TARGET}{more}"), CONFIG);
    let mut targets = Target::load(&path, &Locate::default()).unwrap();
    assert_eq!(targets.len(), 1);
    targets.remove(0)
}

fn place() -> Place {
    let address = |port| SocketAddr::from(([127, 1, 2, 3], port));
    let origins = (0..ORIGINS).zip(7000..).map(|(index, port)| OriginAddress {
        name: format!("o{index}"),
        address: address(port),
    });
    Place {
        dir: "/run/dir".into(),
        config: "/run/dir/conf/main.conf".into(),
        candidate: "/run/dir/candidate/main.conf".into(),
        listen: address(8080),
        admin: address(9901),
        second: address(20_000),
        third: address(20_001),
        socket: "/run/dir/traffic.sock".into(),
        origins: origins.collect(),
    }
}

fn scene(generation: u32, flaw: Option<Flaw>) -> Scene {
    Scene {
        flaw,
        ..Scene::of(Generation(generation))
    }
}

fn config(target: &Target, generation: u32, flaw: Option<Flaw>) -> String {
    let rendered = target.render(&scene(generation, flaw), &place()).unwrap();
    String::from_utf8(rendered.config).unwrap()
}

#[test]
fn every_known_target_bears_all_markers_in_every_generation() {
    for name in known() {
        for target in Target::load(&name, &Locate::default()).unwrap() {
            for generation in [1, 2, 7] {
                let text = config(&target, generation, None);
                let generation = Generation(generation);
                let markers = [generation.to_string(), generation.credential()];
                let missing = markers.iter().find(|marker| !text.contains(*marker));
                assert_eq!(missing, None, "{}:\n{text}", target.facts().title());
                // The origin by its address, or by a name under which the address stands in another file.
                let port = (7000 + generation.origin_index(ORIGINS)).to_string();
                let name = generation.origin_name(ORIGINS);
                assert!(
                    text.contains(&port) || text.contains(&name),
                    "{}:\n{text}",
                    target.facts().title()
                );
            }
            assert!(!target.summary().is_empty() && target.url().starts_with("https://"));
        }
    }
}

#[test]
fn the_folder_of_the_faulty_proxy_loads_with_a_variant_for_each_fault() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/targets/faulty");
    let targets = Target::load(folder, &Locate::default()).unwrap();
    let faults = reloadspec_fixtures::faulty::Fault::all().len();
    assert_eq!(targets.len(), faults + 1, "each fault, and none");
    for target in &targets {
        target.start(&place()).unwrap();
        assert!(
            config(target, 1, None).contains("g1"),
            "{}",
            target.facts().title()
        );
    }
}

#[test]
fn a_template_is_told_all_of_the_scene_and_the_place() {
    let target = own("");
    assert_eq!(
        config(&target, 6, None),
        "/run/dir 6 g6 Bearer key-g6 127.1.2.3:8080 o2 127.1.2.3:7002\n"
    );
    let rendered = target.render(&scene(1, None), &place()).unwrap();
    let origins = "o0=127.1.2.3:7000\no1=127.1.2.3:7001\no2=127.1.2.3:7002\no3=127.1.2.3:7003\n";
    assert_eq!(
        rendered.fixed,
        [(PathBuf::from("fixed/origins.conf"), origins.into())]
    );
    let line = target.start(&place()).unwrap();
    let args = [
        "--config",
        "/run/dir/conf/main.conf",
        "--origins",
        "/run/dir/fixed/origins.conf",
    ];
    assert_eq!(line.args, args);
    assert_eq!(line.env, [("OWN_ADMIN".to_owned(), "127.1.2.3:9901".to_owned())]);
    assert_eq!(target.config_file(), Path::new("main.conf"));
    assert_eq!(
        target.log_sources(),
        [LogSource::Stderr, LogSource::File("logs/own.log".into())]
    );
}

#[test]
fn the_suite_makes_some_bad_files_itself() {
    let target = own("[flaws]\ntemplated = [\"bad_address\"]\n");
    assert_eq!(
        target.facts().flaws,
        [
            Flaw::BadAddress,
            Flaw::Empty,
            Flaw::Truncated,
            Flaw::Huge,
            Flaw::Nul,
            Flaw::NotUtf8
        ]
    );
    let good = config(&target, 3, None);
    assert_eq!(config(&target, 3, Some(Flaw::Empty)), "");
    assert_eq!(
        config(&target, 3, Some(Flaw::Truncated)),
        good[..good.len() * 2 / 3]
    );
    assert_eq!(config(&target, 3, Some(Flaw::Nul)), format!("{good}\n\0 \0\n"));
    let huge = config(&target, 3, Some(Flaw::Huge));
    assert!(huge.len() > 100 << 20 && huge.ends_with(&good[..good.len() * 2 / 3]));
    assert_eq!(
        config(&target, 3, Some(Flaw::BadAddress)),
        good.replace('\n', " bad_address\n")
    );
}

#[test]
fn a_variant_merges_tables_and_replaces_everything_else() {
    let target = own(concat!(
        "[variant.told]\nsummary = \"told\"\ndelivery = { patterns = [\"in_place\"] }\n",
        "timing = { drain_bound_ms = 5 }\nstart = { args = [\"{{ config }}\"] }\n",
        "trigger = { kind = \"command\", args = [\"reload\", \"{{ config }}\"], acknowledges = true }\n",
    ));
    assert_eq!(target.facts().title(), "own:told");
    assert_eq!(target.summary(), "told");
    let line = target.start(&place()).unwrap();
    assert_eq!(line.args, ["/run/dir/conf/main.conf"]);
    assert_eq!(line.env.len(), 1);
    let facts = target.facts();
    assert_eq!((facts.drain_bound_ms, facts.stop_within_ms), (5, 10_000));
    assert_eq!(facts.trigger, TriggerKind::Command);
    assert!(facts.has(Capability::Ack));
    let args = vec!["reload".to_owned(), "/run/dir/conf/main.conf".to_owned()];
    assert_eq!(
        target.trigger(&place()).unwrap(),
        Trigger::Command { program: None, args }
    );
}

#[test]
fn each_of_several_triggers_is_of_its_own_kind_and_sends_no_content() {
    let also = |trigger: &str| {
        let (_dir, path) = folder(format!("{TARGET}[[also]]\ntrigger = {{ {trigger} }}\n"), CONFIG);
        Target::load(&path, &Locate::default()).map(|targets| targets[0].facts().also.len())
    };
    let url = "kind = \"http\", url = \"http://{{ admin.host }}:{{ admin.port }}/reload\"";
    assert_eq!(also(url).unwrap(), 1);
    for (trigger, why) in [
        (format!("{url}, body = \"config\""), "sends the content"),
        ("kind = \"watch\"".to_owned(), "told by a watch"),
    ] {
        let error = also(&trigger).unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
    }
}

#[test]
fn a_line_to_a_socket_is_a_trigger() {
    let told_by = |trigger: &str| {
        let text = TARGET.replace("kind = \"watch\"", trigger);
        let (_dir, path) = folder(text, CONFIG);
        Target::load(&path, &Locate::default()).map(|mut targets| targets.remove(0))
    };
    let socket = "kind = \"socket\"\naddress = \"{{ dir }}/own.sock\"\n";
    let trait_of = |target: &Target| target.facts().triggers(TriggerTrait::Answers);
    let silent = told_by(&format!("{socket}line = \"reload {{{{ generation }}}}\"\n")).unwrap();
    assert_eq!(silent.facts().trigger, TriggerKind::Socket);
    assert_eq!(trait_of(&silent), []);
    let trigger = Trigger::Socket {
        at: Reach::Unix("/run/dir/own.sock".into()),
        line: "reload 1".into(),
        answered: None,
        probe: None,
    };
    assert_eq!(silent.trigger(&place()).unwrap(), trigger);
    let answers = format!("{socket}line = \"reload\"\nanswered = '^done$'\nacknowledges = true\n");
    let answers = told_by(&answers).unwrap();
    assert_eq!(trait_of(&answers), [TriggerKind::Socket]);
    assert!(answers.facts().has(Capability::Ack));
}

#[test]
fn what_the_log_names_as_changed_is_a_pattern_for_each_object() {
    let routed = CONFIG.replace(
        '\n',
        "{% for route in routes %} {{ route.prefix }}{% endfor %}{% if second %} {{ second.port }}{% endif %}\n",
    );
    let names = |capabilities: &str, changed: &str| {
        let target = format!("capabilities = [{capabilities}]\n{TARGET}[log.changed]\n{changed}\n");
        let (_dir, path) = folder(target, &routed);
        Target::load(&path, &Locate::default()).map(|targets| targets[0].facts().clone())
    };
    let facts = names(
        r#""routes""#,
        "route = 'now {{ route.name }} at {{ route.prefix }};'\ncredential = 'the key'",
    );
    let facts = facts.unwrap();
    assert!(facts.has(Capability::LogDiff));
    assert_eq!(facts.log.changed.routes, ["now r1 at /r1/;", "now r2 at /r2/;"]);
    for (capabilities, changed, why) in [
        ("", "credential = 'the key'", "neither route nor listener"),
        (
            "",
            "listener = 'second'",
            "\"listeners\" is none of the capabilities",
        ),
        (r#""routes""#, "route = 'a route'", "the same for every route"),
        (r#""routes""#, "route = '{{ route.origin.name }}'", "not defined"),
        (
            r#""routes""#,
            "route = '({{ route.name }}'",
            "log.changed.route: ",
        ),
        (r#""listeners""#, "listener = 'second|'", "matches an empty line"),
        (r#""log_diff""#, "listener = 'second'", "by a section of its own"),
    ] {
        let error = names(capabilities, changed).unwrap_err().to_string();
        assert!(error.contains(why), "{changed}: {error}");
    }
    assert!(!own("").facts().has(Capability::LogDiff));
}

#[test]
fn the_file_is_touched_for_a_renewal_where_the_target_says_so() {
    let by_tls = CONFIG.replace(
        '\n',
        "{% if tls %} {{ tls.port }} {{ tls.certificate }}{% endif %}\n",
    );
    for (line, is_touched) in [("", false), ("touch = true\n", true)] {
        let (_dir, path) = folder(format!("{TARGET}[tls]\n{line}"), &by_tls);
        let targets = Target::load(&path, &Locate::default()).unwrap();
        assert_eq!(targets[0].touched_for_renewal(), is_touched);
    }
}

#[test]
fn a_deviation_holds_for_its_variant_or_for_all() {
    let (dir, path) = folder(format!("{TARGET}[variant.a]\n[variant.b]\n"), CONFIG);
    let deviation = |check, variant| {
        format!("[[deviation]]\ncase = \"x\"\ncheck = \"{check}\"\nreason = \"known\"\n{variant}")
    };
    let deviations = deviation("never_torn", "") + &deviation("recovers", "variant = \"b\"\n");
    fs::write(dir.path().join("deviations.toml"), deviations).unwrap();
    let targets = Target::load(&path, &Locate::default()).unwrap();
    let count: Vec<usize> = targets.iter().map(|target| target.deviations().len()).collect();
    assert_eq!(count, [1, 2]);
    let [target] = &Target::load(&format!("{path}:b"), &Locate::default()).unwrap()[..] else {
        panic!("one variant was asked for");
    };
    assert_eq!(target.facts().title(), "own:b");
}

#[test]
fn the_version_is_what_the_binary_prints_on_either_stream() {
    let (dir, path) = folder(TARGET, CONFIG);
    let binary = dir.path().join("no-such-proxy-anywhere");
    for (script, version) in [
        ("echo own/1.2.3 of today", Some("1.2.3")),
        ("echo built well; echo own/4.5 >&2; exit 1", Some("4.5")),
        ("echo another/1.0", None),
        ("exec 1>&- 2>&-", None),
    ] {
        fs::write(&binary, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&binary, fs::Permissions::from_mode(0o755)).unwrap();
        let locate = Locate {
            binary: None,
            peers: Some(dir.path().to_path_buf()),
        };
        let target = &Target::load(&path, &locate).unwrap()[0];
        assert_eq!(target.facts().version.as_deref(), version, "{script}");
        assert_eq!(target.binary(), Some(binary.as_path()));
        assert_eq!(target.facts().binary_sha256.len(), 64);
    }
}

/// Puts other bytes in place of a part of a text.
fn damaged(text: &str, at: prop::sample::Index, length: usize, bytes: &[u8]) -> Vec<u8> {
    let at = at.index(text.len());
    let rest = &text.as_bytes()[(at + length).min(text.len())..];
    [&text.as_bytes()[..at], bytes, rest].concat()
}

/// A damaged folder is taken or refused, and in words: it ends no test, and no message leaves the folder unnamed.
fn taken_or_refused(path: &str) -> Result<(), TestCaseError> {
    match Target::load(path, &Locate::default()) {
        Ok(targets) => prop_assert!(!targets.is_empty()),
        Err(TargetError::Read { path: read, .. }) => prop_assert!(read.starts_with(path)),
        Err(error) => prop_assert!(error.to_string().starts_with(path), "{error}"),
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_damaged_target_is_taken_or_refused_in_words(
        at: prop::sample::Index,
        length in 0..12_usize,
        bytes in prop::collection::vec(any::<u8>(), 0..6),
    ) {
        let text = format!("{TARGET}[variant.a]\nsummary = \"\u{20ac}\"\n");
        let (_dir, path) = folder(damaged(&text, at, length, &bytes), CONFIG);
        taken_or_refused(&path)?;
    }

    #[test]
    fn a_damaged_template_is_taken_or_refused_in_words(
        at: prop::sample::Index,
        length in 0..12_usize,
        text in "[{}% a-z.()\"']{0,6}|\\PC{0,3}",
    ) {
        let (_dir, path) = folder(TARGET, damaged(CONFIG, at, length, text.as_bytes()));
        taken_or_refused(&path)?;
    }
}
