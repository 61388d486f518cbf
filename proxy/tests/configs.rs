//! Every file of `configs/valid` is accepted, every file of `configs/invalid` is refused, and what each of them comes to is written down
//! in `snapshots/`.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use reloadspec_proxy::config::{Diagnostics, Format, Text, parse, validate};
use reloadspec_proxy::model::{Model, Settings};

fn files(kind: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/configs")
        .join(kind);
    let entries = fs::read_dir(folder).expect("the folder of configurations");
    let mut files: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    files
}

fn read(path: &Path) -> Result<Model, Diagnostics> {
    let bytes = fs::read(path).expect("a configuration");
    let name = path.file_name().and_then(|name| name.to_str()).expect("a name");
    let text = Text::new(name, Format::of(path), &bytes)?;
    validate(&parse(text)?, text)
}

#[test]
fn valid_files_are_accepted() {
    let mut shown = String::new();
    for file in files("valid") {
        let mut model = read(&file).unwrap_or_else(|diagnostics| panic!("{diagnostics}"));
        // The default depends on the machine.
        if model.settings.workers == Settings::default().workers {
            model.settings.workers = 0;
        }
        writeln!(
            shown,
            "{}\n{model:#?}\n",
            file.file_name().expect("a name").display()
        )
        .expect("a string");
    }
    assert!(!shown.contains("canary"), "a secret is shown");
    insta::assert_snapshot!(shown);
}

#[test]
fn invalid_files_are_refused_with_every_reason() {
    let mut shown = String::new();
    for file in files("invalid") {
        let diagnostics = read(&file).expect_err("an invalid file");
        assert!(!diagnostics.to_string().contains("canary"), "{diagnostics}");
        let helped = diagnostics.all().iter().all(|one| one.help.is_some());
        assert!(helped, "without a hint:\n{diagnostics}");
        writeln!(shown, "{diagnostics}{:=<80}\n", "").expect("a string");
    }
    insta::assert_snapshot!(shown);
}

#[test]
fn the_language_makes_no_difference() {
    let models: Vec<Model> = ["same.yaml", "same.json", "same.toml"]
        .into_iter()
        .map(|name| {
            read(
                &Path::new(env!("CARGO_MANIFEST_DIR"))
                    .join("tests/configs/valid")
                    .join(name),
            )
        })
        .map(|model| model.expect("a valid file"))
        .collect();
    assert_eq!(models[0], models[1]);
    assert_eq!(models[0], models[2]);
}

#[test]
fn deep_nesting_is_refused_at_once() {
    for (name, text) in [
        ("flow", "[".repeat(100_000)),
        ("tables", "{a: ".repeat(100_000)),
        ("blocks", "- ".repeat(100_000)),
        (
            "balanced",
            format!("listeners: {}{}", "[".repeat(50_000), "]".repeat(50_000)),
        ),
    ] {
        let started = std::time::Instant::now();
        for format in [Format::Yaml, Format::Json, Format::Toml] {
            let text = Text::new(name, format, text.as_bytes()).expect("text");
            parse(text).expect_err("too deep");
        }
        assert!(
            started.elapsed().as_secs() < 20,
            "{name} took {:?}",
            started.elapsed()
        );
    }
}

#[test]
fn brackets_in_quotes_are_no_nesting() {
    let body = "[".repeat(1000);
    let text = format!(
        "listeners: [{{name: web, address: \"127.0.0.1:0\"}}]\nroutes: [{{respond: {{body: '{body}'}}}}]"
    );
    let text = Text::new("quoted", Format::Yaml, text.as_bytes()).expect("text");
    validate(&parse(text).expect("a document"), text).expect("a model");
}
