//! The commands that ask a running proxy.

use std::fs;
use std::process::Command;

use serde_json::Value;

use crate::process::{BINARY, run};
use crate::support::{World, config, echo, generation};

const TOKEN: &str = "canary-0123456789";

#[test]
fn an_operator_plans_looks_and_goes_back() {
    let app = echo("a");
    let folder = tempfile::tempdir().expect("a folder");
    let socket = folder.path().join("admin.sock");
    let address = format!("unix:{}", socket.display());
    let admin = format!("admin: {{address: '{address}', token: {TOKEN}}}\n");
    let world = World::start(&(config("g1", app) + &admin));
    let next = folder.path().join("next.yaml");
    fs::write(&next, config("g2", app) + &admin + "log: {level: warn}\n").expect("a file");
    let file = |path: &std::path::Path| path.to_str().expect("text").to_owned();
    let (next_file, config_file) = (file(&next), file(&world.config));

    let (code, shown) = run(&["plan", "--config", &next_file]);
    let expected = "~ route */\n~ log\n~ response_headers\n\
        \x20 routes       1 of 1 answer otherwise\n\
        \x20 connections  0 open, 0 kept\n\
        \x20 requests     0 running\n\
        revision 1 would change: routes ~1, log, response_headers\n";
    assert_eq!((code, shown.as_str()), (Some(0), expected));
    let (code, shown) = run(&["plan", "--config", &config_file]);
    assert_eq!(
        (code, shown.as_str()),
        (Some(0), "nothing would change in revision 1\n")
    );
    assert_eq!(generation(&world), "g1");

    world.apply(&fs::read_to_string(&next).expect("a file"));
    let (code, shown) = run(&[
        "rollback",
        "1",
        "--config",
        &config_file,
        "--if-match",
        "0123456789abcdef",
    ]);
    assert!(
        code == Some(1) && shown.contains("something else serves"),
        "{shown}"
    );
    let (code, shown) = run(&["rollback", "1", "--config", &config_file]);
    assert!(
        code == Some(0) && shown.starts_with("revision 3 serves what revision 1 said: "),
        "{shown}"
    );
    assert_eq!(generation(&world), "g1");
    let (code, shown) = run(&["status", "--config", &config_file]);
    assert!(
        code == Some(0) && shown.contains("differs from what serves"),
        "{shown}"
    );
    let (code, shown) = run(&["rollback", "9", "--config", &config_file]);
    assert!(code == Some(1) && shown.contains("kept are 1 to 3"), "{shown}");
    let (code, shown) = run(&["reload", "--config", &config_file, "--format", "json"]);
    let answer: Value = serde_json::from_str(&shown).expect("JSON");
    assert_eq!((code, answer["config_version"].as_u64()), (Some(0), Some(4)));
    assert_eq!(generation(&world), "g2");

    // Without the configuration, the token comes from the environment or from a file.
    let ask = |token: Option<&str>, arguments: &[&str]| {
        let mut command = Command::new(BINARY);
        command.args(["status", "--admin", &address]).args(arguments);
        command.env_remove("RELOADSPEC_PROXY_TOKEN");
        token.map(|token| command.env("RELOADSPEC_PROXY_TOKEN", token));
        let output = command.output().expect("the binary");
        let text = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8_lossy(&text).into_owned())
    };
    let (code, shown) = ask(None, &[]);
    assert!(code == Some(1) && shown.contains("a token is needed"), "{shown}");
    assert_eq!(ask(Some(TOKEN), &[]).0, Some(0));
    let token_file = folder.path().join("token");
    fs::write(&token_file, format!("{TOKEN}\n")).expect("a file");
    assert_eq!(ask(None, &["--token-file", &file(&token_file)]).0, Some(0));
    let (_, shown) = ask(Some("canary-and-wrong-0"), &[]);
    assert!(!shown.contains("canary"), "{shown}");
}

