//! What a script looks for, by check.

use super::actions::Counted;
use super::segment::Segment;
use super::{NoScript, asking, complaint};
use crate::vocabulary::{Check, CheckResult, TargetFacts};

/// A look at what was done: a shell function that ends the script where the fault shows.
pub(super) struct Look {
    /// The function `look`, called with the action that was just done.
    pub(super) function: String,
    /// The pattern of the lines of the log that matter to it; all of them, if it is empty.
    pub(super) record: String,
    /// Where it looks.
    pub(super) at: At,
}

/// The newest file is not served.
const NOT_SERVED: &str = "    case $1 in change | burst)\n        [ -n \"$took\" ] || shown \"g$good was delivered, and $apply_ms ms later the answer is g$(ask)\" ;;\n    esac";

/// Where a look looks.
#[derive(Clone, Copy)]
pub(super) enum At {
    /// At what was done in the recorded run, done again.
    Once,
    /// At the same kinds of changes, again and again: it is a matter of chance.
    Rounds,
    /// At a load of which so many requests are of this kind, while there are such changes.
    Load(Counted),
    /// At a load of which so many requests are of this kind, while what was done in the recorded run is done again.
    Meanwhile(Counted),
    /// At starts during which the file changes.
    Startup,
}

/// The look that shows that a check is not met.
pub(super) fn of(result: &CheckResult, facts: &TargetFacts, segment: &Segment<'_>) -> Result<Look, NoScript> {
    let log = &facts.log;
    let pattern = |pattern: &Option<String>| pattern.clone().unwrap_or_default();
    let look = |function: &str| Look {
        function: format!("look() {{\n{function}\n}}\n"),
        record: String::new(),
        at: At::Once,
    };
    let logged = |of: &Option<String>, function: &str| Look {
        record: pattern(of),
        ..look(function)
    };
    let loaded_by = |load: &'static str, kind: &'static str, what: &str| Look {
        at: At::Load(Counted { kind, load }),
        ..look(&format!(
            "    [ $1 != load ] || [ \"$(loaded {kind})\" = 0 ] || shown \"$(loaded {kind}) of $(loaded requests) requests: {what}\""
        ))
    };
    let loaded = |kind, what: &str| loaded_by("4 4", kind, what);
    let held = |pattern: &str| {
        look(&format!(
            "    [ $1 != held ] || ! grep -qE '{pattern}' \"$work/held\" || shown \"$(grep -cE '{pattern}' \"$work/held\") of $(grep -vc ^held \"$work/held\"): $(grep -m1 -E '{pattern}' \"$work/held\")\""
        ))
    };
    Ok(match result.check {
        Check::LastWins => Look {
            at: At::Rounds,
            ..look(NOT_SERVED)
        },
        Check::TakesEffect | Check::Recovers => look(NOT_SERVED),
        Check::OverflowIsSurvived => look(
            "    [ $1 != overflow ] || [ -n \"$took\" ] || shown \"g$good came last in an overflow of the queue of events, and $apply_ms ms later the answer is g$(ask)\"",
        ),
        Check::FailedTriggerSaysSo => look(
            "    [ $1 != flawed ] || [ \"$kind\" != \"$subject\" ] || [ \"$told\" != yes ] || shown \"a bad file was delivered, and the answer of the trigger was yes\"",
        ),
        Check::WithinTwoSeconds => look(
            "    [ $1 != change ] || [ \"${took:-$apply_ms}\" -le 2000 ] || shown \"g$good took ${took:-more than $apply_ms} ms\"",
        ),
        Check::P95Within250Ms => look(
            "    [ $1 != change ] || { changes=$((${changes:-0} + 1)); [ \"${took:-$apply_ms}\" -le 250 ] || slow=$((${slow:-0} + 1)); }\n    \
             [ $1 != end ] || [ $((${slow:-0} * 20)) -le \"${changes:-0}\" ] || shown \"$slow of $changes changes took more than 250 ms\"",
        ),
        Check::NothingLeaks => look(
            "    [ $1 != flawed ] || [ \"$kind\" != \"$subject\" ] || [ -z \"$leaked\" ] || shown \"a file that is refused at a fresh start was delivered over g$good: $leaked\"",
        ),
        Check::FailureChangesNothing => look(
            "    [ $1 != doomed ] || [ -z \"$strayed$leaked$lost\" ] || shown \"a file that cannot be applied was delivered over g$good, and the answer became: ${strayed:-${leaked:-$lost}}\"",
        ),
        Check::NoRefusedConnect if segment.has_doomed() => look(
            "    [ $1 != doomed ] || [ \"$strayed\" != refused ] || shown \"a file that cannot be applied was delivered over g$good, and at $listen, where it serves on, a connect was refused\"",
        ),
        Check::NoRefusedConnect => loaded("refused", "a connect was refused"),
        Check::MemberIsSeen => look(
            "    [ $1 != member ] || [ -n \"$took\" ] || shown \"a file came or went, and $apply_ms ms later /r1/ is $seen\"",
        ),
        Check::OthersAreUntouched => loaded(
            "wrong",
            "files came and went that are about /r1/ alone, and of what was asked of / this became: $(sed -n 's/^wrong [0-9]* //p' \"$work/load\")",
        ),
        Check::StartupChangeIsApplied => Look {
            at: At::Startup,
            ..look(
                "    [ $1 != startup ] || [ -n \"$took\" ] || shown \"g$good was delivered while it started, and $apply_ms ms after its first answer the answer is g$(ask)\"",
            )
        },
        Check::DrainIsBounded => look(
            "    [ $1 != drained ] || [ \"$left\" = 0 ] || shown \"the listener is gone, its time to drain and a second more are over, and of what was in flight on it, $left are still open\"",
        ),
        Check::NothingLeftBehind => look(
            "    [ $1 = end ] || return 0\n    stop\n    [ -z \"$still\" ] || shown \"it was asked to stop, and $stop_ms ms later this is still there:\" $still",
        ),
        Check::NoFatalLine if log.fatal.is_some() => logged(
            &log.fatal,
            "    [ $1 != end ] || stop\n    [ -z \"$(records)\" ] || shown \"this was logged: $(records | head -n 1 | cut -c 1-300)\"",
        ),
        Check::KeptFollowAtOnce => loaded(
            "late",
            "on a connection that was kept, an older generation after a newer one had answered on a fresh one",
        ),
        Check::NoLostPost => loaded_by(
            "0 8 POST",
            "races",
            "a POST was sent on a kept connection, and it ended without an answer",
        ),
        Check::RecordHasFields if log.applied.is_some() => logged(&log.applied, complaint::FIELDS),
        Check::RejectionNamesPlace => logged(&log.rejected, &complaint::names_place(segment, result)?),
        Check::RejectionNamesNearest => logged(&log.rejected, &complaint::names_nearest(facts)?),
        // What is applied beside a bad file is applied while that is there.
        Check::RejectedChangesNothing => look(
            "    [ $1 != doomed ] || [ -z \"$strayed\" ] || shown \"a good file was delivered beside one that is refused at a fresh start, and the answer became: $strayed\"\n    \
             [ $1 != flawed ] || [ \"$kind\" != \"$subject\" ] || [ -z \"$strayed\" ] || shown \"a file that is refused at a fresh start was delivered over g$good, and the answer became: $strayed\"",
        ),
        Check::FlawIsRefused => logged(
            &log.rejected,
            "    [ $1 = flawed ] && [ \"$kind\" = \"$subject\" ] || return 0\n    \
             case $strayed in \"g$bad \"*) shown \"a file with a $kind was delivered over g$good, and it serves: $strayed\" ;; esac\n    \
             [ -n \"$bad_member\" ] && [ \"$(new_records)\" = 0 ] && [ \"${told-}\" != no ] || return 0\n    \
             start_anew\n    \
             [ -z \"$served\" ] || [ -n \"$(records)\" ] || shown \"nothing was said of a bad file ($kind) beside a good one, and started anew on both it serves g$served\"",
        ),
        Check::PeakIsBounded => look(
            "    [ $1 != change ] || least=$(peak)\n    \
             [ $1 = flawed ] && [ \"$kind\" = \"$subject\" ] || return 0\n    \
             # How much it comes to differs from one time to the next.\n    \
             for again in 1 2 3 4; do\n        \
             more=$(($(peak) - least))\n        \
             [ $more -le 524288 ] || shown \"for a bad file ($kind) the processes held $more KiB more than before, at the peak\"\n        \
             sleep 2; deliver \"$bad\" \"$kind\"; pull; sleep 2\n    \
             done",
        ),
        Check::StatusMasksSecrets => look(asking::STATUS_SHOWS),
        Check::NoSecretShown if result.subject.as_deref() == Some("metrics") => look(asking::METRICS_SHOW),
        Check::CountersAreMonotonic => look(asking::COUNTER_FALLS),
        Check::ReloadIsCounted => look(&asking::is_miscounted(result, facts)?),
        Check::AdminStays => Look {
            at: At::Meanwhile(Counted {
                kind: "wrong",
                load: "4 0 GET admin",
            }),
            ..loaded(
                "wrong",
                "at the admin listener, this became of what was asked: $(sed -n 's/^wrong [0-9]* //p' \"$work/load\")",
            )
        },
        Check::NoSecretShown => look(
            "    ! logged | grep -q 'key-g[0-9]' || shown \"the log has a credential: $(logged | grep -m1 -oE '.{0,60}key-g[0-9]+')\"",
        ),
        Check::HalfWrittenChangesNothing => look(
            "    [ $1 != change ] || [ -z \"${strayed:-}\" ] || shown \"while g$good was only begun to be written, the answer became: $strayed\"",
        ),
        Check::StaysAlive => look("    kill -0 \"$pid\" 2>/dev/null || shown \"the process ended\""),
        Check::ServesOnWithoutFile => look(
            "    [ $1 != rest ] || [ \"$answer\" = \"$good\" ] || shown \"without the file, the answer is ${answer:-none} instead of g$good\"",
        ),
        Check::OneSuccessRecord if log.applied.is_none() => logged(
            &None,
            "    [ $1 = change ] && [ -n \"$took\" ] || return 0\n    sleep 1\n    \
             say \"all that was logged since:\"; logged | tail -n \"$(new_records)\" | cut -c 1-160 | sed 's/^/    /'\n    \
             shown \"g$good took effect, and none of these lines says that it did\"",
        ),
        Check::OneSuccessRecord => logged(
            &log.applied,
            "    [ $1 = change ] && [ -n \"$took\" ] || return 0\n    sleep 1\n    \
             [ \"$(new_records)\" = 1 ] || shown \"g$good took effect, and $(new_records) records of a success were logged\"",
        ),
        Check::NoRecordAtStart => logged(
            &log.applied,
            "    [ $1 != start ] || [ -z \"$(records)\" ] || shown \"before there was any change, this was logged: $(records | head -n 1)\"",
        ),
        Check::RecordNamesFile => logged(
            &log.applied,
            "    [ $1 = change ] && [ -n \"$took\" ] || return 0\n    sleep 1\n    \
             [ -z \"$(records)\" ] || records | grep -qF \"$name\" || shown \"no record of a success names $name: $(records | tail -n 1)\"",
        ),
        Check::NoFalseRecord => logged(
            &log.applied,
            "    [ $1 = flawed ] || return 0\n    \
             [ \"$(new_records)\" = 0 ] || shown \"of a bad file this was logged: $(records | tail -n 1)\"",
        ),
        Check::WarnsAtMostOnce => logged(
            &log.missing,
            "    [ $1 != rest ] || [ \"$(new_records)\" -le 1 ] || shown \"$(new_records) warnings of one file that is missing; the first: $(records | head -n 1)\"",
        ),
        Check::WarnsOfMissingFile => logged(
            &log.missing,
            "    [ $1 != rest ] || [ \"$(new_records)\" != 0 ] || shown \"the file is missing, and nothing was logged of it\"",
        ),
        Check::RejectionIsObserved => logged(
            &log.rejected,
            "    [ $1 = flawed ] || return 0\n    sleep 1\n    \
             [ \"$(new_records)\" != 0 ] || shown \"a bad file was delivered, and nothing was logged of it\"",
        ),
        Check::RejectionIsToldOnce => logged(
            &log.rejected,
            "    case $1 in flawed | rest)\n        [ \"$(new_records)\" -le 1 ] || shown \"$(new_records) complaints of one bad file; the first: $(records | head -n 1)\" ;;\n    esac",
        ),
        Check::NoRecordOfSame => logged(
            &log.applied,
            "    [ $1 != rest ] || [ \"$(new_records)\" = 0 ] || shown \"the file says what it said, and this was logged: $(records | tail -n 1)\"",
        ),
        Check::SameCutsNothing => held("^(closed|cut|lost)"),
        Check::NoFailedRequest | Check::NoConnectLost => {
            loaded("failed", "$(sed -n 's/^failed [0-9]* //p' \"$work/load\")")
        }
        Check::NoKeepaliveRace => loaded("races", "the kept connection ended as it was sent"),
        Check::NoErrorStatus => loaded("errors", "$(sed -n 's/^errors [0-9]* //p' \"$work/load\")"),
        Check::NeverTorn => loaded("torn", "$(sed -n 's/^torn [0-9]* //p' \"$work/load\")"),
        Check::NoMixing | Check::MixingWindowCloses | Check::NeverBackwards => loaded(
            "older",
            "an older generation, on a fresh connection, after a newer one had answered",
        ),
        Check::IdleConnectionStays => held("^(closed|lost)"),
        Check::InFlightCompletes => held("^(cut|lost)"),
        Check::NoSwallowedRequest => held("^lost"),
        other => return Err(format!("nothing short of the suite looks for {other}")),
    })
}
