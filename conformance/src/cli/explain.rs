//! `reloadspec explain`

use std::fmt::Write as _;

use reloadspec::conclude::exit;
use reloadspec::select::select;
use reloadspec::vocabulary::{Case, Condition, Layout, LeadsTo, Listener, Meddling, Profile, Question, Step};
use reloadspec::{catalogue, vocabulary::Check};

use super::{CliError, print};

pub(super) fn run(pattern: &str) -> Result<u8, CliError> {
    let cases = select(catalogue::all(), Profile::Extended, &[pattern.to_owned()])?;
    let texts: Vec<String> = cases.iter().map(explain).collect();
    print(&texts.join("\n"))?;
    Ok(exit::CONFORMANT)
}

fn explain(case: &Case) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail, here and below.
    let _ = writeln!(
        out,
        "{}\n  {}, {}, {}\n",
        case.id, case.area, case.level, case.profile
    );
    let _ = writeln!(out, "Requirement: {}.\n", case.requirement);
    let _ = writeln!(out, "{}\n", case.rationale);
    let _ = writeln!(out, "Comes from: {}\n", case.provenance.join(", "));
    let _ = writeln!(out, "Steps (within {} s):", case.budget_s);
    steps(&mut out, &case.steps, 1);
    let _ = writeln!(out, "\nChecks:");
    for spec in &case.checks {
        let _ = writeln!(out, "  {:<7} {}: {}", spec.level, spec.id, spec.requirement);
    }
    for check in Check::UNASKED {
        let _ = writeln!(
            out,
            "  {:<7} {check}: {} (in every case)",
            "MUST",
            check.requirement()
        );
    }
    let _ = writeln!(out, "\nFaults that it is known to catch:");
    for fault in &case.faults {
        let _ = writeln!(out, "  {} by {}", fault.name, fault.check);
    }
    out
}

/// The steps as a list, indented by so many levels.
pub(super) fn steps(out: &mut String, list: &[Step], depth: usize) {
    for step in list {
        let _ = writeln!(out, "{}- {}", "  ".repeat(depth), words(step));
        steps(out, step.inner(), depth + 1);
    }
}

