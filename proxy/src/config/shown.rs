//! The configuration that serves, as JSON in the form of the file, with every default written out and every secret masked.

mod acme;
mod admission;
mod attempts;
mod balancing;
mod connections;
mod tls;

use serde_json::{Map, Value, json};

use crate::model::{
    Action, Admin, Cut, Drain, Endpoint, HeaderEdits, HostMatch, Limits, Listener, Log, LogFormat, LogLevel,
    Metrics, Model, Otlp, PathMatch, Probe, Protocol, Revisions, Route, RouteKey, Settings, Timeouts,
    Tracing, Upstream,
};

/// What is shown in the place of a secret.
const MASK: &str = "***";

/// A whole configuration. Taken apart in full, so that a new setting has to be thought of here.
pub fn shown(model: &Model) -> Value {
    let Model {
        settings,
        listeners,
        routes,
        upstreams,
    } = model;
    let mut shown = settings_of(settings);
    let all = |values: Vec<Value>| Value::Array(values);
    shown.insert(
        "listeners".into(),
        all(listeners.values().map(|one| listener(one)).collect()),
    );
    shown.insert(
        "routes".into(),
        all(routes.iter().map(|one| route(one)).collect()),
    );
    shown.insert(
        "upstreams".into(),
        all(upstreams.values().map(|one| upstream(one)).collect()),
    );
    Value::Object(shown)
}

fn settings_of(settings: &Settings) -> Map<String, Value> {
    let Settings {
        log: Log {
            level,
            format,
            destination,
        },
        pid_file,
        workers,
        drain: Drain {
            timeout,
            listener_timeout,
            route_timeout,
        },
        limits,
        admission,
        revisions: Revisions { keep },
        metrics: Metrics { prefix },
        tracing: Tracing { otlp },
        probe,
        admin,
        acme,
        request_headers,
        response_headers,
    } = settings;
    let level = match level {
        LogLevel::Error => "error",
        LogLevel::Warn => "warn",
        LogLevel::Info => "info",
        LogLevel::Debug => "debug",
        LogLevel::Trace => "trace",
    };
    let format = match format {
        LogFormat::Text => "text",
        LogFormat::Json => "json",
    };
    let mut shown = Map::new();
    let mut put = |key: &str, value: Value| shown.insert(key.to_owned(), value);
    put(
        "log",
        json!({"level": level, "format": format, "destination": destination.to_string()}),
    );
    if let Some(path) = pid_file {
        put("pid_file", json!(path.display().to_string()));
    }
    put("workers", json!(workers));
    put(
        "drain",
        json!({
            "timeout": duration(*timeout),
            "listener_timeout": cut(*listener_timeout),
            "route_timeout": cut(*route_timeout),
        }),
    );
    put("limits", limits_of(limits));
    for (key, value) in admission::shown(admission) {
        put(key, value);
    }
    put("revisions", json!({"keep": keep}));
    put("metrics", json!({"prefix": prefix.as_ref()}));
    if let Some(Otlp {
        endpoint,
        service_name,
        timeout,
    }) = otlp
    {
        let (endpoint, name, timeout) = (endpoint.as_ref(), service_name.as_ref(), duration(*timeout));
        put(
            "tracing",
            json!({"otlp": {"endpoint": endpoint, "service_name": name, "timeout": timeout}}),
        );
    }
    if let Some(Probe { timeout }) = probe {
        put("probe", json!({"timeout": duration(*timeout)}));
    }
    if let Some(Admin { address, token }) = admin {
        let mut admin = json!({"address": address.to_string()});
        if token.is_some() {
            admin["token"] = MASK.into();
        }
        put("admin", admin);
    }
    if let Some(acme) = acme {
        put("acme", acme::shown(acme));
    }
    put("request_headers", edits(request_headers));
    put("response_headers", edits(response_headers));
    shown
}

fn limits_of(limits: &Limits) -> Value {
    let Limits {
        connections,
        header_bytes,
        header_count,
        header_read_timeout,
        idle_timeout,
        body_read_timeout,
        send_timeout,
        body_bytes,
    } = limits;
    let mut shown = json!({
        "connections": connections,
        "header_bytes": header_bytes,
        "header_count": header_count,
        "header_read_timeout": duration(*header_read_timeout),
        "idle_timeout": duration(*idle_timeout),
        "body_read_timeout": duration(*body_read_timeout),
        "send_timeout": duration(*send_timeout),
    });
    if let Some(bytes) = body_bytes {
        shown["body_bytes"] = json!(bytes);
    }
    shown
}

fn listener(listener: &Listener) -> Value {
    let Listener {
        name,
        address,
        protocols,
        tls,
    } = listener;
    let protocols: Vec<_> = protocols.all().map(Protocol::word).collect();
    let mut shown = json!({"name": name.as_str(), "address": address.to_string(), "protocols": protocols});
    if let Some(tls) = tls {
        shown["tls"] = tls::listener(tls);
    }
    shown
}

