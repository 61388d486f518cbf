//! Results in, what is printed and what is written out.

use std::fmt::Write;

use crate::peers::results::{About, Results};
use crate::peers::statistics::short;
use crate::peers::tables::Table;
use crate::peers::{floors, plots, tables};

/// A part of the report.
struct Part {
    title: &'static str,
    about: &'static str,
    /// The plot of it, if there is one.
    plot: &'static str,
    table: fn(&Results) -> Table,
}

const PARTS: [Part; 6] = [
    Part {
        title: "What the reference is to reach",
        about: "Ratios are of figures of the same round: the median of the rounds, and in brackets the least and the greatest of them. *Another run* is the spread: where the median of another run of as many rounds lies \
                in nineteen of twenty, by how much the rounds of this one differ (Student's prediction interval, of logarithms); the rounds are few, so it is wide where they differ. For throughput the better of nginx \
                and HAProxy counts, for all else the best of all. A floor is reached if the median is.",
        plot: "",
        table: floors::table,
    },
    Part {
        title: "How long a change takes",
        about: "From the rename of a new file into its place to the first answer of the new generation. The header of one route of all is another one each time; that route is asked without a pause, during the rest too, each \
                time on a connection of its own, and the time of one request (*sharp to*) is how far a figure may be too high. Signals and calls are part of it: nginx hears SIGHUP, HAProxy's master SIGUSR2, Caddy \
                gets its JSON by `POST /load`; the others watch. What is renamed is on the disk already. Changes come one at a time, with 30 ms of rest between (HAProxy: 100 ms, as its master hears no signal for some 30 ms after a reload). *Lost* are those of which \
                a proxy had to be told again. *Split* has the reference's routes in 100 included files, one of which changes.",
        plot: "peers-apply.svg",
        table: tables::apply,
    },
    Part {
        title: "What requests notice of changes",
        about: "A constant rate over 64 kept connections, each request timed from the moment it was meant to begin; with 10 routes and a change every 100 ms, and with 10 000 routes and a change every second. The same \
                without changes is measured by turns with it, four pieces of each, while as many files are renamed to where no proxy looks: a rename takes time of the core that the load comes from, too. Nothing is sent twice: a request has failed if its connection ends under it, as connections to proxies that replace their processes may, or its status \
                is not 200. A change that the proxy keeps waiting until the next one is due takes the place of that.",
        plot: "peers-reloads.svg",
        table: tables::reloads,
    },
    Part {
        title: "Requests for a second of processor time",
        about: "In thousands, by closed loops of wrk, and for HTTP/2 of h2load with ten streams on each connection. Processor time is what the kernel counts for the process tree (`schedstat`). `small` is an answer of 13 \
                bytes, over 64 or 1 000 connections; `body` has so many bytes; `new-connections` asks once on each; `tls` is by TLS, over kept connections.",
        plot: "peers-throughput.svg",
        table: tables::throughput,
    },
    Part {
        title: "The slowest hundredth of the same requests",
        about: "In milliseconds, and from within a closed loop: as long as the proxy or the load generator is busy all the time, it tells how many wait, and not how long one takes.",
        plot: "",
        table: tables::throughput_p99,
    },
    Part {
        title: "Memory",
        about: "Of the process tree, what is shared in proportion (PSS): at rest with 10 routes; what each of 1 000 connections takes more that were answered once and rest (the reference's by ten more KiB after several answers in a row, as its allocator keeps pages); with 10 000 routes; after ten changes, and \
                after as many more as stand in the last column. Pages of nginx count in part, as \
                the origin is the same program. Measured in the first round.",
        plot: "peers-memory.svg",
        table: tables::memory,
    },
];

const METHOD: &str = "\
The reference is built by `--profile dist`. Proxies run with one worker each (nginx one process, HAProxy and Envoy one thread, Caddy and Traefik `GOMAXPROCS=1`), and all that belongs to them on the cores named above. The bench itself, an nginx as \
origin, and the load generators share the second core. All of them forward every request to that origin, keep connections to it, add `x-forwarded-for`, and write no access log. Their configurations are \
[templates](../../benches/benches/peers/templates), in what each of them takes for many routes: locations of nginx, a map of HAProxy, routes of Envoy and Caddy, routers of Traefik; \
no limit is near. Those that look one route after the other up (Envoy, Caddy, Traefik) find the two that are asked first. Traefik's throttle is 1 ms in the place of 2 s. nginx writes no bodies to files.