#[test]
fn a_reload_logs_the_plan_that_was_told_and_no_secret() {
    const NAMED: usize = 32;
    let (folder, path) = crate::process::file("");
    let admin = format!("unix:{}", folder.path().join("admin.sock").display());
    let content = |stamp: &str, routes: std::ops::Range<u32>| {
        let routes: Vec<String> = routes
            .map(|n| format!("{{prefix: /p{n}, respond: {{status: 200}}}}"))
            .collect();
        let routes = routes.join(", ");
        format!(
            "listeners: [{{name: web, address: '127.0.0.1:0'}}]\nadmin: {{address: '{admin}'}}\n\
             response_headers: {{set: {{x-generation: '{stamp}'}}}}\n\
             request_headers: {{set: {{authorization: 'Bearer key-{stamp}'}}}}\n\
             routes: [{routes}, {{prefix: /stays, respond: {{status: 200}}}}]\n"
        )
    };
    fs::write(&path, content("g1", 0..2)).expect("a file");
    let process = crate::process::Process::start(&path, &[]);
    for (stamp, routes) in [("g2", 1..2), ("g3", 10..50)] {
        let next = folder.path().join("next.yaml");
        fs::write(&next, content(stamp, routes)).expect("a file");
        let file = next.to_str().expect("text");
        let (code, told) = run(&["plan", "--config", file, "--admin", &admin]);
        assert_eq!(code, Some(0), "{told}");
        // What is different comes first, a sign before each; then what that touches, and the summary.
        let signed = told.lines().take_while(|line| line.starts_with(['+', '~', '-']));
        let steps: Vec<String> = signed.map(|line| line.replacen(' ', "", 1)).collect();
        fs::rename(&next, &path).expect("a change");
        let record = process.line("configuration applied");
        let more = match steps.len().saturating_sub(NAMED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let named = steps[..steps.len().min(NAMED)].join(", ");
        assert!(
            record.contains(&format!("plan=\"{named}{more}\"")),
            "{record}\n{steps:?}"
        );
        assert!(!record.contains("/stays") && !record.contains("key-"), "{record}");
    }
    process.signal("-TERM");
    assert_eq!(process.rest().0, Some(0));
}

#[test]
fn a_plan_takes_variables_from_the_proxy_if_the_shell_has_none() {
    let (folder, path) = crate::process::file("");
    let admin = format!("unix:{}", folder.path().join("admin.sock").display());
    let content = config("${RELOADSPEC_STAMP}", echo("a")) + &format!("admin: {{address: '{admin}'}}\n");
    fs::write(&path, &content).expect("a file");
    let process = crate::process::Process::start_with(&path, &[], &[("RELOADSPEC_STAMP", "g1")]);
    let next = folder.path().join("next.yaml");
    fs::write(&next, content + "workers: ${RELOADSPEC_NOWHERE}\n").expect("a file");
    let plan = |path: &std::path::Path| {
        run(&[
            "plan",
            "--config",
            path.to_str().expect("text"),
            "--admin",
            &admin,
        ])
    };
    let (same, unknown) = (plan(&path), plan(&next));
    process.signal("-TERM");
    assert_eq!(process.rest().0, Some(0));
    assert_eq!(same, (Some(0), "nothing would change in revision 1\n".to_owned()));
    // What the proxy lacks too is told by the proxy.
    let (code, said) = unknown;
    assert!(
        code == Some(1) && said.contains("RELOADSPEC_NOWHERE") && !said.contains("RELOADSPEC_STAMP"),
        "{said}"
    );
}

#[test]
fn a_plan_of_several_files_is_what_a_reload_would_make_of_them() {
    let (folder, path) = crate::process::file("");
    let admin = format!("unix:{}", folder.path().join("admin.sock").display());
    let main = format!(
        "include: conf.d/*.yaml\nlisteners: [{{name: web, address: '127.0.0.1:0'}}]\n\
         admin: {{address: '{admin}'}}\nresponse_headers: {{set: {{x-key: '${{file:key}}'}}}}\n"
    );
    let part =
        |route: &str| format!("routes: [{{path: {route}, respond: {{body: '${{RELOADSPEC_WORD}}'}}}}]\n");
    let at = |name: &str| folder.path().join(name);
    fs::create_dir(at("conf.d")).expect("a folder");
    fs::write(at("key"), "k\n").expect("a file");
    fs::write(&path, &main).expect("a file");
    fs::write(at("conf.d/a.yaml"), part("/a")).expect("a file");
    let process = crate::process::Process::start_with(&path, &["--no-watch"], &[("RELOADSPEC_WORD", "one")]);
    let plan = |path: &std::path::Path, word: Option<&str>| {
        let mut command = Command::new(BINARY);
        command.args(["plan", "--admin", &admin, "--config"]).arg(path);
        word.map(|word| command.env("RELOADSPEC_WORD", word));
        let output = command.output().expect("the binary");
        let text = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8_lossy(&text).into_owned())
    };
    // The proxy's variables count, whether the shell has none or others.
    for word in [None, Some("two")] {
        let same = (Some(0), "nothing would change in revision 1\n".to_owned());
        assert_eq!(plan(&path, word), same);
    }
    fs::write(at("conf.d/b.yaml"), part("/b")).expect("a file");
    let (code, shown) = plan(&path, None);
    assert!(code == Some(0) && shown.contains("+ route *=/b"), "{shown}");
    fs::write(
        at("conf.d/b.yaml"),
        "routes: [{path: /b, respond: {body: '${RELOADSPEC_NOWHERE}'}}]\n",
    )
    .expect("a file");
    let (code, shown) = plan(&path, None);
    assert!(
        code == Some(1) && shown.contains("conf.d/b.yaml:1:") && shown.contains("RELOADSPEC_NOWHERE"),
        "{shown}"
    );
    process.signal("-TERM");
    assert_eq!(process.rest().0, Some(0));
    // Without a proxy, what is known here is said.
    let (code, shown) = plan(&path, Some("one"));
    assert!(code == Some(1) && shown.contains("RELOADSPEC_NOWHERE"), "{shown}");
}

#[test]
fn what_cannot_be_asked_is_said_with_its_reason() {
    let folder = tempfile::tempdir().expect("a folder");
    let bad = folder.path().join("bad.yaml");
    fs::write(&bad, "workers: many\n").expect("a file");
    let (code, shown) = run(&["plan", "--config", bad.to_str().expect("text")]);
    assert!(code == Some(1) && shown.contains("bad.yaml:1:10"), "{shown}");
    let nobody = format!("unix:{}", folder.path().join("nobody").display());
    let (code, shown) = run(&["status", "--admin", &nobody]);
    assert!(code == Some(69) && shown.contains(&nobody), "{shown}");
    for arguments in [
        &["plan"][..],
        &["rollback"],
        &["rollback", "first"],
        &["status", "--admin", "nowhere"],
        &["status", "--check", "a"],
        &["--config", "a", "status"],
    ] {
        assert_eq!(run(arguments).0, Some(64), "{arguments:?}");
    }
}