fn route(route: &Route) -> Value {
    let Route {
        key: RouteKey { listener, host, path },
        action,
        admission,
        body_bytes,
        attempts,
        request_headers,
        response_headers,
    } = route;
    let mut shown = Map::new();
    let mut put = |key: &str, value: Value| shown.insert(key.to_owned(), value);
    if let Some(listener) = listener {
        put("listener", listener.as_str().into());
    }
    match host {
        HostMatch::Any => None,
        HostMatch::Suffix(host) => put("host", format!("*.{host}").into()),
        HostMatch::Exact(host) => put("host", host.as_ref().into()),
    };
    match path {
        PathMatch::Exact(path) => put("path", path.as_ref().into()),
        PathMatch::Prefix(path) => put("prefix", format!("{path}/").into()),
    };
    match action {
        Action::Forward(name) => put("upstream", name.as_str().into()),
        Action::Respond { status, body } => {
            let body = plain(&String::from_utf8_lossy(body));
            put("respond", json!({"status": status.as_u16(), "body": body}))
        }
        Action::Redirect { status, location } => {
            let location = plain(&String::from_utf8_lossy(location.as_bytes()));
            put(
                "redirect",
                json!({"status": status.as_u16(), "location": location}),
            )
        }
    };
    for (key, value) in admission::shown(admission) {
        put(key, value);
    }
    if let Some(bytes) = body_bytes {
        put("body_bytes", json!(bytes));
    }
    put("request_headers", edits(request_headers));
    put("response_headers", edits(response_headers));
    if matches!(action, Action::Forward(_)) {
        attempts::put(&mut shown, attempts);
    }
    Value::Object(shown)
}

fn upstream(upstream: &Upstream) -> Value {
    let Upstream {
        name,
        endpoints,
        resolve,
        timeouts: Timeouts {
            connect,
            response,
            idle,
        },
        pool,
        protocol,
        tls,
        admission,
        breaker,
        retry_budget,
        balance,
        sticky,
        health,
        ejection,
        slow_start,
    } = upstream;
    let endpoint =
        |Endpoint { authority, weight }: &Endpoint| json!({"address": authority.as_ref(), "weight": weight});
    let mut shown = json!({
        "name": name.as_str(),
        "endpoints": endpoints.iter().map(endpoint).collect::<Vec<_>>(),
        "resolve": connections::resolve(resolve),
        "timeouts": {"connect": duration(*connect), "response": duration(*response), "idle": duration(*idle)},
        "pool": connections::pool(pool),
        "protocol": protocol.word(),
    });
    if let Some(tls) = tls {
        shown["tls"] = tls::upstream(tls);
    }
    for (key, value) in admission::shown(admission) {
        shown[key] = value;
    }
    if let Some(breaker) = breaker {
        shown["breaker"] = admission::breaker(breaker);
    }
    shown["retry_budget"] = attempts::budget(retry_budget);
    balancing::put(&mut shown, balance, sticky.as_ref());
    balancing::put_health(&mut shown, health.as_ref(), ejection.as_ref(), *slow_start);
    shown
}

/// The values of fields may be credentials, their names are none.
fn edits(edits: &HeaderEdits) -> Value {
    let HeaderEdits { remove, set } = edits;
    let set: Map<String, Value> = set
        .iter()
        .map(|(name, _)| (name.to_string(), MASK.into()))
        .collect();
    let remove: Vec<&str> = remove.iter().map(http::HeaderName::as_str).collect();
    json!({"set": set, "remove": remove})
}

/// A text, unless it may hold a password, as a URL does before `@`.
fn plain(text: &str) -> String {
    if text.contains('@') {
        MASK.to_owned()
    } else {
        text.to_owned()
    }
}

fn cut(cut: Cut) -> String {
    cut.after().map_or_else(|| "never".to_owned(), duration)
}

pub(super) fn duration(duration: std::time::Duration) -> String {
    format!("{}ms", duration.as_millis())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Format, Text, parse, validate};

    fn model(text: &str) -> Model {
        let text = Text::new("test", Format::Yaml, text.as_bytes()).expect("text");
        validate(&parse(text).expect("a document"), text)
            .unwrap_or_else(|diagnostics| panic!("{diagnostics}"))
    }

    const CONFIG: &str = "
admin: {address: '127.0.0.1:9901', token: canary-0123456789}
listeners: [{name: web, address: '127.0.0.1:8080'}]
request_headers: {set: {authorization: canary}}
limits: {body_bytes: 5}
routes:
  - {listener: web, host: '*.example.org', path: /a, upstream: app, response_headers: {set: {x-key: canary}, remove: [x-b]}}
  - {host: example.org, redirect: {location: 'https://user:canary@example.org/'}}
  - {respond: {status: 503, body: later}}
upstreams: [{name: app, endpoints: [{address: 'a:1', weight: 2}]}]
";

    #[test]
    fn no_secret_is_shown() {
        let text = shown(&model(CONFIG)).to_string();
        assert!(!text.contains("canary"), "{text}");
        assert_eq!(text.matches(MASK).count(), 4, "{text}");
    }

    #[test]
    fn what_is_shown_is_a_configuration_that_means_the_same_but_for_its_secrets() {
        let first = model(CONFIG);
        let text = shown(&first).to_string();
        let again = text.replace(r#""token":"***""#, r#""token":"0123456789abcdef""#);
        assert_eq!(shown(&model(&again)), shown(&first));
    }
}
