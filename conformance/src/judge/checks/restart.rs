//! What is said of a setting that a reload cannot change.

use regex::Regex;

use super::super::life::{Life, Write};
use super::super::opinion::{Opinion, Seen};
use super::super::view::View;
use super::rejection::{NOT_WAITED_OUT, waited_out};

pub(super) fn is_reported(view: &View<'_>) -> Vec<Opinion> {
    let Some(setting) = &view.facts.restart_only else {
        return vec![Opinion::unsupported(
            "the target names no setting that takes effect at a start alone",
        )];
    };
    // It was compiled when the target was loaded; one that does not compile now matches nothing.
    let Ok(reported) = Regex::new(&setting.reported) else {
        return vec![Opinion::unsupported("how the target says so is not known")];
    };
    let opinions = view.lives.iter().flat_map(|life| {
        let has_other = |write: &&Write<'_>| write.config.layout.other_setting;
        let (reported, name) = (&reported, &setting.setting);
        let changed = life.writes.iter().filter(has_other);
        changed.map(move |write| of_one(view, life, write, reported, name))
    });
    let opinions: Vec<Opinion> = opinions.collect();
    let tried = opinions.len();
    let opinion = Opinion::weightiest(opinions).map(|opinion| opinion.trials(tried));
    vec![opinion.unwrap_or_else(|| Opinion::inconclusive("no such file was delivered"))]
}

fn of_one(view: &View<'_>, life: &Life<'_>, write: &Write<'_>, reported: &Regex, name: &str) -> Opinion {
    let said = !life.lines(reported, write.config.begin, write.until).is_empty();
    if said || view.says_refused(life, write) {
        return Opinion::met();
    }
    if !waited_out(view, life, write) {
        return Opinion::inconclusive(NOT_WAITED_OUT);
    }
    if let Some(why) = view.starved(write.config.begin, write.until, view.apply_bound()) {
        return Opinion::inconclusive(why);
    }
    let expected = format!("a line of the log that names {name}, or a refusal of the file");
    let observed = if write.seen.is_some() {
        "the rest of the file was applied without a word of it"
    } else {
        "neither came within the apply bound, nor was the file applied"
    };
    Opinion::not_met(Seen::new(expected, observed).at(write.config.at))
}
