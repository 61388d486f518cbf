//! Each delivery pattern, as the file system shows it.

use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::sync::atomic::{AtomicBool, Ordering};

use tempfile::TempDir;

use super::*;
use crate::vocabulary::Meddling;

const NAME: &str = "below/proxy.conf";

fn laid(delivery: Delivery) -> (TempDir, ConfigFile) {
    let dir = tempfile::tempdir().unwrap();
    let file = ConfigFile::lay(dir.path(), Path::new(NAME), delivery, b"generation one").unwrap();
    assert_eq!(file.path(), dir.path().join("conf").join(NAME));
    assert_eq!(file.delivery(), delivery);
    assert_eq!(read(&file), "generation one");
    (dir, file)
}

fn read(file: &ConfigFile) -> String {
    let text = fs::read_to_string(file.path()).unwrap();
    text.trim_end_matches('\n').to_owned()
}

/// The file that the path leads to.
fn inode(file: &ConfigFile) -> u64 {
    fs::metadata(file.path()).unwrap().ino()
}

/// What lies beside the file, itself included.
fn beside(file: &ConfigFile) -> Vec<String> {
    let entries = fs::read_dir(file.path().parent().unwrap()).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn renamed_over_it_is_another_file_and_who_has_the_old_one_open_keeps_it() {
    let (_dir, mut file) = laid(Delivery::RenameOver);
    let old = File::open(file.path()).unwrap();
    for content in ["two", "generation three"] {
        let before = inode(&file);
        file.deliver(content.as_bytes()).unwrap();
        assert_eq!(read(&file), content);
        assert_ne!(inode(&file), before);
    }
    assert_eq!(std::io::read_to_string(old).unwrap(), "generation one");
    assert_eq!(beside(&file), ["proxy.conf"]);
}

#[test]
fn in_place_it_stays_the_file_that_it_is() {
    let (_dir, mut file) = laid(Delivery::InPlace);
    let (before, old) = (inode(&file), File::open(file.path()).unwrap());
    for content in ["generation two, which is longer", "3", ""] {
        file.deliver(content.as_bytes()).unwrap();
        assert_eq!(read(&file), content);
        assert_eq!(inode(&file), before);
    }
    file.deliver(b"four").unwrap();
    assert_eq!(std::io::read_to_string(old).unwrap(), "four");
    assert_eq!(beside(&file), ["proxy.conf"]);
}

#[test]
fn swapped_by_a_link_the_link_at_the_path_stays_as_it_is() {
    let (_dir, mut file) = laid(Delivery::SymlinkSwap);
    let link = |file: &ConfigFile| file.path().symlink_metadata().unwrap();
    let target = |file: &ConfigFile| fs::canonicalize(file.path()).unwrap();
    assert_eq!(
        fs::read_link(file.path()).unwrap(),
        Path::new("..data/proxy.conf")
    );
    let path = link(&file);
    assert!(path.is_symlink());
    for content in ["two", "three"] {
        let (before, folder) = (inode(&file), target(&file));
        file.deliver(content.as_bytes()).unwrap();
        assert_eq!(read(&file), content);
        assert_ne!(inode(&file), before);
        assert_ne!(target(&file), folder);
        assert!(!folder.exists(), "the old folder is left");
        assert_eq!(
            (link(&file).ino(), link(&file).mtime_nsec()),
            (path.ino(), path.mtime_nsec())
        );
    }
    assert_eq!(beside(&file), ["..3", "..data", "proxy.conf"]);
}

#[test]
fn swapped_with_all_kept_the_old_folders_stay() {
    let (dir, mut file) = laid(Delivery::SymlinkSwapKept);
    for content in ["two", "three"] {
        file.deliver(content.as_bytes()).unwrap();
        assert_eq!(read(&file), content);
    }
    assert_eq!(beside(&file), ["..data", "proxy.conf"]);
    for (version, content) in [("..1", "generation one"), ("..2", "two"), ("..3", "three")] {
        let kept = dir.path().join("versions").join(version).join("proxy.conf");
        assert_eq!(fs::read_to_string(kept).unwrap(), content);
    }
}

#[test]
fn alike_it_is_another_file_of_the_same_size_and_time() {
    let (_dir, mut file) = laid(Delivery::SameSizeAndTime);
    let facts = |file: &ConfigFile| {
        let metadata = fs::metadata(file.path()).unwrap();
        (metadata.len(), metadata.modified().unwrap())
    };
    let first = facts(&file);
    for content in ["generation two, which is longer", "3"] {
        let before = inode(&file);
        file.deliver(content.as_bytes()).unwrap();
        assert_eq!(read(&file), content);
        assert_eq!(facts(&file), first);
        assert_ne!(inode(&file), before);
        let written = fs::read(file.path()).unwrap();
        assert_eq!(file.shaped(content.as_bytes().to_vec()), written);
    }
    assert_eq!(beside(&file), ["proxy.conf"]);
}

#[test]
fn recreated_it_is_gone_for_a_while() {
    let (_dir, mut file) = laid(Delivery::Recreate);
    let path = file.path().to_path_buf();
    let ended = AtomicBool::new(false);
    thread::scope(|scope| {
        let watcher = scope.spawn(|| {
            let mut gone = 0;
            while !ended.load(Ordering::SeqCst) {
                gone += u32::from(!path.exists());
                thread::sleep(Duration::from_millis(1));
            }
            gone
        });
        file.deliver(b"two").unwrap();
        ended.store(true, Ordering::SeqCst);
        assert!(watcher.join().unwrap() > 0, "it was never seen to be gone");
    });
    assert_eq!(read(&file), "two");
    assert_eq!(beside(&file), ["proxy.conf"]);
}

#[test]
fn whatever_was_removed_comes_back_with_the_next_delivery() {
    for delivery in Delivery::ALL {
        let (_dir, mut file) = laid(delivery);
        for content in ["two", "three"] {
            file.remove().unwrap();
            assert!(file.path().symlink_metadata().is_err(), "{delivery}");
            file.deliver(content.as_bytes()).unwrap();
            assert_eq!(read(&file), content, "{delivery}");
        }
        let error = file.remove().and_then(|()| file.remove()).unwrap_err();
        assert!(error.to_string().starts_with("failed to remove /"), "{error}");
    }
}

#[test]
fn renamed_over_or_swapped_it_is_whole_whenever_it_is_read() {
    for delivery in [Delivery::RenameOver, Delivery::SymlinkSwap] {
        let (_dir, mut file) = laid(delivery);
        file.deliver(&[b'0'; 4096]).unwrap();
        let path = file.path().to_path_buf();
        let ended = AtomicBool::new(false);
        thread::scope(|scope| {
            let reader = scope.spawn(|| {
                let mut reads = 0;
                while !ended.load(Ordering::SeqCst) || reads == 0 {
                    // Between following the link and opening the file, its folder may have been swept away.
                    let Ok(content) = fs::read(&path) else {
                        assert_eq!(delivery, Delivery::SymlinkSwap);
                        continue;
                    };
                    let is_of_one = content.iter().all(|byte| *byte == content[0]);
                    assert!(content.len() == 4096 && is_of_one, "{delivery}");
                    reads += 1;
                }
            });
            for round in 0..200_u8 {
                file.deliver(&[b'0' + round % 10; 4096]).unwrap();
            }
            ended.store(true, Ordering::SeqCst);
            reader.join().unwrap();
        });
    }
}

#[test]
fn everybody_may_read_it_and_enter_what_is_above_it() {
    for delivery in Delivery::ALL {
        let (dir, mut file) = laid(delivery);
        file.deliver(b"two").unwrap();
        let real = fs::canonicalize(file.path()).unwrap();
        let root = fs::canonicalize(dir.path()).unwrap();
        assert_eq!(fs::metadata(&real).unwrap().mode() & 0o444, 0o444, "{delivery}");
        for folder in real.ancestors().skip(1).take_while(|path| *path != root) {
            assert_eq!(
                fs::metadata(folder).unwrap().mode() & 0o555,
                0o555,
                "{}",
                folder.display()
            );
        }
    }
}

#[test]
fn what_cannot_be_written_is_told_with_its_path() {
    let (dir, mut file) = laid(Delivery::InPlace);
    fs::remove_dir_all(dir.path().join("conf")).unwrap();
    let error = file.deliver(b"two").unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("failed to write {}", file.path().display())
    );
}

