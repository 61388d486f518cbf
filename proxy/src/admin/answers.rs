//! What the admin API answers: JSON with the number of what serves, and problems in the form of RFC 9457.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use http_body_util::Full;
use serde_json::{Value, json};

use crate::config::{Also, Diagnostic, Diagnostics};
use crate::model::{Address, Cut, Name};
use crate::order::Declined;
use crate::reload::{Attempt, Changes, Digest, Origin, Outcome, Plan, Rejection, Revision, Touches};
use crate::runtime::Figures;

pub(super) type Answered = Response<Full<Bytes>>;

/// A problem, and a field that goes with it.
pub(super) type Refusal = (Problem, Option<(header::HeaderName, HeaderValue)>);

/// A request that is not done.
#[derive(Debug)]
pub(super) struct Problem {
    /// The last part of its type.
    word: &'static str,
    title: &'static str,
    status: StatusCode,
    detail: String,
    /// Further members.
    more: Value,
}

// === impl Problem ===

impl Problem {
    pub(super) fn new(
        status: StatusCode,
        word: &'static str,
        title: &'static str,
        detail: impl Into<String>,
    ) -> Self {
        Self {
            word,
            title,
            status,
            detail: detail.into(),
            more: json!({}),
        }
    }

    /// The proxy itself failed at it.
    pub(super) fn internal(detail: &str) -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "something broke",
            detail,
        )
    }

    /// A refused configuration; `still` ends the detail by saying what still serves.
    pub(super) fn rejected(rejection: &Rejection, still: &str) -> Self {
        let (status, title) = match rejection {
            Rejection::Invalid(_) => (StatusCode::UNPROCESSABLE_ENTITY, "the configuration is invalid"),
            Rejection::Unavailable(_) => (
                StatusCode::CONFLICT,
                "something that the configuration needs cannot be had",
            ),
            Rejection::Unreadable(_) => (StatusCode::CONFLICT, "the configuration cannot be read"),
        };
        let mut problem = Self::new(status, rejection.word(), title, format!("{rejection}{still}"));
        if let Rejection::Invalid(diagnostics) = rejection {
            problem.more = json!({"errors": errors(diagnostics), "details": diagnostics.to_string()});
        }
        problem
    }

    pub(super) fn declined(declined: &Declined) -> Self {
        let detail = declined.to_string();
        match declined {
            Declined::Mismatch { .. } => Self::new(
                StatusCode::PRECONDITION_FAILED,
                "precondition-failed",
                "something else serves",
                detail,
            ),
            Declined::Unknown { oldest, newest, .. } => {
                let mut problem = Self::new(
                    StatusCode::NOT_FOUND,
                    "unknown-revision",
                    "no such revision",
                    detail,
                );
                problem.more = json!({"oldest": oldest, "newest": newest});
                problem
            }
        }
    }

    pub(super) fn stopping() -> Self {
        let detail = "the proxy finishes what is in flight and takes no orders";
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "stopping",
            "the proxy is stopping",
            detail,
        )
    }

    pub(super) fn into_answer(self, revision: u64) -> Answered {
        let Self {
            word,
            title,
            status,
            detail,
            more,
        } = self;
        let mut body = json!({
            "type": format!("urn:reloadspec-proxy:problem:{word}"),
            "title": title,
            "status": status.as_u16(),
            "detail": detail,
            "config_version": revision,
        });
        if let (Value::Object(body), Value::Object(more)) = (&mut body, more) {
            body.extend(more);
        }
        let problem = HeaderValue::from_static("application/problem+json");
        typed(status, problem, format!("{body}\n"))
    }
}

fn errors(diagnostics: &Diagnostics) -> Value {
    let error = |one: &Diagnostic| {
        let mut error = json!({"code": one.code, "message": one.message, "file": one.file});
        if let Some(place) = &one.place {
            error["line"] = place.line.into();
            error["column"] = place.column.into();
        }
        if !one.path.is_empty() {
            error["path"] = one.shown_path().into();
        }
        if let Some(Also {
            file,
            place: Some(place),
            ..
        }) = &one.also
        {
            error["also"] = json!({"file": file, "line": place.line, "column": place.column});
        }
        if let Some(help) = &one.help {
            error["help"] = help.as_str().into();
        }
        error
    };
    diagnostics.all().iter().map(error).collect()
}

/// An answer with a body of some type. Nothing that it says stays true for long.
pub(super) fn typed(status: StatusCode, content_type: HeaderValue, body: String) -> Answered {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, content_type);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

pub(super) fn json(status: StatusCode, body: &Value) -> Answered {
    typed(
        status,
        HeaderValue::from_static("application/json"),
        format!("{body}\n"),
    )
}

/// The same with the digest of what serves, as `If-Match` takes it.
pub(super) fn tagged(body: &Value, digest: Option<Digest>) -> Answered {
    let mut answer = json(StatusCode::OK, body);
    if let Some(tag) = digest.and_then(|digest| HeaderValue::from_str(&format!("\"{digest}\"")).ok()) {
        answer.headers_mut().insert(header::ETAG, tag);
    }
    answer
}

pub(super) fn time(at: SystemTime) -> String {
    humantime::format_rfc3339_millis(at).to_string()
}

pub(super) fn millis(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}

