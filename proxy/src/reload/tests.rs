use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::{Layer, Registry};

use super::*;

/// Notes each span as `parent/name`, and each field as `name=value`, in their order.
#[derive(Clone, Default)]
struct Notes(Arc<Mutex<Vec<String>>>);

impl Notes {
    fn add(&self, note: String) {
        self.0.lock().expect("notes").push(note);
    }

    fn taken(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().expect("notes"))
    }
}

impl Visit for Notes {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.add(format!("{field}={}", format!("{value:?}").trim_matches('"')));
    }
}

impl<S: tracing::Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Notes {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let span = context.span(id).expect("a span");
        let parent = span.parent().map_or("", |parent| parent.name());
        self.add(format!("{parent}/{}", span.name()));
        attributes.record(&mut self.clone());
    }

    fn on_record(&self, _: &Id, values: &Record<'_>, _: Context<'_, S>) {
        values.record(&mut self.clone());
    }
}

fn candidate(text: &str) -> Candidate {
    Candidate::new(Path::new("proxy.yaml"), text.as_bytes().to_vec())
}

#[test]
fn each_attempt_is_a_span_with_its_stages_below_it() {
    let notes = Notes::default();
    let _collecting = tracing::subscriber::set_default(Registry::default().with(notes.clone()));
    let mut reloader = Reloader::new();
    let good = candidate("listeners: [{name: web, address: '127.0.0.1:0'}]\n");
    reloader.reload(&good.clone().asked_by(Origin::Boot));
    let digest = format!("digest={}", good.digest);
    let stages = [
        "gather", "validate", "plan", "stage", "compile", "commit", "drain",
    ];
    let stages: Vec<_> = stages.iter().map(|name| format!("reload/{name}")).collect();
    let attempt = |origin: &str, digest: &str, stages: &[String], outcome: &str, revision: u64| {
        let begin = [
            "/reload".to_owned(),
            format!("origin={origin}"),
            digest.to_owned(),
        ];
        let end = [format!("outcome={outcome}"), format!("revision={revision}")];
        [&begin[..], stages, &end].concat()
    };
    assert_eq!(notes.taken(), attempt("boot", &digest, &stages, "applied", 1));
    // An attempt ends with the stage that refuses it.
    let bad = candidate("workers: many\n");
    reloader.reload(&bad);
    let bad = format!("digest={}", bad.digest);
    assert_eq!(notes.taken(), attempt("watch", &bad, &stages[..2], "rejected", 1));
    reloader.reload(&good);
    assert_eq!(notes.taken(), attempt("watch", &digest, &[], "unchanged", 1));
    reloader.stop();
}