A round goes over all proxies row by row, beginning with another one each time, so that what is compared was measured within seconds. Throughput has a second of warming up, loads half a second, and of \
changes the first does not count.
";

const REPRODUCE: &str = "\
```console
$ cargo xtask peers install
$ cargo xtask bench peers
```

`--before docs/performance/peers.json` says of how many figures of the table another run agrees. It takes two cores and nothing else on them. As root, all processes of the bench go before others. `--row apply/10 --peer envoy --quick` and the like do a part of it, and write nothing unless `--out` says where to.
";

/// Whether a run says the same as one before it, in words.
pub fn agreement(before: &Results, now: &Results) -> String {
    floors::agreement(before, now)
}

/// For a terminal.
pub fn text(results: &Results) -> String {
    let mut text = String::new();
    for part in &PARTS {
        let table = (part.table)(results);
        if !table.is_empty() {
            push(&mut text, format_args!("{}\n\n{table}\n", part.title));
        }
    }
    for note in &results.notes {
        push(&mut text, format_args!("not measured: {note}\n"));
    }
    text
}

/// Files by their names: the report, and plots that it shows.
pub fn files(results: &Results) -> Vec<(String, String)> {
    let mut files = plots::all(results);
    let mut text = format!(
        "# The reference beside its peers\n\nMade by `cargo xtask bench peers` from [peers.json](peers.json); not edited.\n\n{}\n",
        about(&results.about)
    );
    for part in &PARTS {
        let table = (part.table)(results);
        if table.is_empty() {
            continue;
        }
        push(
            &mut text,
            format_args!("## {}\n\n{}\n\n{table}\n", part.title, part.about),
        );
        if files.iter().any(|(name, _)| name == part.plot) {
            push(&mut text, format_args!("![{}]({})\n\n", part.title, part.plot));
        }
    }
    if !results.notes.is_empty() {
        text += "## What could not be measured\n\n";
        for note in &results.notes {
            push(&mut text, format_args!("- {note}\n"));
        }
        text += "\n";
    }
    push(
        &mut text,
        format_args!("## Method\n\n{METHOD}\n## Reproduce\n\n{REPRODUCE}"),
    );
    files.push(("peers.md".to_owned(), text));
    files
}

fn about(about: &About) -> String {
    let mut text = format!(
        "{} UTC, {} cores of {}, {}. Proxies on core {}, everything at niceness {}, rounds: {}, open loops at {} requests a second; {} minutes in all. Load average before: {}.",
        about.date,
        about.cores,
        about.processor,
        about.kernel,
        about.proxy_cores,
        about.nice,
        about.rounds,
        about.rate,
        about.took_s.div_ceil(60),
        short(about.load_before),
    );
    if about.is_quick {
        text += " A short run, to see that it works: its figures mean little.";
    }
    let versions: Vec<_> = about
        .versions
        .iter()
        .map(|(name, version)| format!("{name} {version}"))
        .collect();
    push(&mut text, format_args!("\n\nVersions: {}.", versions.join(", ")));
    if !about.absent.is_empty() {
        push(
            &mut text,
            format_args!(" Not run, as not installed: {}.", about.absent.join(", ")),
        );
    }
    text + "\n"
}

fn push(text: &mut String, more: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _written = text.write_fmt(more);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::peers::results::{Measurement, REFERENCE};

    #[test]
    fn a_report_has_the_parts_that_were_measured_and_what_was_not() {
        let results = Results {
            about: About {
                absent: vec!["caddy".to_owned()],
                ..About::default()
            },
            measurements: vec![Measurement::new("apply/10", REFERENCE, 0).with_samples(&[1.0])],
            notes: vec!["memory: nginx: it ended".to_owned()],
        };
        let files = files(&results);
        let names: Vec<_> = files.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["peers-apply.svg", "peers.md"]);
        let text = &files[1].1;
        for part in [
            "## How long a change takes",
            "(peers-apply.svg)",
            "- memory: nginx",
            "installed: caddy",
            "## Reproduce",
        ] {
            assert!(text.contains(part), "{part}");
        }
        assert!(!text.contains("## Memory"));
    }
}