#[test]
fn a_writer_who_pauses_leaves_what_he_has_written_so_far_for_that_time() {
    for (delivery, meanwhile) in [
        (Delivery::EmptyFirst, ""),
        (Delivery::TwoThirdsFirst, "two thi"),
        (Delivery::GoodPartFirst, "two thirds."),
    ] {
        let (_dir, mut file) = laid(delivery);
        let content = file.shaped(b"two thirds.".to_vec());
        let (path, before) = (file.path().to_path_buf(), inode(&file));
        let done = AtomicBool::new(false);
        let seen = thread::scope(|scope| {
            let looker = scope.spawn(|| {
                let mut seen = Vec::new();
                while !done.load(Ordering::SeqCst) {
                    let text = fs::read_to_string(&path).unwrap();
                    // The time at which it was over: what was read before the rest was written is the part alone.
                    seen.push((Instant::now(), text));
                    thread::sleep(Duration::from_millis(1));
                }
                seen
            });
            let resumed = file.deliver(&content).unwrap().unwrap();
            done.store(true, Ordering::SeqCst);
            let seen = looker.join().unwrap();
            seen.into_iter()
                .filter(|(at, _)| *at < resumed)
                .map(|(_, text)| text)
                .collect::<Vec<_>>()
        });
        assert_eq!(read(&file).as_bytes(), content.trim_ascii_end());
        assert_eq!(inode(&file), before, "in place");
        assert_eq!(seen.last().map(String::as_str), Some(meanwhile));
        assert!(seen.iter().filter(|text| *text == meanwhile).count() > 100);
    }
}

