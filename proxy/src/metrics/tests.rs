use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::*;
use crate::config::{Diagnostic, Diagnostics};
use crate::model::Model;
use crate::reload::{Digest, Made, Plan, Sameness, Status};
use crate::runtime::{Current, Snapshot};

fn render(metrics: &Metrics) -> String {
    let board = Board::default();
    board.put_up(Status {
        digest: Some(Digest::of(b"")),
        ..Status::default()
    });
    let shared = Shared::new(Current::new(Snapshot::default()));
    metrics.render(Form::Prometheus, &board, &shared).expect("text")
}

fn attempt(origin: Origin, outcome: Outcome) -> Attempt {
    Attempt {
        origin,
        at: SystemTime::UNIX_EPOCH + Duration::from_secs(1_000),
        duration: Duration::from_millis(3),
        outcome: Arc::new(outcome),
    }
}

fn applied() -> Outcome {
    Outcome::Applied {
        from: 1,
        revision: 2,
        digest: Digest::of(b""),
        changed: "routes +1, log".into(),
        components: vec!["routes", "log"],
        made: Arc::new(Made {
            old: Arc::default(),
            new: Arc::default(),
            plan: Plan::between(&Model::default(), &Model::default()),
        }),
        duration: Duration::from_millis(3),
    }
}

#[test]
fn every_label_is_there_before_anything_happened() {
    let text = render(&Metrics::default());
    for line in [
        "gateway_config_reload_total{status=\"success\"} 0",
        "gateway_config_reload_total{status=\"error\"} 0",
        "gateway_config_reload_errors_total{error_type=\"invalid\"} 0",
        "gateway_config_reload_errors_total{error_type=\"unavailable\"} 0",
        "gateway_config_reload_errors_total{error_type=\"unreadable\"} 0",
        "gateway_config_reload_component_total{component=\"routes\",status=\"error\"} 0",
        "gateway_config_reload_component_total{component=\"document\",status=\"success\"} 0",
        "gateway_config_reload_duration_seconds_count 0",
        "gateway_config_watcher_running 0",
        "gateway_config_hash{hash=\"e3b0c44298fc1c14\"} 1",
        "gateway_config_reload_last_success_timestamp_seconds 0.0",
        "gateway_requests_total{class=\"5xx\"} 0",
        "gateway_draining_generations 0",
    ] {
        assert!(text.lines().any(|shown| shown == line), "no {line} in\n{text}");
    }
}

#[test]
fn each_outcome_counts_once_where_it_belongs() {
    let metrics = Metrics::default();
    metrics.observe(&attempt(Origin::Boot, applied()));
    metrics.observe(&attempt(Origin::Watch, applied()));
    let sameness = Sameness::Content;
    metrics.observe(&attempt(
        Origin::Sighup,
        Outcome::Unchanged {
            revision: 2,
            sameness,
        },
    ));
    let complaint = Diagnostic::new("syntax", "it breaks off");
    let rejection = Rejection::Invalid(Diagnostics::unplaced("proxy.yaml", complaint));
    let rejected = Outcome::Rejected {
        revision: 2,
        digest: None,
        rejection,
    };
    metrics.observe(&attempt(Origin::Api, rejected));
    let text = render(&metrics);
    for line in [
        "gateway_config_reload_total{status=\"success\"} 2",
        "gateway_config_reload_total{status=\"error\"} 1",
        "gateway_config_reload_errors_total{error_type=\"invalid\"} 1",
        "gateway_config_reload_component_total{component=\"routes\",status=\"success\"} 1",
        "gateway_config_reload_component_total{component=\"log\",status=\"success\"} 1",
        "gateway_config_reload_component_total{component=\"document\",status=\"error\"} 1",
        "gateway_config_reload_duration_seconds_count 3",
        "gateway_config_reload_last_success_timestamp_seconds 1000.0",
    ] {
        assert!(text.lines().any(|shown| shown == line), "no {line} in\n{text}");
    }
}
