//! How a file comes to be served, whichever way it was written.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::symlink;
use std::time::Duration;

use crate::support::{World, config, echo, generation};

#[test]
fn a_renamed_file_serves() {
    let (a, b) = (echo("a"), echo("b"));
    let world = World::start(&config("g1", a));
    assert!(world.get("/").body.starts_with("a\n"));
    for stamp in ["g2", "g3", "g4"] {
        world.apply(&config(stamp, b));
        let answer = world.get("/");
        assert_eq!(answer.field("x-generation"), Some(stamp));
        assert!(
            answer.body.starts_with("b\n") && answer.body.contains(&format!("authorization: Bearer {stamp}"))
        );
    }
}

#[test]
fn a_file_written_in_place_serves() {
    let a = echo("a");
    let world = World::start(&config("g1", a));
    for stamp in ["g2", "g3", "g4"] {
        fs::write(&world.config, config(stamp, a)).expect("a write");
        world.applied();
        assert_eq!(generation(&world), stamp);
    }
}

#[test]
fn a_removed_file_changes_nothing_and_a_new_one_serves() {
    let a = echo("a");
    let world = World::start(&config("g1", a));
    for stamp in ["g2", "g3", "g4"] {
        fs::remove_file(&world.config).expect("a removal");
        assert!(world.get("/").field("x-generation").is_some());
        fs::write(&world.config, config(stamp, a)).expect("a write");
        world.applied();
        assert_eq!(generation(&world), stamp);
    }
}

#[test]
fn a_swapped_link_serves() {
    let a = echo("a");
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    let version = |stamp: &str| {
        fs::create_dir(at(stamp)).expect("a folder");
        fs::write(at(stamp).join("proxy.yaml"), config(stamp, a)).expect("a file");
    };
    version("g1");
    symlink("g1", at("..data")).expect("a link");
    symlink("..data/proxy.yaml", at("proxy.yaml")).expect("a link");
    let path = at("proxy.yaml");
    let world = World::start_at(tempfile::tempdir().expect("a folder"), path);
    for (old, stamp) in [("g1", "g2"), ("g2", "g3"), ("g3", "g4")] {
        version(stamp);
        symlink(stamp, at("..new")).expect("a link");
        fs::rename(at("..new"), at("..data")).expect("a rename");
        fs::remove_dir_all(at(old)).expect("a removal");
        world.applied();
        assert_eq!(generation(&world), stamp);
    }
}

#[test]
fn a_replaced_folder_serves() {
    let a = echo("a");
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    fs::create_dir(at("conf")).expect("a folder");
    fs::write(at("conf/proxy.yaml"), config("g1", a)).expect("a file");
    let path = at("conf/proxy.yaml");
    let world = World::start_at(tempfile::tempdir().expect("a folder"), path);
    for stamp in ["g2", "g3", "g4"] {
        fs::create_dir(at("fresh")).expect("a folder");
        fs::write(at("fresh/proxy.yaml"), config(stamp, a)).expect("a file");
        fs::rename(at("conf"), at(&format!("before-{stamp}"))).expect("a rename");
        fs::rename(at("fresh"), at("conf")).expect("a rename");
        world.applied();
        assert_eq!(generation(&world), stamp);
    }
}

#[test]
fn what_a_writer_has_not_finished_is_never_read() {
    let a = echo("a");
    let world = World::start(&config("g1", a));
    // Each half is valid for itself.
    let mut file = File::create(&world.config).expect("a file");
    file.write_all(b"listeners: [{name: web, address: '127.0.0.1:0'}]\n")
        .expect("a write");
    file.flush().expect("a flush");
    assert!(
        world.outcomes.recv_timeout(Duration::from_millis(1700)).is_err(),
        "a half-written file was looked at"
    );
    assert_eq!(generation(&world), "g1");
    let rest = config("g2", a);
    file.write_all(rest.split_once('\n').expect("lines").1.as_bytes())
        .expect("a write");
    drop(file);
    world.applied();
    assert_eq!(generation(&world), "g2");
}

#[test]
fn a_file_that_is_created_anew_is_not_read_before_it_is_whole() {
    let a = echo("a");
    let world = World::start(&config("g0", a));
    for number in 1..=20 {
        fs::remove_file(&world.config).expect("a removal");
        let mut file = File::create(&world.config).expect("a file");
        // Each half is valid for itself; whoever reads the first alone has another outcome to tell.
        file.write_all(b"listeners: [{name: web, address: '127.0.0.1:0'}]\n")
            .expect("a write");
        let stamp = format!("g{number}");
        file.write_all(config(&stamp, a).split_once('\n').expect("lines").1.as_bytes())
            .expect("a write");
        drop(file);
        world.applied();
        assert_eq!(generation(&world), stamp);
    }
    assert!(world.outcomes.try_recv().is_err());
}

#[test]
fn a_burst_ends_on_the_last() {
    let a = echo("a");
    let world = World::start(&config("g0", a));
    for number in 1..=50 {
        world.rename_over(&config(&format!("g{number}"), a));
    }
    while generation(&world) != "g50" {
        world.applied();
    }
}