fn words(step: &Step) -> String {
    match step {
        Step::Start => "start a fresh process on the next generation, and wait until it serves".into(),
        Step::StartFor(delivery) => format!(
            "start a fresh process on the next generation, with files delivered by {delivery} where the target supports it, and \
             wait until it serves"
        ),
        Step::StartTold { after_ms } => format!(
            "start a fresh process on the next generation; send it the signal by which it is told {after_ms} ms after its first sign of life, and wait \
             until it serves"
        ),
        Step::StartWithChange => "start a fresh process on the next generation; deliver the one after that while it starts, each time at another moment, and wait \
             until it is served"
            .into(),
        Step::StartUnheard => {
            "start a fresh process on the next generation, with standard output and error on a device that is always full, and wait until it serves".into()
        }
        Step::StartWithoutWatches => {
            "start a fresh process on the next generation for which every inotify_add_watch fails with ENOSPC, and wait until it serves, or ends".into()
        }
        Step::CountWatches => "note how many inotify watches the target has".into(),
        Step::StartWithWorkers => "start a fresh process with workers on the next generation, and wait until it serves".into(),
        Step::StartManaged => {
            "start a fresh process on the next generation, with a service manager that writes down what it is told, and wait until it serves".into()
        }
        Step::StartWithPidFile => "start a fresh process with a PID file on the next generation, and wait until it serves".into(),
        Step::ReadPidFile => {
            "read the PID file, again and again until it names a living process of the target, for the apply bound at most".into()
        }
        Step::StopByPidFile => {
            "ask the process that the PID file names to stop gracefully, if it is one of the target; wait for the end of the one that was started, and read the file once more".into()
        }
        Step::KillWorkers => {
            "kill all processes of the target but the one that was started, and wait until the newest generation is served again".into()
        }
        Step::ChangeWithoutDescriptors { ms } => format!(
            "if the target is one process, lower its limit of descriptors to what it has open; deliver the next generation, trigger, observe for {ms} ms; give the limit back"
        ),
        Step::ChangeInOverflow => {
            "hold all processes of the target (SIGSTOP); rename files in the folder of its file more often than a queue of events takes; deliver the next \
             generation; let them go on (SIGCONT); wait until it is served"
                .into()
        }
        Step::Pause => "pause for an irregular time below 50 ms".into(),
        Step::LoadOn {
            fresh,
            kept,
            pause_us,
        } => format!(
            "load: {} with a connection a request, {kept} with a kept one, {} ms between requests",
            match fresh {
                1 => "1 task".to_owned(),
                _ => format!("{fresh} tasks"),
            },
            f64::from(*pause_us) / 1000.0
        ),
        Step::PostsOn { tasks, pause_us } => format!(
            "load of POSTs: {tasks} tasks, each on a connection that it keeps, {} ms between requests",
            f64::from(*pause_us) / 1000.0
        ),
        Step::FailuresOn { tasks, pause_us } => format!(
            "load of what the origin answers with status 500: {tasks} tasks with a connection a request, {} ms between requests",
            f64::from(*pause_us) / 1000.0
        ),
        Step::SteadyOn { per_second } => format!(
            "load: {per_second} requests a second, each on a connection of its own and at its time, whether those before were answered or not"
        ),
        Step::HandshakesOn { tasks, pause_us } => format!(
            "load by TLS: {tasks} tasks, each with a handshake on a connection of its own and a request on it, {} ms between",
            f64::from(*pause_us) / 1000.0
        ),
        Step::SessionsOn { tasks, pause_us } => format!(
            "load: {tasks} sessions, each named by a field and by the cookies that it was given, with a connection a request, {} ms between requests",
            f64::from(*pause_us) / 1000.0
        ),
        Step::Fitness { is_fit: false } => "the first of the origins whose health is checked fails its checks from here on".into(),
        Step::Fitness { is_fit: true } => "it passes them again".into(),
        Step::CallersOn {
            caller,
            tasks,
            pause_us,
        } => format!(
            "the same by {tasks} tasks {}, {} ms between",
            caller.words(),
            f64::from(*pause_us) / 1000.0
        ),
        Step::Renew(renewal) => format!(
            "write {} (by renaming), and tell the target as it is told of that",
            renewal.words()
        ),
        Step::Sample => {
            "wait until the processes have come to rest, and let go of what is to be let go of; note what they hold".into()
        }
        Step::AskToStop => "send the signal that asks for a graceful stop".into(),
        Step::LoadOff => "end the load".into(),
        Step::Change => "deliver the next generation, trigger, wait until it is served".into(),
        Step::ChangeWithin { ms } => {
            format!("deliver the next generation, trigger, wait until it is served, for {ms} ms at most")
        }
        Step::Burst { changes } => {
            format!("{changes} changes as fast as they can be written, wait for the last")
        }
        Step::Together { changes } => format!(
            "{changes} changes as fast as they can be written, all triggers pulled at once for each, wait for the last"
        ),
        Step::Churn { pause_ms } => format!(
            "change after change, {pause_ms} ms apart, for the apply bound and 500 ms more, without waiting for any"
        ),
        Step::FreshStart => "start a process of its own on the bad file: does the target refuse it?".into(),
        Step::Flawed => "deliver the bad file, trigger, wait for the rejection".into(),
        Step::LayOut(layout) => laid_out(layout),
        Step::At { listener, route, .. } => match route {
            0 => format!("at {}:", address(*listener)),
            number => format!("in the paths below /r{number}/:"),
        },
        Step::Member { comes: true } => {
            "add a member with a route for /r1/ to an origin that is no generation's, trigger, wait until that is served".into()
        }
        Step::MemberByLink { comes: true } => {
            "the same by a link to a file outside the configuration's folder".into()
        }
        Step::MemberByLink { comes: false } => "remove that link, trigger, wait until it is served no more".into(),
        Step::StartOutside => {
            "start a process of its own on a configuration whose include leads out of its folder by `..`: is what stands there served?".into()
        }
        Step::Member { comes: false } => "remove that member, trigger, wait until it is served no more".into(),
        Step::Occupy(listener) => format!("listen at {} oneself, so that nobody else can", address(*listener)),
        Step::Vacate => "end that".into(),
        Step::Doomed => {
            "deliver the next generation, which cannot be applied as somebody listens where it wants to; trigger, wait for the \
             rejection"
                .into()
        }
        Step::Attempt => "deliver the next generation, trigger, wait until it is served or refused".into(),
        Step::Ask(question) => asked(*question).into(),
        Step::AskUntilTold(question) => format!(
            "{}, again and again until that tells of the newest file, for the apply bound at most",
            asked(*question)
        ),
        Step::AskOn { question, pause_ms } => format!(
            "beside all that follows, {}, again and again, {pause_ms} ms after each answer",
            asked(*question)
        ),
        Step::Misorder(question) => format!(
            "deliver the next generation, and {}; wait for the apply bound, or for 150 ms where that is refused",
            asked(*question)
        ),
        Step::NoteVersion => {
            "ask which version serves, again and again until it is another than was named before, for the apply bound at most, and note it".into()
        }
        Step::RollBack { changes_ago } => format!(
            "order a rollback to the version that was noted {changes_ago} files before the newest, and wait for {}, for the apply bound at most",
            awaited(Condition::Restored)
        ),
        Step::RollBackToNone => {
            "order a rollback to a version that never was; wait for the apply bound, or for 150 ms where that is refused".into()
        }
        Step::Inspect => "look at the files and the listening sockets of the target".into(),
        Step::Delete => "remove the file".into(),
        Step::Meddle(with) => meddled(*with).into(),
        Step::Await(condition) => format!(
            "wait for {}, for {} at most",
            awaited(*condition),
            match condition {
                Condition::KeptFollow => "the apply bound and the drain bound",
                Condition::Checked | Condition::Shunned => "the time that the target declares",
                Condition::HeldEnded => "the apply bound and the time for draining",
                _ => "the apply bound",
            }
        ),
        Step::Watch { ms } => format!("observe for {ms} ms"),
        Step::WatchPastApplyBound { ms } => format!("observe for the apply bound and {ms} ms more"),
        Step::Hold { what, count } => format!("hold open: {count} × {}", what.name()),
        Step::Release => "release all that is held, and wait for its end".into(),
        Step::ForEachDelivery(_) => "for each delivery pattern of the target:".into(),
        Step::ForEachOf { deliveries, .. } => {
            let names: Vec<_> = deliveries.iter().map(|delivery| delivery.name()).collect();
            format!(
                "for each of these that the target supports, {}:",
                names.join(", ")
            )
        }
        Step::ForEachTrigger { that, .. } => {
            format!("for each trigger of the target that {}, told by it alone:", that.words())
        }
        Step::ForEachFlaw(_) => "for each kind of bad file:".into(),
        Step::ForEachHostile(_) => "for each kind of hostile file:".into(),
        Step::WithFlaw { flaw, .. } => format!("with bad files of the kind {flaw}:"),
        Step::RepeatFor { ms, at_most, .. } => format!("for {ms} ms, but at most {at_most} times:"),
        Step::Repeat { times, .. } => format!("{times} times:"),
    }
}

