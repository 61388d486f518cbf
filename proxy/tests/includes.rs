//! Configurations of several files: what they come to, what they are refused for, and that complaints name the right file.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use reloadspec_proxy::model::Model;
use reloadspec_proxy::reload::{Candidate, Parcel};
use reloadspec_proxy::source::{ReadError, read_candidate};
use tempfile::TempDir;

const MAIN: &str = "include: conf.d/*.yaml\nlisteners: [{name: web, address: '127.0.0.1:0'}]\n";

fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    fs::create_dir(folder.path().join("conf.d")).expect("a folder");
    for (name, content) in files {
        fs::write(folder.path().join(name), content).expect("a file");
    }
    folder
}

fn candidate(folder: &Path) -> Result<Candidate, ReadError> {
    read_candidate(&folder.join("proxy.yaml"))
}

fn variables(name: &str) -> Option<String> {
    let known = BTreeMap::from([
        ("WORKERS", "3"),
        ("PORT", "8085"),
        ("TOKEN", "canary-0123456789"),
        ("BAD", "canary 0123456789"),
        ("EMPTY", ""),
    ]);
    known.get(name).map(|value| (*value).to_owned())
}

/// The model, or all complaints with the folder's name left out.
fn read(files: &[(&str, &str)]) -> Result<Model, String> {
    let folder = folder(files);
    let place = format!("{}/", folder.path().display());
    let candidate = candidate(folder.path()).map_err(|error| error.to_string().replace(&place, ""))?;
    let model = candidate
        .gather(&variables)
        .and_then(|gathered| gathered.validate());
    model.map_err(|diagnostics| diagnostics.to_string().replace(&place, ""))
}

fn names(model: &Model) -> Vec<String> {
    model.upstreams.keys().map(ToString::to_string).collect()
}

const A: &str =
    "upstreams: [{name: a, endpoints: [{address: 'a:1'}]}]\nroutes:\n  - {prefix: /a, upstream: a}\n";
const B: &str = "{\"upstreams\": [{\"name\": \"b\", \"endpoints\": [{\"address\": \"b:1\"}]}]}";

#[test]
fn lists_are_joined_and_settings_stand_in_any_file() {
    let model = read(&[
        ("proxy.yaml", "include: [conf.d/*.yaml, ./b.json]\nlisteners: [{name: web, address: '127.0.0.1:0'}]\nroutes: [{upstream: b}]\n"),
        ("conf.d/10-a.yaml", A),
        ("conf.d/20-log.yaml", "log: {level: debug}\n"),
        ("conf.d/.10-a.yaml.swp", "rubbish: ["),
        ("conf.d/notes.txt", "rubbish: ["),
        ("b.json", B),
    ])
    .unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(names(&model), ["a", "b"]);
    assert_eq!(model.routes.len(), 2);
    assert_eq!(format!("{:?}", model.settings.log.level), "Debug");
}