#[test]
fn the_same_again_is_delivered_as_ever_and_touching_changes_the_time_alone() {
    let (_dir, mut file) = laid(Delivery::RenameOver);
    let before = inode(&file);
    file.meddle(Meddling::Rewritten, b"generation one").unwrap();
    assert_ne!(inode(&file), before);
    let (before, past) = (inode(&file), std::time::SystemTime::UNIX_EPOCH);
    let open = File::options().append(true).open(file.path()).unwrap();
    open.set_times(fs::FileTimes::new().set_modified(past)).unwrap();
    file.meddle(Meddling::Touched, b"").unwrap();
    assert_ne!(fs::metadata(file.path()).unwrap().modified().unwrap(), past);
    assert_eq!((inode(&file), read(&file)), (before, "generation one".to_owned()));
}

#[test]
fn what_stands_in_the_way_is_gone_with_the_next_delivery() {
    for delivery in Delivery::ALL.into_iter().filter(|delivery| !delivery.pauses()) {
        let (_dir, mut file) = laid(delivery);
        for with in [Meddling::Unreadable, Meddling::Folder, Meddling::Pipe] {
            file.meddle(with, b"").unwrap();
            let there = fs::metadata(file.path()).unwrap();
            match with {
                Meddling::Folder => assert!(there.is_dir()),
                Meddling::Pipe => assert!(there.file_type().is_fifo()),
                _ => assert_eq!(there.permissions().mode() & 0o777, 0),
            }
            file.deliver(b"another").unwrap();
            assert_eq!(read(&file), "another", "{delivery} after {with}");
            let mode = fs::metadata(file.path()).unwrap().permissions().mode();
            assert_eq!(mode & READABLE, READABLE, "{delivery} after {with}");
        }
    }
}

#[test]
fn what_was_moved_away_comes_back_as_it_was() {
    for delivery in [Delivery::RenameOver, Delivery::SymlinkSwap] {
        let (_dir, mut file) = laid(delivery);
        let before = inode(&file);
        file.meddle(Meddling::MovedAway, b"").unwrap();
        assert!(!file.path().exists());
        file.meddle(Meddling::MovedBack, b"").unwrap();
        assert_eq!(inode(&file), before);
        file.meddle(Meddling::MovedAway, b"").unwrap();
        file.deliver(b"another").unwrap();
        assert_eq!(read(&file), "another");
    }
}

#[test]
fn a_release_is_swapped_above_the_folder_and_the_old_ones_stay() {
    let (dir, mut file) = laid(Delivery::ParentSwap);
    let conf = dir.path().join("conf");
    let first = fs::read_link(&conf).unwrap();
    file.deliver(b"two").unwrap();
    assert_eq!(read(&file), "two");
    assert_ne!(fs::read_link(&conf).unwrap(), first);
    assert_eq!(fs::read_to_string(first.join(NAME)).unwrap(), "generation one");
    assert_eq!(beside(&file), ["proxy.conf"]);
}

#[test]
fn editors_and_tools_leave_what_they_leave() {
    let left: [(Delivery, &[&str], bool); 4] = [
        (Delivery::VimSave, &["proxy.conf"], false),
        (Delivery::EmacsSave, &["proxy.conf", "proxy.conf~"], true),
        (Delivery::Install, &["proxy.conf"], false),
        (Delivery::HardLink, &["proxy.conf"], false),
    ];
    for (delivery, names, in_place) in left {
        let (_dir, mut file) = laid(delivery);
        for content in ["two", "generation three"] {
            // Its number is not given out again while it is open.
            let (_old, before) = (File::open(file.path()).unwrap(), inode(&file));
            file.deliver(content.as_bytes()).unwrap();
            assert_eq!(read(&file), content, "{delivery}");
            assert_eq!(inode(&file) == before, in_place, "{delivery}");
            let there = fs::metadata(file.path()).unwrap();
            assert_eq!(there.nlink(), if delivery == Delivery::HardLink { 2 } else { 1 });
            assert_eq!(there.permissions().mode() & READABLE, READABLE);
        }
        assert_eq!(beside(&file), names, "{delivery}");
    }
}
