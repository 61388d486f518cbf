//! What happens while the file is gone, or cannot be read.

use super::super::life::Life;
use super::super::opinion::{Opinion, Seen};
use super::super::view::View;
use super::effect::describe;
use super::rejection::as_before;
use crate::vocabulary::{Event, Nanos, Request, TriggerAnswer, TriggerKind};

/// A life and the time in it for which the file was gone.
struct Episode<'v, 'a> {
    life: &'v Life<'a>,
    from: Nanos,
    to: Nanos,
}

/// Whether there is nothing to read after it.
fn hides(event: &Event) -> bool {
    match event {
        Event::Deleted { .. } => true,
        Event::Meddled { with, .. } => with.is_in_the_way(),
        _ => false,
    }
}

fn episodes<'v, 'a>(view: &'v View<'a>) -> Vec<Episode<'v, 'a>> {
    let of_life = |life: &'v Life<'a>| {
        life.events.iter().filter_map(move |event| match event {
            Event::Deleted { begin: from, .. } | Event::Meddled { begin: from, .. } if hides(event) => {
                let back = life
                    .writes
                    .iter()
                    .map(|write| write.config.begin)
                    .find(|begin| begin >= from);
                Some(Episode {
                    life,
                    from: *from,
                    to: back.unwrap_or(life.asked),
                })
            }
            _ => None,
        })
    };
    view.lives.iter().flat_map(of_life).collect()
}

pub(super) fn serves_on(view: &View<'_>) -> Vec<Opinion> {
    let mut judged: Vec<&Request> = Vec::new();
    let mut wrong: Vec<&Request> = Vec::new();
    for episode in episodes(view) {
        for request in episode
            .life
            .traffic()
            .filter(|r| r.at >= episode.from && r.begin < episode.to)
        {
            judged.push(request);
            if !as_before(view, episode.life, request) {
                wrong.push(request);
            }
        }
    }
    let against = wrong.first().map(|first| {
        Seen::new(
            "served as before, on fresh and on kept connections",
            format!(
                "{} of {} requests: {}",
                wrong.len(),
                judged.len(),
                describe(first)
            ),
        )
        .resting_on(&wrong)
    });
    vec![Opinion::of_trials(against, judged.len(), 20)]
}

pub(super) fn warns_at_most_once(view: &View<'_>) -> Vec<Opinion> {
    let Some(pattern) = &view.missing else {
        return vec![Opinion::unsupported("the target has no record of a missing file")];
    };
    let episodes = episodes(view);
    let against = episodes.iter().find_map(|episode| {
        let lines = episode.life.lines(pattern, episode.from, episode.to);
        let second = lines.get(1)?;
        Some(
            Seen::new(
                "at most one record for as long as the file is gone",
                format!("{} records; the second: {}", lines.len(), second.1),
            )
            .at(second.0),
        )
    });
    vec![Opinion::of_trials(against, episodes.len(), 1)]
}

pub(super) fn warns(view: &View<'_>) -> Vec<Opinion> {
    let episodes = episodes(view);
    let was_not_asked = |episode: &Episode<'_, '_>| {
        episode.life.events.iter().any(|event| {
            matches!(event, Event::Trigger { begin, answer: TriggerAnswer::NotSent(_), .. }
                if *begin >= episode.from && *begin < episode.to)
        })
    };
    if view.facts.trigger == TriggerKind::Http && episodes.iter().any(was_not_asked) {
        return vec![Opinion::unsupported(
            "the trigger brings the file with it, so the target has none to miss",
        )];
    }
    let against = episodes.iter().find_map(|episode| {
        let logged = view
            .missing
            .as_ref()
            .is_some_and(|pattern| !episode.life.lines(pattern, episode.from, episode.to).is_empty());
        let told = episode.life.events.iter().any(|event| {
            matches!(event, Event::Trigger { begin, answer: TriggerAnswer::Refused(_), .. }
                if *begin >= episode.from && *begin < episode.to)
        });
        let how = if view.watches() { "watching" } else { "the trigger" };
        (!logged && !told)
            .then(|| Seen::new("one record", format!("none, though {how} had to notice it")).at(episode.from))
    });
    vec![Opinion::of_trials(against, episodes.len(), 1)]
}
