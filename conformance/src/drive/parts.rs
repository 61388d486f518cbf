//! Configurations of several files: how they are laid, and how their members come, change and go.
//!
//! In: a target that can be given one. Out: files, and what was done to them in the recorder. Never: a second write of the main file.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::client::To;
use super::error::DriveError;
use super::files::{ConfigFile, open_folder, write};
use super::script::{Driver, Flow};
use super::traffic::Wanted;
use super::trial::Laid;
use crate::target::{Member, Place, Target};
use crate::vocabulary::{Delivery, Event, Flaw, Prospect, Scene};

/// Where a member of its own leads: see [`Step::Member`](crate::vocabulary::Step::Member).
const ITS_ROUTE: u8 = 1;

/// What is delivered for a scene: the config file, or the member that is bad or bears the markers.
pub(super) fn delivered(target: &Target, scene: &Scene, place: &Place) -> Result<Vec<u8>, DriveError> {
    if !scene.layout.in_parts {
        return Ok(target.render(scene, place)?.config);
    }
    let member = scene.flaw.map_or(Member::First, |_| Member::Third);
    Ok(target.member(member, scene, place)?)
}

/// Lays the main file and the members of a scene. Returns the member that bears the markers, and its content.
pub(super) fn lay(
    target: &Target,
    scene: &Scene,
    place: &Place,
    delivery: Delivery,
    fixed: &mut Vec<(String, Vec<u8>)>,
) -> Result<(ConfigFile, Vec<u8>), DriveError> {
    let good = Scene {
        flaw: None,
        ..scene.clone()
    };
    let content = target.member(Member::First, &good, place)?;
    let file = ConfigFile::lay(&place.dir, &path_of(target, Member::First), delivery, &content)?;
    if let Some(main) = target.main_file(&good, place)? {
        open_folder(&place.dir, place.config.parent().unwrap_or(&place.dir))?;
        write(&place.config, &main)?;
        let relative = place.config.strip_prefix(&place.dir).unwrap_or(&place.config);
        fixed.push((relative.display().to_string(), main));
    }
    let outside = target.member_outside(Member::First, place);
    if let Some(path) = outside.filter(|_| scene.layout.outside) {
        put(&place.dir, &path, &content)?;
    }
    if scene.flaw.is_some() {
        let bad = target.member(Member::Third, scene, place)?;
        put(&place.dir, &at(target, place, Member::Third), &bad)?;
    }
    Ok((file, content))
}

impl Laid {
    /// Delivers a bad member, or the one that bears the markers; where that is good, the bad one goes. Returns when a pause in the middle of it was
    /// over, and the member's name.
    pub(super) fn deliver_part(
        &mut self,
        target: &Target,
        content: &[u8],
        flaw: Option<Flaw>,
        prospect: Prospect,
    ) -> Result<(Option<Instant>, Option<String>), DriveError> {
        let third = at(target, &self.place, Member::Third);
        if flaw.is_some() {
            put(&self.place.dir, &third, content)?;
            return Ok((None, Some(name_of(&third))));
        }
        let resumed = self.file.deliver(content)?;
        if prospect.is_good() && third.exists() {
            fs::remove_file(&third).map_err(DriveError::file("remove", &third))?;
        }
        Ok((resumed, Some(name_of(self.file.path()))))
    }
}

impl Driver<'_> {
    /// Lets a member come or go, and waits until that shows. By a link, it is one to a file outside the folder of the configuration.
    pub(super) fn member(&mut self, comes: bool, by_link: bool) -> Result<Flow, DriveError> {
        self.settle();
        let Some(running) = &self.running else {
            return Ok(Flow::Continue(()));
        };
        let place = &running.laid.place;
        let path = at(self.target, place, Member::Second);
        let scene = Scene {
            layout: self.layout.clone(),
            ..Scene::of(self.generation)
        };
        let content = self.target.member(Member::Second, &scene, place)?;
        let begin = self.recorder.now();
        if comes {
            match self.target.member_outside(Member::Second, place) {
                Some(outside) if by_link => {
                    put(&place.dir, &outside, &content)?;
                    symlink(&outside, &path).map_err(DriveError::file("link", &path))?;
                }
                _ => put(&place.dir, &path, &content)?,
            }
            self.configs
                .push((format!("{:04}-second.conf", self.configs.len() + 1), content));
        } else {
            fs::remove_file(&path).map_err(DriveError::file("remove", &path))?;
        }
        self.recorder.record(Event::Member {
            begin,
            at: self.recorder.now(),
            file: name_of(&path),
            comes,
            by_link,
        });
        self.pull()?;
        let bound = Duration::from_millis(self.target.facts().apply_bound_ms);
        let before = std::mem::replace(
            &mut self.to,
            To {
                route: ITS_ROUTE,
                ..To::default()
            },
        );
        let is_seen = self.probe(Wanted::Apart(comes), Instant::now() + bound);
        self.to = before;
        // One that lies outside may be refused, by what the target documents.
        if is_seen || by_link {
            return Ok(Flow::Continue(()));
        }
        let what = if comes { "come" } else { "gone" };
        Ok(self.abandon(&format!("that a member had {what} was not seen")))
    }
}

/// The path of a member below the folder that configurations are delivered to.
fn path_of(target: &Target, member: Member) -> PathBuf {
    target.member_file(member).unwrap_or_default()
}

/// Where a member stands.
fn at(target: &Target, place: &Place, member: Member) -> PathBuf {
    place.dir.join("conf").join(path_of(target, member))
}

fn name_of(path: &Path) -> String {
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

/// Writes a member under a name that no pattern matches, and renames it.
fn put(dir: &Path, path: &Path, content: &[u8]) -> Result<(), DriveError> {
    let folder = path.parent().unwrap_or(dir);
    open_folder(dir, folder)?;
    let temporary = folder.join(format!(".{}.new", name_of(path)));
    write(&temporary, content)?;
    fs::rename(&temporary, path).map_err(DriveError::file("rename over", path))
}