fn laid_out(layout: &Layout) -> String {
    let listener = layout
        .listener
        .map(|listener| format!("a second listener at {}", address(listener)));
    let routes = layout.routes.iter().map(|route| {
        let leads_to = match route.leads_to {
            LeadsTo::Current => "the origin of the generation",
            LeadsTo::Apart => "an origin that is no generation's",
            LeadsTo::Unresolvable => "a name that nobody has",
            LeadsTo::Unreachable => "an address at which nobody listens",
            LeadsTo::Checked => "three origins that are no generation's, whose health is checked",
            LeadsTo::Affine => "three origins that are no generation's, of which each session has its own",
            LeadsTo::Grpc => "an origin that is no generation's, by HTTP/2",
            LeadsTo::Kept => "an origin that is no generation's, to which connections are kept",
        };
        format!("a route for {} to {leads_to}", route.prefix())
    });
    if layout.in_parts {
        return "from here on, configurations are of several files: a main file, which is written once, and a member that bears the \
            markers; bad files are further members, and go with the next good change"
            .into();
    }
    let many =
        (layout.many > 0).then(|| format!("{} further routes to the origin of the generation", layout.many));
    let other = layout
        .other_setting
        .then(|| "another value of a setting that a reload cannot change".to_owned());
    let drain = (layout.drain_ms > 0).then(|| {
        format!(
            "{} ms for what is in flight on a listener that is taken away",
            layout.drain_ms
        )
    });
    let linked = layout.linked.then(|| {
        "certificate and key in a folder that a link leads to, which is swapped when they are renewed"
            .to_owned()
    });
    let further = layout
        .further_name
        .then(|| "a certificate for a further name".to_owned());
    let all: Vec<String> = listener
        .into_iter()
        .chain(linked)
        .chain(further)
        .chain(routes)
        .chain(many)
        .chain(other)
        .chain(drain)
        .collect();
    match all.as_slice() {
        [] => "from here on, configurations have one listener and one route".into(),
        all => format!("from here on, configurations also have {}", all.join(", ")),
    }
}