#[test]
fn what_is_wrong_with_a_part_is_told_with_its_place() {
    let mut shown = String::new();
    let duplicate = [
        (
            "proxy.yaml",
            "include: conf.d/*.yaml\nlisteners: [{name: web, address: '127.0.0.1:80'}]\nlog: {level: info}\n",
        ),
        ("conf.d/a.yaml", A),
        (
            "conf.d/b.yaml",
            "# twice\nupstreams:\n  - {name: c, endpoints: [{address: 'c:1'}]}\n  - {name: a, endpoints: [{address: 'a:2'}]}\n",
        ),
        (
            "conf.d/c.yaml",
            "routes:\n  - {prefix: /a/, upstream: a}\nlog: {level: debug}\n",
        ),
        (
            "conf.d/d.yaml",
            "listeners: [{name: other, address: '0.0.0.0:80'}]\n",
        ),
    ];
    for (what, files) in [
        ("names that occur twice", &duplicate[..]),
        (
            "a member that breaks off",
            &[
                ("proxy.yaml", MAIN),
                ("conf.d/a.yaml", "routes:\n  - {prefix: /a"),
                ("conf.d/b.yaml", "x: ["),
            ],
        ),
        (
            "an unknown key and a dangling reference",
            &[
                ("proxy.yaml", MAIN),
                ("conf.d/a.yaml", A),
                ("conf.d/b.yaml", "routes:\n  - {prefx: /b, upstream: b}\n"),
            ],
        ),
        (
            "an include in a member",
            &[("proxy.yaml", MAIN), ("conf.d/a.yaml", "include: b.yaml\n")],
        ),
        (
            "a list that is none",
            &[
                (
                    "proxy.yaml",
                    "include: conf.d/*\nlisteners: [{name: web, address: '127.0.0.1:0'}]\nroutes: []\n",
                ),
                ("conf.d/a.yaml", "routes: {}\n"),
                ("conf.d/b.yaml", "- x\n"),
            ],
        ),
        ("an empty member", &[("proxy.yaml", MAIN), ("conf.d/a.yaml", "")]),
        (
            "includes that are none",
            &[(
                "proxy.yaml",
                "include: [7, 'conf.d/**/x', '${PORT}']\nlisteners: [{name: web, address: '127.0.0.1:0'}]\n",
            )],
        ),
        (
            "a file that is missing",
            &[("proxy.yaml", "include: none.yaml\n")],
        ),
        (
            "a folder that is missing",
            &[(
                "proxy.yaml",
                "listeners: []\ninclude:\n  - conf.d/*\n  - none/*.yaml\n",
            )],
        ),
        (
            "a secret that is missing",
            &[(
                "proxy.yaml",
                "admin: {address: '127.0.0.1:0', token: '${file:none}'}\n",
            )],
        ),
        (
            "variables",
            &[
                (
                    "proxy.yaml",
                    "include: conf.d/*.yaml\nlisteners: [{name: web, address: '127.0.0.1:${NONE}'}]\nworkers: '${NO WORD}'\n",
                ),
                ("conf.d/a.yaml", "log: {level: '${UNSET}'}\n"),
            ],
        ),
        (
            "values that do not do",
            &[(
                "proxy.yaml",
                "listeners: [{name: '${BAD}', address: '${BAD}'}]\nworkers: ${EMPTY}\ndrain: {timeout: '${BAD}'}\nlimits: {header_count: '${PORT}', body_bytes: '${BAD}'}\nadmin: {address: '127.0.0.1:0', token: '${BAD}'}\nroutes: [{host: '${BAD}', upstream: '${TOKEN}'}]\n",
            )],
        ),
    ] {
        let error = read(files).expect_err(what);
        assert!(!error.contains("canary"), "{error}");
        writeln!(shown, "{what}\n\n{error}\n{:=<80}\n", "").expect("a string");
    }
    insta::assert_snapshot!(shown);
}

#[test]
fn references_stand_for_text_and_numbers() {
    let model = read(&[
        (
            "proxy.yaml",
            "listeners: [{name: web, address: '127.0.0.1:${PORT}'}]\nworkers: ${WORKERS}\nrevisions: {keep: \"${KEEP:-7}\"}\n\
             limits: {body_bytes: '${BYTES:-1MiB}', header_bytes: '${HEAD:-2048}'}\n\
             admin: {address: '127.0.0.1:0', token: '${file:conf.d/token}'}\n\
             routes: [{respond: {body: 'a literal $${PORT}'}}]\n\
             request_headers: {set: {authorization: 'Bearer ${TOKEN}'}}\n",
        ),
        ("conf.d/token", "canary-from-a-file\n"),
    ])
    .unwrap_or_else(|error| panic!("{error}"));
    let settings = &model.settings;
    assert_eq!((settings.workers, settings.revisions.keep), (3, 7));
    assert_eq!(
        (settings.limits.body_bytes, settings.limits.header_bytes),
        (Some(1 << 20), 2048)
    );
    let token = settings
        .admin
        .as_ref()
        .and_then(|admin| admin.token.as_ref())
        .expect("a token");
    assert_eq!(token.reveal(), "canary-from-a-file");
    let shown = format!("{model:?}");
    assert!(
        shown.contains("a literal ${PORT}") && shown.contains("127.0.0.1:8085"),
        "{shown}"
    );
    assert!(!shown.contains("canary"), "{shown}");
}

#[test]
fn a_parcel_says_the_same_as_the_files_with_the_variables_of_whoever_opens_it() {
    let folder = folder(&[
        (
            "proxy.yaml",
            "include: conf.d/*.yaml\nlisteners: [{name: web, address: '127.0.0.1:0'}]\nworkers: ${WORKERS}\nresponse_headers: {set: {x: '${WORKERS} $${PORT}', y: '${WORKERS}'}}\n",
        ),
        ("conf.d/a.yaml", A),
    ]);
    let candidate = candidate(folder.path()).expect("a candidate");
    let gathered = candidate.gather(&variables).expect("a document");
    let parcel = serde_json::to_vec(&Parcel::of(&candidate).expect("text")).expect("JSON");
    let parcel: Parcel = serde_json::from_slice(&parcel).expect("a parcel");
    let opened = parcel.into_candidate();
    let model = |variables: &dyn Fn(&str) -> Option<String>| {
        let gathered = opened.gather(variables).expect("a document");
        gathered.validate().expect("a model")
    };
    assert_eq!(model(&variables), gathered.validate().expect("a model"));
    let elsewhere =
        |name: &str| variables(name).map(|value| if name == "WORKERS" { "9".into() } else { value });
    assert_eq!(model(&elsewhere).settings.workers, 9);
}

