//! A configuration of several files while the proxy runs: each of them is watched, and only whole states are applied.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::Duration;

use reloadspec_proxy::reload::Outcome;
use tempfile::TempDir;

use crate::support::{World, rename_over};

const MAIN: &str = "include: conf.d/*.yaml\nlisteners: [{name: web, address: '127.0.0.1:0'}]\n";
const LISTENERS: &str = "listeners: [{name: web, address: '127.0.0.1:0'}]\n";

fn route(path: &str, body: &str) -> String {
    format!("routes: [{{path: {path}, respond: {{body: '{body}'}}}}]\n")
}

/// A proxy whose configuration includes `conf.d/a.yaml`.
fn start() -> World {
    let folder = tempfile::tempdir().expect("a folder");
    fs::create_dir(folder.path().join("conf.d")).expect("a folder");
    fs::write(folder.path().join("proxy.yaml"), MAIN).expect("a file");
    fs::write(folder.path().join("conf.d/a.yaml"), route("/a", "a1")).expect("a file");
    begin(folder)
}

fn begin(folder: TempDir) -> World {
    let path = folder.path().join("proxy.yaml");
    World::start_at(folder, path)
}

fn at(world: &World, name: &str) -> std::path::PathBuf {
    world.folder.path().join(name)
}

fn body(world: &World, path: &str) -> String {
    world.get(path).body
}

/// Nothing is to happen; longer than two polls and a grace.
fn nothing_happens(world: &World) {
    let outcome = world.outcomes.recv_timeout(Duration::from_millis(1300));
    assert!(outcome.is_err(), "{outcome:?}");
}

#[test]
fn a_part_that_is_changed_added_or_removed_serves() {
    let world = start();
    assert_eq!(body(&world, "/a"), "a1");
    rename_over(&at(&world, "conf.d/a.yaml"), &route("/a", "a2"));
    world.applied();
    assert_eq!(body(&world, "/a"), "a2");
    fs::write(at(&world, "conf.d/a.yaml"), route("/a", "a3")).expect("a write");
    world.applied();
    assert_eq!(body(&world, "/a"), "a3");
    fs::write(at(&world, "conf.d/b.yaml"), route("/b", "b1")).expect("a file");
    world.applied();
    assert_eq!(
        (body(&world, "/a"), body(&world, "/b")),
        ("a3".into(), "b1".into())
    );
    fs::remove_file(at(&world, "conf.d/b.yaml")).expect("a removal");
    world.applied();
    assert_eq!(world.get("/b").status(), 404);
    // A name that no pattern matches is nobody's business.
    fs::write(at(&world, "conf.d/.c.yaml"), "x: [").expect("a file");
    fs::write(at(&world, "conf.d/c.yaml~"), "x: [").expect("a file");
    nothing_happens(&world);
}

#[test]
fn parts_that_lie_elsewhere_are_followed_and_watched() {
    let folder = tempfile::tempdir().expect("a folder");
    let root = |name: &str| folder.path().join(name);
    for name in ["etc/conf.d", "elsewhere"] {
        fs::create_dir_all(root(name)).expect("a folder");
    }
    let main = format!("include: [../above.yaml, conf.d/*.yaml]\n{LISTENERS}");
    fs::write(root("etc/proxy.yaml"), main).expect("a file");
    fs::write(root("above.yaml"), route("/above", "1")).expect("a file");
    fs::write(root("elsewhere/linked.yaml"), route("/linked", "1")).expect("a file");
    symlink("../../elsewhere/linked.yaml", root("etc/conf.d/linked.yaml")).expect("a link");
    let path = root("etc/proxy.yaml");
    let world = World::start_at(folder, path);
    let both = |world: &World| (body(world, "/above"), body(world, "/linked"));
    assert_eq!(both(&world), ("1".into(), "1".into()));
    rename_over(&at(&world, "above.yaml"), &route("/above", "2"));
    world.applied();
    rename_over(&at(&world, "elsewhere/linked.yaml"), &route("/linked", "2"));
    world.applied();
    assert_eq!(both(&world), ("2".into(), "2".into()));
    // One that comes by such a link while it runs.
    fs::write(at(&world, "elsewhere/late.yaml"), route("/late", "1")).expect("a file");
    symlink(
        at(&world, "elsewhere/late.yaml"),
        at(&world, "etc/conf.d/late.yaml"),
    )
    .expect("a link");
    world.applied();
    assert_eq!(body(&world, "/late"), "1");
}

