//! Target folders that break the contract: each is refused with the file, the place in it and what would be right.

use std::fs;

use crate::own::Own;

const KEYS_OF_LOG: &str =
    "`sources`, `applied`, `level`, `informational`, `rejected`, `missing`, `fatal`, `names_file`, `changed`";

const NAMES: &str = "dir, config, candidate, generation, stamp, credential, listen.{host,port}, admin.{host,port}, \
     origin.{name,host,port}, origins, second.{host,port}, socket.path, routes, \
     other_setting, drain.{ms,s}, flaw, fixed(name), members, member.{name,prefix,origin}, version, \
     tls.{host,port,certificate,key,further}, http2.{host,port}, rate.count, sessions.max, breaker.{failures,open_s}";

#[test]
fn a_sound_folder_is_taken() {
    Own::target().is_taken();
}

#[test]
fn an_unknown_key_is_refused_with_its_place_and_the_known_ones() {
    Own::target().but("applied = 'applied'", "aplied = 'applied'").is_refused(&format!(
        "./own/target.toml:27:1: unknown field `aplied`, expected one of {KEYS_OF_LOG}, in `aplied = 'applied'`"
    ));
}

#[test]
fn a_value_of_a_wrong_type_is_refused_with_its_line() {
    Own::target().but("3000", "\"soon\"").is_refused(
        "./own/target.toml:9:19: invalid type: string \"soon\", expected a whole number, \
         in `ready_within_ms = \"soon\"`",
    );
}

#[test]
fn a_key_that_stands_twice_is_refused_where_it_stands_again() {
    Own::target()
        .but("name = \"own\"", "name = \"own\"\nname = \"other\"")
        .is_refused("./own/target.toml:2:1: duplicate key, in `name = \"other\"`");
}

#[test]
fn a_missing_key_is_refused_with_its_table() {
    Own::target()
        .but("sources = [\"stderr\"]\n", "")
        .is_refused("./own/target.toml:25:1: missing field `sources`, in `[log]`");
}

#[test]
fn a_broken_value_is_refused_where_it_breaks() {
    Own::target()
        .but("kind = \"watch\"", "kind = \"watch")
        .is_refused("./own/target.toml:20:14: invalid basic string, expected `\"`, in `kind = \"watch`");
}

#[test]
fn an_empty_file_is_called_empty() {
    for blank in ["", " \n\t\n"] {
        Own::target()
            .with("own/target.toml", blank)
            .is_refused("./own/target.toml: it is empty; docs/add-a-target.md says what it has to hold");
    }
}

#[test]
fn a_file_that_is_no_text_is_called_that() {
    let own = Own::target().with("own/target.toml", b"name = \"\xff\xfe\"\n");
    own.is_refused("./own/target.toml: it is no text: byte 9 is not UTF-8");
    let own = Own::target().with("own/config.j2", b"\x80");
    own.is_refused("./own/config.j2: it is no text: byte 1 is not UTF-8");
}

#[test]
fn what_else_lies_in_the_folder_does_not_matter() {
    let own = Own::target().with("own/logo.png", b"\x89PNG\xff");
    fs::create_dir(own.path("own/notes")).expect("a folder");
    own.is_taken();
}

#[test]
fn a_folder_without_the_file_is_told_so() {
    let own = Own::target();
    fs::remove_file(own.path("own/target.toml")).expect("removed");
    own.is_refused("./own: there is no target.toml in this folder");
    let own = Own::target();
    fs::remove_file(own.path("own/config.j2")).expect("removed");
    own.is_refused("./own: there is no config.j2 in this folder");
}

#[test]
fn a_template_that_names_what_is_not_there_is_refused_with_its_line() {
    Own::target()
        .but_template("origin.port", "origin.prot")
        .is_refused(&format!(
            "./own: template config.j2:3 does not render: it uses a name that is not defined here \
             (`origin.prot`); defined are {NAMES}"
        ));
}

#[test]
fn a_template_that_does_not_parse_is_refused_with_its_line() {
    Own::target()
        .but_template("endif", "fi")
        .is_refused("./own: template config.j2:4 does not render: syntax error: unknown statement fi (`fi`)");
}

#[test]
fn an_argument_that_does_not_render_is_quoted() {
    Own::target()
        .but("{{ config }}", "{{ file }}")
        .is_refused(&format!(
            "./own: template \"{{{{ file }}}}\" in target.toml does not render: it uses a name that is not \
             defined here (`file`); defined are {NAMES}"
        ));
}

#[test]
fn a_file_that_says_nothing_of_its_generation_is_refused() {
    Own::target()
        .with("own/config.j2", "always the same\n")
        .is_refused("./own/target.toml: two generations render to the same file: it bears no marker");
    Own::target()
        .but_template("]", "")
        .is_refused("./own/target.toml: flaw syntax renders to the good file");
}

#[test]
fn a_path_out_of_the_runs_folder_is_refused() {
    for path in ["/etc/passwd", "../proxy.conf", "a/../../b", ".", ""] {
        Own::target()
            .but("path = \"proxy.conf\"", &format!("path = {path:?}"))
            .is_refused(&format!(
                "./own/target.toml: file: path {path:?} does not stay below the run's folder"
            ));
    }
    Own::target()
        .but("[\"stderr\"]", "[\"file:/var/log/syslog\"]")
        .is_refused(
            "./own/target.toml: log.sources: \"/var/log/syslog\" does not stay below the run's folder",
        );
}

