//! Configurations of several files: a main file that is written once, and members that it includes by a pattern.
//!
//! In: the section `[include]` of a target folder. Out: where members stand, and what is in them. Never: a member whose name another one bears.

use std::path::{Path, PathBuf};

use super::check::is_below;
use super::error::TargetError;
use super::spec::{Include, Spec};
use super::{Place, Target};
use crate::vocabulary::{Delivery, Flaw, Generation, Layout, LeadsTo, Scene};

/// The folder beside that of the main file in which members stand that lie outside.
const OUTSIDE: &str = "outside";

/// One of the files that the main file includes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Member {
    /// The one that bears the markers, with the route for all paths. It takes the place of the config file.
    First,
    /// One that comes and goes, with a route of its own.
    Second,
    /// One that is bad, by itself or beside the first.
    Third,
}

impl Member {
    /// What it is called, by which its path differs from those of the others.
    pub fn name(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Second => "second",
            Self::Third => "third",
        }
    }

    /// The beginning of the paths that it takes.
    pub(super) fn prefix(self, flaw: Option<Flaw>) -> &'static str {
        match (self, flaw) {
            (Self::First, _) | (Self::Third, Some(Flaw::TwiceAcrossFiles)) => "/",
            (Self::Second, _) => "/r1/",
            (Self::Third, _) => "/r2/",
        }
    }

    /// Where they lead.
    pub(super) fn leads_to(self) -> LeadsTo {
        match self {
            Self::First | Self::Third => LeadsTo::Current,
            Self::Second => LeadsTo::Apart,
        }
    }
}

// === impl Include ===

impl Include {
    /// The templates that it names.
    pub(super) fn templates(&self) -> impl Iterator<Item = &String> {
        self.main.iter().chain([&self.member])
    }

    /// All members, as a pattern.
    pub(super) fn members(&self, is_outside: bool, place: &Place) -> PathBuf {
        let folder = place.config.parent().unwrap_or(&place.dir);
        if is_outside {
            folder.join("..").join(OUTSIDE).join(&self.path)
        } else {
            folder.join(&self.path)
        }
    }

    /// The path of a member below the folder of the config file.
    fn file(&self, member: Member) -> PathBuf {
        self.path.replace('*', member.name()).into()
    }
}

// === impl Target ===

impl Target {
    /// Where a member stands that lies outside the folder of the main file, if there can be members.
    pub fn member_outside(&self, member: Member, place: &Place) -> Option<PathBuf> {
        let folder = place.config.parent()?.parent()?;
        let include = self.spec.include.as_ref()?;
        Some(folder.join(OUTSIDE).join(include.file(member)))
    }

    /// The path of a member below the folder that configurations are delivered to, if there can be members.
    pub fn member_file(&self, member: Member) -> Option<PathBuf> {
        let folder = self.config_file().parent().unwrap_or(Path::new(""));
        let include = self.spec.include.as_ref()?;
        Some(folder.join(include.file(member)))
    }

    /// The content of the main file of a configuration in several, if there is one.
    ///
    /// # Errors
    /// If its template does not render.
    pub fn main_file(&self, scene: &Scene, place: &Place) -> Result<Option<Vec<u8>>, TargetError> {
        let main = self
            .spec
            .include
            .as_ref()
            .and_then(|include| include.main.as_ref());
        main.map(|template| self.templates.part(&self.spec, template, None, scene, place))
            .transpose()
    }

    /// The content of a member; nothing, if there can be none.
    ///
    /// # Errors
    /// If its template does not render.
    pub fn member(&self, member: Member, scene: &Scene, place: &Place) -> Result<Vec<u8>, TargetError> {
        match &self.spec.include {
            Some(include) => self
                .templates
                .part(&self.spec, &include.member, Some(member), scene, place),
            None => Ok(Vec::new()),
        }
    }
}

// === what a folder has to keep to ===

/// What serde cannot say.
pub(super) fn check(spec: &Spec) -> Result<(), String> {
    let Some(include) = &spec.include else {
        return Ok(());
    };
    let name = Path::new(&include.path).file_name().unwrap_or_default();
    let is_one = include.path.matches('*').count() == 1 && name.to_string_lossy().contains('*');
    if !is_one || !is_below(&include.path) {
        return Err(format!(
            "include.path: {:?} is no pattern of files below the folder of the config file; `conf.d/*.conf` is one",
            include.path
        ));
    }
    let by_a_link = |pattern: &Delivery| matches!(pattern, Delivery::SymlinkSwap | Delivery::ParentSwap);
    match spec
        .delivery
        .patterns
        .first()
        .filter(|pattern| by_a_link(pattern))
    {
        Some(pattern) => Err(format!(
            "delivery.patterns: members are delivered in the first way, and {pattern} is none for one of several files"
        )),
        None => Ok(()),
    }
}

/// Renders all files once.
pub(super) fn try_all(target: &Target, ground: &Place, place: &str) -> Result<(), TargetError> {
    if target.spec.include.is_none() {
        return Ok(());
    }
    let scene = |generation, flaw| Scene {
        flaw,
        layout: Layout::in_parts(),
        ..Scene::of(Generation(generation))
    };
    let good = scene(1, None);
    target.main_file(&good, ground)?;
    if target.facts.outside.is_some() {
        let outside = Scene {
            layout: Layout::outside(),
            ..scene(1, None)
        };
        let files = |scene| {
            Ok((
                target.main_file(scene, ground)?,
                target.render(scene, ground)?.fixed,
            ))
        };
        if files(&good)? == files(&outside)? {
            let message = "include.outside: no file makes anything of {{ members }}";
            return Err(TargetError::invalid(place, message));
        }
    }
    let member = |member, scene: &Scene| target.member(member, scene, ground);
    let first = member(Member::First, &good)?;
    if first == member(Member::First, &scene(2, None))? {
        let message = "include.member: two generations render to the same member: it bears no marker";
        return Err(TargetError::invalid(place, message));
    }
    if first == member(Member::Second, &good)? {
        let message = "include.member: it makes nothing of {{ member }}";
        return Err(TargetError::invalid(place, message));
    }
    let is_there = target.facts.flaws.contains(&Flaw::Syntax);
    if !is_there || member(Member::Third, &good)? == member(Member::Third, &scene(1, Some(Flaw::Syntax)))? {
        let message =
            "include.member: it makes nothing of the flaw `syntax`, by which a member among others is bad";
        return Err(TargetError::invalid(place, message));
    }
    Ok(())
}