#[test]
fn a_content_that_is_in_no_file_includes_none() {
    let body = Candidate::sent("(body)".into(), reloadspec_proxy::config::Format::Yaml, MAIN);
    let error = body
        .gather(&variables)
        .and_then(|gathered| gathered.validate())
        .expect_err("nobody looked")
        .to_string();
    assert!(error.contains("`include` was not followed"), "{error}");
    // Escapes hide from a search, not from the parser.
    let content = "{\"\\u0069nclude\": \"conf.d/*\", \"listeners\": [{\"name\": \"web\", \"address\": \"127.0.0.1:0\"}]}";
    let hidden = folder(&[("proxy.json", content)]);
    let candidate = read_candidate(&hidden.path().join("proxy.json")).expect("a candidate");
    let model = candidate
        .gather(&variables)
        .and_then(|gathered| gathered.validate());
    let error = model.expect_err("nobody looked").to_string();
    assert!(error.contains("`include` was not followed"), "{error}");
}

#[test]
fn a_digest_is_that_of_all_files() {
    let alone = folder(&[("proxy.yaml", "workers: 1\n")]);
    let bytes = fs::read(alone.path().join("proxy.yaml")).expect("a file");
    let digest = |folder: &TempDir| candidate(folder.path()).expect("a candidate").digest;
    assert_eq!(digest(&alone), reloadspec_proxy::reload::Digest::of(&bytes));
    let files = [
        ("proxy.yaml", "include: conf.d/*\nworkers: '${file:w}'\n"),
        ("conf.d/a", "log: {}\n"),
        ("w", "1"),
    ];
    let before = folder(&files);
    let mut digests = vec![digest(&before)];
    for (name, content) in [
        ("conf.d/a", "log: { }\n"),
        ("w", "2"),
        ("conf.d/b", "log: {}\n"),
        ("conf.d/b", "metrics: {}\n"),
    ] {
        fs::write(before.path().join(name), content).expect("a file");
        digests.push(digest(&before));
    }
    fs::rename(before.path().join("conf.d/b"), before.path().join("conf.d/c")).expect("a rename");
    digests.push(digest(&before));
    let count = digests.len();
    digests.sort_by_key(|digest| format!("{digest:?}"));
    digests.dedup();
    assert_eq!(digests.len(), count);
}

#[test]
fn an_include_that_matches_nothing_is_told_of() {
    let folder = folder(&[("proxy.yaml", MAIN)]);
    let candidate = candidate(folder.path()).expect("a candidate");
    let [note] = &candidate.notes[..] else {
        panic!("{:?}", candidate.notes)
    };
    assert!(
        note.ends_with("proxy.yaml:1:10: `conf.d/*.yaml` matches no file"),
        "{note}"
    );
    assert!(
        candidate
            .gather(&variables)
            .and_then(|gathered| gathered.validate())
            .is_ok()
    );
}

#[test]
fn links_are_followed_and_a_file_counts_once() {
    let folder = folder(&[
        (
            "proxy.yaml",
            "include: [conf.d/*.yaml, conf.d/a.yaml, proxy.yaml, conf.d/../conf.d/a.yaml]\nlisteners: [{name: web, address: '127.0.0.1:0'}]\n",
        ),
        ("elsewhere.yaml", A),
    ]);
    symlink("../elsewhere.yaml", folder.path().join("conf.d/a.yaml")).expect("a link");
    let candidate = candidate(folder.path()).expect("a candidate");
    // Once by the pattern, once by another path, which says the same twice and is refused for it.
    assert_eq!(candidate.members.as_ref().map(Vec::len), Some(2));
    let error = candidate
        .gather(&variables)
        .and_then(|gathered| gathered.validate())
        .expect_err("twice");
    assert!(
        error.to_string().contains("there is another upstream called `a`"),
        "{error}"
    );
}
