//! The endpoints of the admin API.
//!
//! In: requests that the doors let in. Out: answers. What only reads is answered from the board, also while a reload goes on; what changes
//! something is an order to the supervisor, and is answered when it is done.

use std::path::PathBuf;
use std::sync::Arc;

use http::{HeaderValue, Method, Request, StatusCode, header};
use hyper::body::Incoming;
use serde_json::{Value, json};

use super::access::{check_origin, check_token, denied};
use super::answers::{self, Answered, Problem, Refusal};
use super::door::{Answer, Answers};
use super::request::{body, form_of, precondition, sent_candidate};
use super::{certificates, upstreams};
use crate::config::{self, SIZE_LIMIT_BYTES};
use crate::metrics::{Form, Metrics};
use crate::model::Secret;
use crate::order::{Order, Wish};
use crate::reload::{self, Attempt, Board, Digest, Origin, Outcome, Rejection, Status, Touches};
use crate::runtime::Shared;
use crate::source;

/// Whoever takes orders; false if nobody does any more.
pub(crate) type Orders = Box<dyn Fn(Order) -> bool + Send + Sync>;

/// All that the endpoints need.
pub(crate) struct Desk {
    pub(super) board: Arc<Board>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) shared: Arc<Shared>,
    /// The configuration file.
    pub(super) path: PathBuf,
    pub(super) orders: Orders,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Endpoint {
    Health,
    Ready,
    Status,
    Config,
    Revisions,
    Metrics,
    Plan,
    Reload,
    Rollback,
}

const SMALL_BODY_BYTES: usize = 4096;

/// All paths. `schema/admin.openapi.yaml` describes each.
const PATHS: [(&str, Endpoint); 9] = [
    ("/status", Endpoint::Status),
    ("/config", Endpoint::Config),
    ("/revisions", Endpoint::Revisions),
    ("/metrics", Endpoint::Metrics),
    ("/plan", Endpoint::Plan),
    ("/reload", Endpoint::Reload),
    ("/rollback", Endpoint::Rollback),
    ("/healthz", Endpoint::Health),
    ("/readyz", Endpoint::Ready),
];

// === impl Endpoint ===

impl Endpoint {
    fn of(path: &str) -> Option<Self> {
        let found = PATHS.iter().find(|(known, _)| *known == path);
        found.map(|(_, endpoint)| *endpoint)
    }

    fn methods(self) -> &'static str {
        match self {
            Self::Health | Self::Ready | Self::Status | Self::Config | Self::Revisions | Self::Metrics => {
                "GET, HEAD"
            }
            Self::Plan => "GET, HEAD, POST",
            Self::Reload | Self::Rollback => "POST",
        }
    }

    /// Those who look after processes have no token, and learn nothing but a number.
    fn is_open(self) -> bool {
        matches!(self, Self::Health | Self::Ready)
    }
}

// === impl Desk ===

impl Answers for Desk {
    fn answer(self: Arc<Self>, request: Request<Incoming>, token: Option<Secret>) -> Answer {
        Box::pin(async move {
            // A door opens a moment before there is a status of the boot that opened it.
            self.board.filled().await;
            match self.decide(request, token.as_ref()).await {
                Ok(answer) => answer,
                Err((problem, field)) => {
                    let mut answer = problem.into_answer(self.revision());
                    if let Some((name, value)) = field {
                        answer.headers_mut().insert(name, value);
                    }
                    answer
                }
            }
        })
    }
}

impl Desk {
    /// What serves at this moment, whatever the board says.
    fn revision(&self) -> u64 {
        self.shared.current.load().revision()
    }