#[test]
fn a_part_that_somebody_writes_is_never_applied() {
    for name in ["conf.d/a.yaml", "conf.d/new.yaml"] {
        let world = start();
        let mut file = File::create(at(&world, name)).expect("a file");
        // Valid for itself.
        file.write_all(b"routes: []\n").expect("a write");
        file.flush().expect("a flush");
        nothing_happens(&world);
        assert_eq!(body(&world, "/a"), "a1");
        file.write_all(b"log: {level: debug}\n").expect("a write");
        drop(file);
        world.applied();
        assert!(world.outcomes.try_recv().is_err());
    }
}

#[test]
fn a_part_that_is_gone_for_a_moment_is_not_missed() {
    let world = start();
    for number in 2..8 {
        fs::remove_file(at(&world, "conf.d/a.yaml")).expect("a removal");
        let text = route("/a", &format!("a{number}"));
        fs::write(at(&world, "conf.d/a.yaml"), text).expect("a file");
        world.applied();
        assert_eq!(body(&world, "/a"), format!("a{number}"));
    }
}

#[test]
fn a_folder_that_is_made_anew_is_watched_again() {
    let world = start();
    for number in 2..5 {
        fs::remove_dir_all(at(&world, "conf.d")).expect("a removal");
        // Now the include names a folder that is not there, which changes nothing that serves.
        assert_eq!(body(&world, "/a"), format!("a{}", number - 1));
        fs::create_dir(at(&world, "next")).expect("a folder");
        fs::write(at(&world, "next/a.yaml"), route("/a", &format!("a{number}"))).expect("a file");
        fs::rename(at(&world, "next"), at(&world, "conf.d")).expect("a rename");
        world.applied();
        assert_eq!(body(&world, "/a"), format!("a{number}"));
    }
    fs::write(at(&world, "conf.d/a.yaml"), route("/a", "last")).expect("a write");
    world.applied();
    assert_eq!(body(&world, "/a"), "last");
}

fn version(folder: &Path, name: &str) {
    fs::create_dir(folder.join(name)).expect("a folder");
    for part in ["a", "b"] {
        fs::write(
            folder.join(name).join(format!("{part}.yaml")),
            route(&format!("/{part}"), name),
        )
        .expect("a file");
    }
}

#[test]
fn a_swapped_link_changes_all_parts_at_once() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("proxy.yaml"), MAIN).expect("a file");
    version(folder.path(), "v1");
    symlink("v1", folder.path().join("conf.d")).expect("a link");
    let world = begin(folder);
    for number in 2..6 {
        let name = format!("v{number}");
        version(world.folder.path(), &name);
        symlink(&name, at(&world, "next")).expect("a link");
        fs::rename(at(&world, "next"), at(&world, "conf.d")).expect("a swap");
        world.applied();
        assert_eq!((body(&world, "/a"), body(&world, "/b")), (name.clone(), name));
    }
    nothing_happens(&world);
}

#[test]
fn a_part_that_is_refused_is_named() {
    let world = start();
    rename_over(
        &at(&world, "conf.d/b.yaml"),
        "routes:\n  - {path: /a, respond: {}}\n",
    );
    let outcome = world.outcome();
    let Outcome::Rejected { rejection, .. } = &*outcome else {
        panic!("{outcome:?}")
    };
    let told = rejection.to_string();
    assert!(
        told.contains("conf.d/b.yaml:2:5: another route matches the same"),
        "{told}"
    );
    let details = rejection.details().expect("details");
    assert!(
        details.contains("the other: ") && details.contains("conf.d/a.yaml:1:10"),
        "{details}"
    );
    assert_eq!(body(&world, "/a"), "a1");
    fs::remove_file(at(&world, "conf.d/b.yaml")).expect("a removal");
    let outcome = world.outcome();
    assert!(matches!(*outcome, Outcome::Unchanged { .. }), "{outcome:?}");
}

#[test]
fn a_secret_of_its_own_file_is_watched() {
    let folder = tempfile::tempdir().expect("a folder");
    let main = "listeners: [{name: web, address: '127.0.0.1:0'}]\nroutes: [{respond: {}}]\n\
                response_headers: {set: {x-key: '${file:key}'}}\n";
    fs::write(folder.path().join("proxy.yaml"), main).expect("a file");
    fs::write(folder.path().join("key"), "one\n").expect("a file");
    let world = begin(folder);
    assert_eq!(world.get("/").field("x-key"), Some("one"));
    rename_over(&at(&world, "key"), "two\n");
    world.applied();
    assert_eq!(world.get("/").field("x-key"), Some("two"));
    let files = &world.proxy.status().files;
    assert!(files.iter().any(|file| file.ends_with("key")), "{files:?}");
}