#[test]
fn a_name_that_is_none_is_refused() {
    for name in ["", "..", "a/b", "a b", "a:b"] {
        Own::target()
            .but("name = \"own\"", &format!("name = {name:?}"))
            .is_refused(&format!(
                "./own/target.toml: name: {name:?} is no name; one has letters, digits, `-`, `_` and `.`"
            ));
    }
}

#[test]
fn what_a_trigger_lacks_is_named() {
    for (kind, lacks) in [("signal", "signal"), ("command", "args"), ("http", "url")] {
        Own::target()
            .but("kind = \"watch\"", &format!("kind = {kind:?}"))
            .is_refused(&format!(
                "./own/target.toml: trigger: kind {kind:?} needs `{lacks}`"
            ));
    }
    Own::target()
        .but("kind = \"watch\"", "kind = \"signal\"\nsignal = \"HUP\"")
        .is_refused("./own/target.toml: there is no signal \"HUP\"; SIGHUP is one");
}

#[test]
fn a_line_to_a_socket_is_one_line_to_one_place_with_a_known_answer() {
    let refused = |lines: &str, message: &str| {
        Own::target()
            .but("kind = \"watch\"", &format!("kind = \"socket\"\n{lines}"))
            .is_refused(&format!("./own/target.toml: {message}"));
    };
    let at = "address = \"{{ dir }}/own.sock\"\n";
    refused("line = \"reload\"", "trigger: kind \"socket\" needs `address`");
    refused(at, "trigger: kind \"socket\" needs `line`");
    refused(
        &format!("{at}line = \"reload\\nquit\""),
        "trigger.line: \"reload\\nquit\" is not one line; the newline at its end is sent besides",
    );
    refused(
        "address = \"run/own.sock\"\nline = \"reload\"",
        "trigger.address: \"run/own.sock\" is neither IP:PORT nor the absolute path of a socket",
    );
    refused(
        &format!("{at}line = \"reload\"\nanswered = '.*'"),
        "trigger.answered: `.*` matches an empty answer, so that no answer would be a yes",
    );
    refused(
        &format!("{at}line = \"reload\"\nacknowledges = true"),
        "trigger.acknowledges: without `answered`, nobody knows which answer to the line is a yes",
    );
}

#[test]
fn patterns_of_the_log_have_to_be_what_they_are_used_as() {
    Own::target().but("'applied'", "'(applied'").is_refused(
        "./own/target.toml: log.applied: regex parse error:\n    (applied\n    ^\nerror: unclosed group",
    );
    Own::target().but(r"'^(\w+)'", r"'^\w+'").is_refused(
        r"./own/target.toml: log.level: `^\w+` has no group; its first group has to be the level word",
    );
}

#[test]
fn deviations_are_read_as_strictly() {
    let deviation = |lines: &str| {
        let text = format!(
            "[[deviation]]\ncase = \"{}\"\nreason = \"known\"\n{lines}",
            crate::own::CASE
        );
        Own::target().with("own/deviations.toml", text)
    };
    deviation("check = \"never_torn\"").is_taken();
    deviation("check = \"never_torn\"\nvariant = \"swift\"").is_refused(
        "./own/deviations.toml: the target has no variant \"swift\", so nothing of it can deviate",
    );
    let own = deviation("check = \"never_trn\"");
    let called = own.call(&["run", "./own"]).code(64);
    let said = String::from_utf8_lossy(&called.get_output().stderr).into_owned();
    let begins =
        "error: ./own/deviations.toml:4:9: unknown variant `never_trn`, expected one of `becomes_ready`, ";
    assert!(said.starts_with(begins), "{said}");
    assert!(said.ends_with(", in `check = \"never_trn\"`\n"), "{said}");
}

#[test]
fn variants_are_named_in_what_is_said_of_them() {
    let variant = |lines: &str| {
        let own = Own::target();
        let text = own.text("own/target.toml") + lines;
        own.with("own/target.toml", text)
    };
    variant("[variant.a]\n[variant.b]\nsummary = \"another\"\n").is_taken();
    variant("[variant.b]\ntiming = { apply_bound_ms = 5000 }\n").is_refused(
        "./own/target.toml [variant.b]: timing.apply_bound_ms is 5000; more than 2000 needs apply_bound_source",
    );
    variant("[variant.\"a/b\"]\n").is_refused(
        "./own/target.toml: \"a/b\" is no name of a variant; one has letters, digits, `-`, `_` and `.`",
    );
    let own = variant("[variant.a]\n[variant.b]\n");
    let called = own.call(&["run", "./own:c"]).code(64);
    called.stderr("error: target ./own has no variant \"c\"; it has a, b\n");
}

#[test]
fn an_order_to_go_back_names_a_version_and_something_says_which_one_serves() {
    let versions = |lines: &str| {
        let own = Own::target();
        let text = format!("{}\n[versions]\n{lines}\n", own.text("own/target.toml"));
        own.with("own/target.toml", text)
    };
    let order = "rollback = { url = \"http://{{ admin.host }}/to/{{ version }}\" }";
    versions(&format!("url = \"http://a\"\nactive = \"/v\"\n{order}")).is_taken();
    versions(&format!("active = \"/v\"\n{order}")).is_refused(
        "./own/target.toml: versions.url: there is no section [status] that says where else the version that serves is named",
    );
    versions(&format!("url = \"http://a\"\nactive = \"v\"\n{order}")).is_refused(
        "./own/target.toml: versions.active: `v` is no pointer, which begins with `/`, and has no group; its first group has to be what is read",
    );
    versions("url = \"http://a\"\nactive = \"/v\"\nrollback = { url = \"http://a\" }")
        .is_refused("./own/target.toml: versions.rollback: neither its url nor its body names {{ version }}");
}