pub(super) fn revision(revision: &Revision, active: u64) -> Value {
    let Revision {
        number,
        digest,
        at,
        origin,
        changed,
        model: _,
    } = revision;
    let mut shown = json!({
        "revision": number,
        "digest": digest.to_string(),
        "at": time(*at),
        "origin": origin.to_string(),
        "outcome": "applied",
        "changed": changed,
        "active": *number == active,
    });
    if let Origin::Rollback { to } = origin {
        shown["rollback_to"] = json!(to);
    }
    shown
}

/// An attempt, with all that its outcome says.
pub(super) fn attempt(attempt: &Attempt) -> Value {
    let Attempt {
        origin,
        at,
        duration,
        outcome,
    } = attempt;
    let mut shown = json!({
        "origin": origin.to_string(),
        "at": time(*at),
        "duration_ms": millis(*duration),
        "outcome": outcome.word(),
        "config_version": outcome.revision(),
    });
    if let Origin::Rollback { to } = origin {
        shown["rollback_to"] = json!(to);
    }
    match outcome.as_ref() {
        Outcome::Applied {
            from,
            revision: _,
            digest,
            changed,
            components: _,
            made: _,
            duration: _,
        } => {
            shown["from_revision"] = json!(from);
            shown["digest"] = digest.to_string().into();
            shown["changed"] = changed.as_str().into();
        }
        Outcome::Unchanged {
            revision: _,
            sameness,
        } => shown["reason"] = sameness.to_string().into(),
        Outcome::Rejected {
            revision: _,
            digest,
            rejection,
        } => {
            shown["digest"] = json!(digest.map(|digest| digest.to_string()));
            shown["error_type"] = rejection.word().into();
            shown["error"] = rejection.to_string().into();
        }
    }
    shown
}

/// What bounds the proxy, a route or an upstream, and what that has counted.
pub(super) fn limits(figures: &Figures) -> Value {
    let Figures {
        scope,
        name,
        limits,
        rates,
        sessions,
        breaker,
    } = figures;
    let mut shown = json!({"scope": scope});
    if !name.is_empty() {
        shown["name"] = name.as_str().into();
    }
    if let (Some(limit), Some(rates)) = (&limits.rate_limit, rates) {
        shown["rate_limit"] = json!({
            "rate": limit.rate.to_string(),
            "burst": limit.burst,
            "allowed": rates.allowed,
            "refused": rates.refused,
        });
        if let Some(tokens) = rates.tokens {
            shown["rate_limit"]["tokens"] = tokens.into();
        }
        if let Some(clients) = rates.clients {
            shown["rate_limit"]["clients"] = clients.into();
        }
    }
    if let Some(limit) = &limits.sessions {
        shown["sessions"] = json!({
            "max": limit.max,
            "running": sessions.running,
            "waiting": sessions.waiting,
            "refused": sessions.refused,
        });
    }
    if let Some(breaker) = breaker {
        shown["breaker"] = json!({
            "state": breaker.state,
            "refused": breaker.refused,
            "opened": breaker.opened,
        });
    }
    shown
}

/// A plan: names of what is different, never a value, which may be a secret.
pub(super) fn plan(plan: &Plan) -> Value {
    let Plan {
        settings,
        listeners,
        routes,
        upstreams,
    } = plan;
    let names = settings.as_ref().map(|(_, names)| names.clone());
    json!({
        "settings": names.unwrap_or_default(),
        "listeners": changes(listeners, Name::to_string),
        "routes": changes(routes, ToString::to_string),
        "upstreams": changes(upstreams, Name::to_string),
    })
}

/// What a plan does to what is open.
pub(super) fn touches(touches: &Touches) -> Value {
    let Touches {
        sockets,
        routes,
        connections,
        requests,
        workers,
    } = touches;
    let addresses = |all: &[Address]| all.iter().map(Address::to_string).collect::<Vec<_>>();
    json!({
        "sockets": {"open": addresses(&sockets.open), "close": addresses(&sockets.close)},
        "routes": {
            "of": routes.count,
            "touched": routes.touched,
            "by_upstream": routes.by_upstream.iter().map(ToString::to_string).collect::<Vec<_>>(),
        },
        "connections": {
            "open": connections.open,
            "draining": connections.draining,
            "kept": connections.kept,
            "drained_by_listeners": connections.by_listeners,
            "listeners_cut_after_ms": cut(connections.listeners_cut),
            "drained_by_workers": connections.by_workers,
        },
        "requests": {
            "running": requests.running,
            "by_removed_routes": requests.by_removed_routes,
            "removed_routes_cut_after_ms": cut(requests.removed_routes_cut),
        },
        "workers": {"start": workers.start, "retire": workers.retire},
    })
}

fn cut(cut: Cut) -> Option<f64> {
    cut.after().map(millis)
}

fn changes<K, T>(changes: &Changes<K, T>, name: impl Fn(&K) -> String) -> Value {
    let Changes { add, change, remove } = changes;
    json!({
        "add": add.iter().map(|(key, _)| name(key)).collect::<Vec<_>>(),
        "change": change.iter().map(|(key, _)| name(key)).collect::<Vec<_>>(),
        "remove": remove.iter().map(&name).collect::<Vec<_>>(),
    })
}
