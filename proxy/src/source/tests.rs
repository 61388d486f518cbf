//! What a look at the file shows, event by event.

use std::os::unix::fs::symlink;

use notify::event::{ModifyKind, RemoveKind, RenameMode};
use notify::{Event, EventKind};

use super::*;

#[test]
fn the_end_of_the_old_file_after_a_swap_of_links_keeps_nobody_waiting() {
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path().canonicalize().expect("its path");
    for version in ["v1", "v2"] {
        std::fs::create_dir(root.join(version)).expect("a folder");
        std::fs::write(root.join(version).join("proxy.yaml"), version).expect("a file");
    }
    symlink("v1", root.join("current")).expect("a link");
    let (mut source, _) =
        Source::open(&root.join("current/proxy.yaml"), &mut Memory::default(), |_| {}).expect("a source");
    symlink("v2", root.join("next")).expect("a link");
    std::fs::rename(root.join("next"), root.join("current")).expect("a swap");
    std::fs::remove_dir_all(root.join("v1")).expect("a removal");
    // Both are told before anybody looks.
    let event = |kind, path: &str| Hint::from(Ok(Event::new(kind).add_path(root.join(path))));
    source.hint(&event(
        EventKind::Modify(ModifyKind::Name(RenameMode::To)),
        "current",
    ));
    source.hint(&event(EventKind::Remove(RemoveKind::File), "v1/proxy.yaml"));
    let Sight::New { candidate, in_place } = source.look(&mut Memory::default()) else {
        panic!("it was not looked at")
    };
    assert_eq!(&*candidate.bytes, b"v2");
    assert!(!in_place);
}

#[test]
fn a_file_that_never_rests_is_read_with_pauses_and_told_of() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("proxy.yaml");
    std::fs::write(&path, "a").expect("a file");
    let (mut source, _) = Source::open(&path, &mut Memory::default(), |_| {}).expect("a source");
    std::fs::remove_file(&path).expect("a removal");
    // Its size is 0, whatever it holds.
    symlink("/proc/self/status", &path).expect("a link");
    source.hint(&Hint::from(Err(notify::Error::generic("lost"))));
    let mut looks = 0;
    let error = loop {
        looks += 1;
        assert!(looks < 30, "read again without a pause");
        std::thread::sleep(source.next_look().saturating_duration_since(Instant::now()));
        if let Sight::Gone(error) = source.look(&mut Memory::default()) {
            break error;
        }
    };
    assert!(matches!(error, ReadError::Unsteady { .. }), "{error}");
    std::fs::remove_file(&path).expect("a removal");
    std::fs::write(&path, "a").expect("a file");
    source.hint(&Hint::from(Err(notify::Error::generic("lost"))));
    assert!(matches!(source.look(&mut Memory::default()), Sight::Back));
}

#[test]
fn who_asks_for_a_file_that_is_gone_is_told_once_an_episode() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("proxy.yaml");
    std::fs::write(&path, "a").expect("a file");
    let (mut source, _) = Source::open(&path, &mut Memory::default(), |_| {}).expect("a source");
    for _ in 0..2 {
        std::fs::remove_file(&path).expect("a removal");
        assert!(matches!(source.read_now(&mut Memory::default()), Sight::Gone(_)));
        assert!(matches!(source.read_now(&mut Memory::default()), Sight::Same));
        source.hint(&Hint::from(Err(notify::Error::generic("lost"))));
        assert!(matches!(source.look(&mut Memory::default()), Sight::Same));
        std::fs::write(&path, "a").expect("a file");
        assert!(matches!(
            source.read_now(&mut Memory::default()),
            Sight::New { .. }
        ));
    }
}