fn address(listener: Listener) -> &'static str {
    match listener {
        Listener::First => "the first address",
        Listener::Second => "a second address",
        Listener::Third => "a third address",
        Listener::Wildcard => "all addresses, with the port of the second",
        Listener::Socket => "a socket in the file system",
        Listener::Tls => "the second port, by TLS",
        Listener::Http2 => "the second port, by HTTP/2 in the clear",
    }
}

fn asked(question: Question) -> &'static str {
    match question {
        Question::Trigger => "pull the trigger",
        Question::CheckCommand => "run the check command on the file that would be delivered next",
        Question::Status => "ask for the status",
        Question::Metrics => "ask for the metrics",
        Question::Admin => "ask the admin listener something",
        Question::Version => "ask which version serves",
        Question::OrderWithout => "order it to be loaded over HTTP, without the credential",
        Question::OrderWithWrong => "order it to be loaded over HTTP, with a wrong credential",
        Question::OrderAtTraffic => {
            "order it to be loaded over HTTP, with the credential, at the address for traffic"
        }
    }
}

fn meddled(with: Meddling) -> &'static str {
    match with {
        Meddling::Commented => "deliver the same content with a comment before it, trigger",
        Meddling::Rewritten => "deliver the same content once more, trigger",
        Meddling::Touched => "give the file the time of now, and leave its content as it is, trigger",
        Meddling::MovedAway => "rename the file to another name",
        Meddling::MovedBack => "rename it back, trigger",
        Meddling::Unreadable => "let nobody read the file any more",
        Meddling::Folder => "put a folder in the place of the file",
        Meddling::Pipe => "put a named pipe in the place of the file, to which nobody writes",
    }
}

fn awaited(condition: Condition) -> &'static str {
    match condition {
        Condition::Effect => "an answer of the new generation",
        Condition::Rejection => "a sign that the file was refused",
        Condition::MissingRecord => "a record that the file is missing",
        Condition::SuccessRecord => "a record of the success",
        Condition::Refusal => "a refused connect",
        Condition::Restored => "an answer of what the rollback is to restore",
        Condition::ManagerReady => "READY=1 to the service manager",
        Condition::LeafShown => {
            "a handshake that shows the newest certificate that stands there with its key"
        }
        Condition::Checked => "a check of each origin whose health is checked",
        Condition::Shunned => "that no request has come for 400 ms to the one that fails its checks",
        Condition::HeldEnded => "the end of all that is held, which nothing releases",
        Condition::KeptFollow => "an answer of the new generation to each task that keeps its connection",
    }
}
