//! What requests carry: conditions, languages and bodies, each within bounds.

use std::time::Duration;

use http::{HeaderMap, Request, StatusCode, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Incoming;

use super::answers::Problem;
use crate::config::Format;
use crate::order::Precondition;
use crate::reload::{Candidate, Origin, PARCEL_TYPE, Parcel};

/// How long a request's body may take.
const BODY_PATIENCE: Duration = Duration::from_secs(30);

/// Entity tags in the form `"digest"`, separated by commas, or `*`. A weak tag never matches.
pub(super) fn precondition(headers: &HeaderMap) -> Result<Option<Precondition>, Problem> {
    let mut tags = Vec::new();
    for value in headers.get_all(header::IF_MATCH) {
        for tag in value.to_str().unwrap_or("?").split(',').map(str::trim) {
            let digest = tag.strip_prefix('"').and_then(|tag| tag.strip_suffix('"'));
            match digest {
                Some(digest) => tags.push(digest.to_owned()),
                None if tag == "*" => return Ok(None),
                None if tag.starts_with("W/\"") => tags.push(String::new()),
                None => {
                    let detail = "`If-Match` takes the digest in quotes, as `ETag` gives it";
                    return Err(Problem::new(
                        StatusCode::BAD_REQUEST,
                        "bad-request",
                        "not an entity tag",
                        detail,
                    ));
                }
            }
        }
    }
    Ok((!tags.is_empty()).then_some(Precondition(tags)))
}

/// In which form a content is sent.
#[derive(Debug, Clone, Copy)]
pub(super) enum Form {
    /// By itself, in a language.
    Alone(Format),
    /// With all that it refers to.
    Parcel,
}

/// The form of a content that is sent: YAML unless its type says otherwise.
pub(super) fn form_of(request: &Request<Incoming>) -> Form {
    let content_type = request.headers().get(header::CONTENT_TYPE);
    match content_type
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
    {
        parcel if parcel.starts_with(PARCEL_TYPE) => Form::Parcel,
        known if known.contains("json") => Form::Alone(Format::Json),
        known if known.contains("toml") => Form::Alone(Format::Toml),
        _ => Form::Alone(Format::Yaml),
    }
}

/// A content that was sent.
pub(super) fn sent_candidate(form: Form, bytes: Vec<u8>) -> Result<Candidate, Problem> {
    let candidate = match form {
        Form::Alone(format) => Candidate::sent("(body)".to_owned(), format, bytes),
        Form::Parcel => serde_json::from_slice(&bytes)
            .map(Parcel::into_candidate)
            .map_err(|error| {
                let title = "the body is no parcel";
                Problem::new(StatusCode::BAD_REQUEST, "bad-request", title, error.to_string())
            })?,
    };
    Ok(candidate.asked_by(Origin::Api))
}

/// The whole body of a request, of at most `limit` bytes.
pub(super) async fn body(request: Request<Incoming>, limit: usize) -> Result<Vec<u8>, Problem> {
    let collected = Limited::new(request.into_body(), limit).collect();
    match tokio::time::timeout(BODY_PATIENCE, collected).await {
        Ok(Ok(body)) => Ok(body.to_bytes().into()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            let detail = format!("at most {limit} bytes");
            Err(Problem::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "too-large",
                "the body is too large",
                detail,
            ))
        }
        Ok(Err(error)) => Err(Problem::new(
            StatusCode::BAD_REQUEST,
            "bad-request",
            "the body broke off",
            error.to_string(),
        )),
        Err(_) => {
            let detail = format!("it did not arrive within {} s", BODY_PATIENCE.as_secs());
            Err(Problem::new(
                StatusCode::REQUEST_TIMEOUT,
                "too-slow",
                "the body is too slow",
                detail,
            ))
        }
    }
}