    async fn decide(&self, request: Request<Incoming>, token: Option<&Secret>) -> Result<Answered, Refusal> {
        let endpoint = Endpoint::of(request.uri().path());
        check_origin(request.headers(), token).map_err(denied)?;
        if !endpoint.is_some_and(Endpoint::is_open) {
            check_token(request.headers(), token).map_err(denied)?;
        }
        let Some(endpoint) = endpoint else {
            let known = PATHS.map(|(path, _)| path).join(" ");
            let known = format!("known are {known}");
            return Err((
                Problem::new(StatusCode::NOT_FOUND, "not-found", "there is nothing here", known),
                None,
            ));
        };
        let methods = endpoint.methods();
        if !methods
            .split(", ")
            .any(|method| method == request.method().as_str())
        {
            let problem = Problem::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "method-not-allowed",
                "the method is not for this path",
                format!("use {methods}"),
            );
            return Err((problem, Some((header::ALLOW, HeaderValue::from_static(methods)))));
        }
        let answer = match endpoint {
            Endpoint::Health => Ok(self.health(true)),
            Endpoint::Ready => Ok(self.health(!self.board.is_stopping())),
            Endpoint::Status => Ok(self.status()),
            Endpoint::Config => Ok(self.config()),
            Endpoint::Revisions => Ok(self.revisions()),
            Endpoint::Metrics => self.metrics(request.headers()),
            Endpoint::Plan => self.plan(request).await,
            Endpoint::Reload => self.order(Wish::Reload, Origin::Api, request.headers()).await,
            Endpoint::Rollback => self.roll_back(request).await,
        };
        answer.map_err(|problem| (problem, None))
    }

    fn health(&self, good: bool) -> Answered {
        let (status, word) = if good {
            (StatusCode::OK, "ok")
        } else {
            (StatusCode::SERVICE_UNAVAILABLE, "stopping")
        };
        answers::json(
            status,
            &json!({"status": word, "config_version": self.revision()}),
        )
    }

    fn status(&self) -> Answered {
        let status = self.board.status();
        let Status {
            revision,
            digest,
            revisions,
            attempts,
            files,
            disk,
            addresses,
            model,
        } = status.as_ref();
        let active = revisions.last();
        let draining = self.shared.draining_revisions();
        let body = json!({
            "config_version": revision,
            "digest": text(*digest),
            "state": if self.board.is_stopping() { "stopping" } else { "serving" },
            "applied_at": active.map(|active| answers::time(active.at)),
            "origin": active.map(|active| active.origin.to_string()),
            "revisions_kept": revisions.len(),
            "last_attempt": attempts.back().map(|last| answers::attempt(last)),
            "disk": {
                "path": self.path.display().to_string(),
                "files": files.iter().map(|file| file.display().to_string()).collect::<Vec<_>>(),
                "readable": disk.is_some(),
                "digest": text(*disk),
                "differs": status.disk_differs(),
                "watched": self.board.is_watching(),
            },
            "draining": {
                "generations": draining.len(),
                "revisions": draining,
                "connections": self.shared.draining_connection_count(),
            },
            "connections": self.shared.connection_count(),
            "limits": self.shared.current.load().gates.figures().iter().map(answers::limits).collect::<Vec<_>>(),
            "listeners": addresses.iter().map(|(name, address)| json!({"name": name.as_str(), "address": address.to_string()})).collect::<Vec<_>>(),
            "certificates": certificates::shown(model, &self.shared.issuance),
            "upstreams": upstreams::shown(&self.shared.current.load()),
        });
        answers::tagged(&body, *digest)
    }

    fn config(&self) -> Answered {
        let status = self.board.status();
        let body = json!({
            "config_version": status.revision,
            "digest": text(status.digest),
            "config": config::shown(&status.model),
        });
        answers::tagged(&body, status.digest)
    }

    fn revisions(&self) -> Answered {
        let status = self.board.status();
        let newest_first = status.revisions.iter().rev();
        let body = json!({
            "config_version": status.revision,
            "revisions": newest_first.map(|one| answers::revision(one, status.revision)).collect::<Vec<_>>(),
            "attempts": status.attempts.iter().rev().map(|one| answers::attempt(one)).collect::<Vec<_>>(),
        });
        answers::tagged(&body, status.digest)
    }

    fn metrics(&self, headers: &http::HeaderMap) -> Result<Answered, Problem> {
        let accept = headers.get_all(header::ACCEPT).iter();
        let form = Form::accepted(accept.filter_map(|value| value.to_str().ok()));
        let text = self
            .metrics
            .render(form, &self.board, &self.shared)
            .map_err(|_| Problem::internal("the metrics could not be written"))?;
        Ok(answers::typed(
            StatusCode::OK,
            HeaderValue::from_static(form.content_type()),
            text,
        ))
    }

    /// What the file, or a content that is sent, would change.
    async fn plan(&self, request: Request<Incoming>) -> Result<Answered, Problem> {
        let sent = match *request.method() {
            Method::POST => {
                let form = form_of(&request);
                let bytes = body(request, SIZE_LIMIT_BYTES as usize).await?;
                (!bytes.is_empty()).then_some((form, bytes))
            }
            _ => None,
        };
        let status = self.board.status();
        let (path, model) = (self.path.clone(), Arc::clone(&status.model));
        let rolls = self.shared.survey().await;
        let rolls = rolls.map_err(|silent| Problem::internal(&silent.to_string()))?;
        let addresses = status.addresses.clone();
        let planned = tokio::task::spawn_blocking(move || {
            let (candidate, from) = if let Some((form, bytes)) = sent {
                (sent_candidate(form, bytes)?, "body")
            } else {
                let read = source::read_candidate(&path)
                    .map_err(|error| Problem::rejected(&Rejection::Unreadable(Box::new(error)), ""));
                (read?, "disk")
            };
            let plan = reload::plan(&model, &candidate);
            let plan = plan.map_err(|rejection| Problem::rejected(&rejection, ""))?;
            let next = plan.apply(&model);
            let touches = Touches::of(&plan, &model, &next, &addresses, &rolls);
            Ok((plan, touches, candidate.digest, from))
        });
        let planned = planned
            .await
            .map_err(|_| Problem::internal("the plan was not finished"))?;
        let (plan, touches, digest, from) = planned?;
        let body = json!({
            "config_version": status.revision,
            "digest": text(status.digest),
            "candidate": {"from": from, "digest": digest.to_string()},
            "empty": plan.is_empty(),
            "summary": plan.to_string(),
            "changes": answers::plan(&plan),
            "touches": answers::touches(&touches),
        });
        Ok(answers::tagged(&body, status.digest))
    }

    async fn roll_back(&self, request: Request<Incoming>) -> Result<Answered, Problem> {
        let headers = request.headers().clone();
        let bytes = body(request, SMALL_BODY_BYTES).await?;
        let wanted = serde_json::from_slice::<Value>(&bytes).ok();
        let to = wanted
            .and_then(|wanted| wanted.get("revision")?.as_u64())
            .ok_or_else(|| {
                let detail = "the body has to be such as {\"revision\": 3}";
                Problem::new(
                    StatusCode::BAD_REQUEST,
                    "bad-request",
                    "no revision is named",
                    detail,
                )
            })?;
        self.order(Wish::RollBack(to), Origin::Rollback { to }, &headers)
            .await
    }

    async fn order(
        &self,
        wish: Wish,
        origin: Origin,
        headers: &http::HeaderMap,
    ) -> Result<Answered, Problem> {
        let precondition = precondition(headers)?;
        let (answer, answered) = tokio::sync::oneshot::channel();
        let order = Order {
            wish,
            origin,
            precondition,
            reply: Box::new(move |reply| {
                // The one who asked may have gone; what was asked for is done all the same.
                let _ = answer.send(reply);
            }),
        };
        if self.board.is_stopping() || !(self.orders)(order) {
            return Err(Problem::stopping());
        }
        let attempt = answered
            .await
            .map_err(|_| Problem::stopping())?
            .map_err(|declined| Problem::declined(&declined))?;
        done(&attempt)
    }
}

fn done(attempt: &Attempt) -> Result<Answered, Problem> {
    if let Outcome::Rejected {
        revision, rejection, ..
    } = attempt.outcome.as_ref()
    {
        let still = format!("; still serving revision {revision}");
        return Err(Problem::rejected(rejection, &still));
    }
    Ok(answers::json(StatusCode::OK, &answers::attempt(attempt)))
}

fn text(digest: Option<Digest>) -> Option<String> {
    digest.map(|digest| digest.to_string())
}
