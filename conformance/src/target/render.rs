//! From a scene to a target's files, through its templates.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Value;
use minijinja::{Environment, ErrorKind, UndefinedBehavior, context};
use nix::sys::signal::Signal;

use super::error::TargetError;
use super::folder::Folder;
use super::group;
use super::parts::Member;
use super::socket;
use super::spec::{self, Role, Spec, TriggerBody};
use super::tls;
use super::{ORIGINS, OriginAddress, Place, Reach, Rendered, Trigger};
use crate::vocabulary::{Flaw, Generation, LeadsTo, Limit, Listener, Scene, TriggerKind};

/// What a template may name. See `docs/add-a-target.md`.
const NAMES: [&str; 25] = [
    "dir",
    "config",
    "candidate",
    "generation",
    "stamp",
    "credential",
    "listen.{host,port}",
    "admin.{host,port}",
    "origin.{name,host,port}",
    "origins",
    "second.{host,port}",
    "socket.path",
    "routes",
    "other_setting",
    "drain.{ms,s}",
    "flaw",
    "fixed(name)",
    "members",
    "member.{name,prefix,origin}",
    "version",
    "tls.{host,port,certificate,key,further}",
    "http2.{host,port}",
    "rate.count",
    "sessions.max",
    "breaker.{failures,open_s}",
];

/// The size of a huge file.
const HUGE_BYTES: usize = 100 << 20;
/// A comment in most languages of configurations.
const COMMENT: &[u8] = b"# a line that means nothing, of which there are more than anybody would write\n";
/// A name that no resolver knows (RFC 2606, section 2).
const UNRESOLVABLE: &str = "nowhere.invalid";

/// The templates of a folder.
#[derive(Debug)]
pub(super) struct Templates {
    target: String,
    environment: Environment<'static>,
}

impl Templates {
    /// Compiles all files of the folder that are templates.
    pub(super) fn of(folder: &Folder, spec: &Spec) -> Result<Self, TargetError> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        let syntax = SyntaxConfig::builder().keep_trailing_newline(true).build();
        // A syntax without delimiters of its own cannot be in conflict with itself.
        environment.set_syntax(syntax.unwrap_or_default());
        let mut templates = Self {
            target: folder.title.clone(),
            environment,
        };
        let of_parts = spec.include.iter().flat_map(spec::Include::templates);
        for name in spec.files.iter().map(|file| &file.template).chain(of_parts) {
            let source = folder.file(name)?;
            let added = templates.environment.add_template_owned(name.clone(), source);
            added.map_err(|error| templates.failed(name, &error))?;
        }
        Ok(templates)
    }

    /// Renders a file of a configuration in several; none, if it is the main file.
    pub(super) fn part(
        &self,
        spec: &Spec,
        template: &str,
        member: Option<Member>,
        scene: &Scene,
        place: &Place,
    ) -> Result<Vec<u8>, TargetError> {
        let member = member.map(|member| {
            let origins = origins(place);
            let origin = led_to(member.leads_to(), place, &origins, &current(scene, &origins));
            context! { name => member.name(), prefix => member.prefix(scene.flaw), origin => origin }
        });
        let context = context! { member => member, ..context(spec, scene, place) };
        let rendered = self
            .environment
            .get_template(template)
            .and_then(|template| template.render(&context))
            .map_err(|error| self.failed(template, &error))?;
        Ok(rendered.into_bytes())
    }

    pub(super) fn render(&self, spec: &Spec, scene: &Scene, place: &Place) -> Result<Rendered, TargetError> {
        let context = context(spec, scene, place);
        let mut config = Vec::new();
        let mut fixed = Vec::new();
        for file in &spec.files {
            let rendered = self
                .environment
                .get_template(&file.template)
                .and_then(|template| template.render(&context))
                .map_err(|error| self.failed(&file.template, &error))?
                .into_bytes();
            match file.role {
                Role::Config => config = rendered,
                Role::Fixed => fixed.push((PathBuf::from(&file.path), rendered)),
            }
        }
        match scene.flaw {
            Some(Flaw::Empty) => config.clear(),
            Some(Flaw::Truncated) => config.truncate(config.len() * 2 / 3),
            Some(Flaw::Huge) => {
                config.truncate(config.len() * 2 / 3);
                let mut huge = COMMENT.repeat(HUGE_BYTES / COMMENT.len());
                huge.append(&mut config);
                config = huge;
            }
            Some(Flaw::Nul) => config.extend(b"\n\0 \0\n"),
            Some(Flaw::NotUtf8) => config.extend(b"\n\xff\xfe \xff\n"),
            _ => {}
        }
        Ok(Rendered { config, fixed })
    }

    /// Renders a text of `target.toml`.
    pub(super) fn text(&self, spec: &Spec, text: &str, place: &Place) -> Result<String, TargetError> {
        let scene = Scene::of(Generation(1));
        self.environment
            .render_str(text, context(spec, &scene, place))
            .map_err(|error| self.refused(format!("{text:?} in target.toml"), &error))
    }

    /// Renders a text of `target.toml` that may name a version.
    pub(super) fn of_version(
        &self,
        spec: &Spec,
        text: &str,
        version: &str,
        place: &Place,
    ) -> Result<String, TargetError> {
        let scene = Scene::of(Generation(1));
        let context = context! { version => version, ..context(spec, &scene, place) };
        self.environment
            .render_str(text, context)
            .map_err(|error| self.refused(format!("{text:?} in target.toml"), &error))
    }

    /// Renders a text of `target.toml` that is about a further route.
    pub(super) fn of_route(&self, text: &str, number: u8) -> Result<String, TargetError> {
        // Where it leads is not known before it is rendered for a scene.
        let route = route(number.into(), Value::UNDEFINED);
        self.environment
            .render_str(text, context! { route => route })
            .map_err(|error| self.refused(format!("{text:?} in target.toml"), &error))
    }

    pub(super) fn texts(
        &self,
        spec: &Spec,
        texts: &[String],
        place: &Place,
    ) -> Result<Vec<String>, TargetError> {
        texts.iter().map(|text| self.text(spec, text, place)).collect()
    }

    pub(super) fn trigger(
        &self,
        spec: &Spec,
        trigger: &spec::Trigger,
        place: &Place,
    ) -> Result<Trigger, TargetError> {
        let lacks = |key: &str| {
            let kind = format!("{:?}", trigger.kind).to_lowercase();
            TargetError::invalid(
                format!("{}/target.toml", self.target),
                format!("trigger: kind {kind:?} needs `{key}`"),
            )
        };
        match trigger.kind {
            TriggerKind::Watch => Ok(Trigger::Watch),
            TriggerKind::Signal => {
                let name = trigger.signal.as_deref().ok_or_else(|| lacks("signal"))?;
                Ok(Trigger::Signal(signal(&self.target, name)?))
            }
            TriggerKind::Command => {
                let args = trigger.args.as_ref().ok_or_else(|| lacks("args"))?;
                Ok(Trigger::Command {
                    program: trigger.program.as_ref().map(PathBuf::from),
                    args: self.texts(spec, args, place)?,
                })
            }
            TriggerKind::Http => {
                let url = trigger.url.as_deref().ok_or_else(|| lacks("url"))?;
                let mut headers = Vec::new();
                for (name, value) in &trigger.headers {
                    headers.push((name.clone(), self.text(spec, value, place)?));
                }
                Ok(Trigger::Http {
                    method: trigger.method.clone().unwrap_or_else(|| "POST".into()),
                    url: self.text(spec, url, place)?,
                    headers,
                    sends_config: trigger.body == Some(TriggerBody::Config),
                })
            }
            TriggerKind::Socket => {
                let address = trigger.address.as_deref().ok_or_else(|| lacks("address"))?;
                let line = trigger.line.as_deref().ok_or_else(|| lacks("line"))?;
                let probe = trigger
                    .probe
                    .as_deref()
                    .map(|probe| self.text(spec, probe, place));
                let at = self.text(spec, address, place)?;
                let line = self.text(spec, line, place)?;
                socket::told(&at, line, trigger.answered.clone(), probe.transpose()?)
                    .map_err(|message| TargetError::invalid(format!("{}/target.toml", self.target), message))
            }
        }
    }

    /// What is wrong with a template, by its line.
    fn failed(&self, name: &str, error: &minijinja::Error) -> TargetError {
        let line = error.line().map_or_else(String::new, |line| format!(":{line}"));
        self.refused(format!("{name}{line}"), error)
    }

    fn refused(&self, name: String, error: &minijinja::Error) -> TargetError {
        let part = error.template_source().zip(error.range());
        let part = part.and_then(|(source, range)| source.get(range));
        let part = part.map_or_else(String::new, |part| format!(" (`{part}`)"));
        let message = match (error.kind(), error.detail()) {
            (ErrorKind::UndefinedError, _) => {
                format!(
                    "it uses a name that is not defined here{part}; defined are {}",
                    NAMES.join(", ")
                )
            }
            (kind, None) => format!("{kind}{part}"),
            (kind, Some(detail)) => format!("{kind}: {detail}{part}"),
        };
        TargetError::Template {
            target: self.target.clone(),
            name,
            message,
        }
    }
}

/// A signal by its name.
pub(super) fn signal(target: &str, name: &str) -> Result<Signal, TargetError> {
    Signal::from_str(name).map_err(|_| {
        TargetError::invalid(
            format!("{target}/target.toml"),
            format!("there is no signal {name:?}; SIGHUP is one"),
        )
    })
}

fn context(spec: &Spec, scene: &Scene, place: &Place) -> Value {
    let generation = scene.generation;
    let origins = origins(place);
    let current = current(scene, &origins);
    let is_plain = |listener: &Listener| !matches!(listener, Listener::Tls | Listener::Http2);
    let listener = scene.layout.listener.filter(is_plain);
    let bound = listener.map(|listener| place.bound(listener));
    let (second, socket) = match bound {
        Some(Reach::Tcp(bound)) => (
            Some(context! { host => bound.ip().to_string(), port => bound.port() }),
            None,
        ),
        Some(Reach::Unix(path)) => (None, Some(context! { path => path.display().to_string() })),
        None => (None, None),
    };
    let few = scene.layout.routes.iter().map(|one| {
        let origin = led_to(one.leads_to, place, &origins, &current);
        let route = route(one.number.into(), origin);
        group::with_group(spec, one.leads_to, &origins, route)
    });
    let many = scene
        .layout
        .many_numbers()
        .map(|number| route(number, current.clone()));
    let routes: Vec<Value> = few.chain(many).collect();
    let fixed: Vec<(String, PathBuf)> = spec
        .files
        .iter()
        .map(|file| (file.path.clone(), place.dir.join(&file.path)))
        .collect();
    let limit = scene.layout.limit;
    let drain_ms = scene.layout.drain_ms;
    let drain = (drain_ms > 0).then(|| context! { ms => drain_ms, s => drain_ms.div_ceil(1_000) });
    let fixed = Value::from_function(move |name: String| -> Result<String, minijinja::Error> {
        fixed
            .iter()
            .find(|(path, _)| *path == name)
            .map(|(_, path)| text(path))
            .ok_or_else(|| {
                minijinja::Error::new(
                    ErrorKind::InvalidOperation,
                    format!("no file has the path {name:?}"),
                )
            })
    });
    context! {
        dir => text(&place.dir),
        config => text(&place.config),
        candidate => text(&place.candidate),
        generation => generation.0,
        stamp => generation.to_string(),
        credential => generation.credential(),
        listen => context! { host => place.listen.ip().to_string(), port => place.listen.port() },
        admin => context! { host => place.admin.ip().to_string(), port => place.admin.port() },
        origin => current,
        origins => origins,
        second => second,
        socket => socket,
        routes => routes,
        other_setting => scene.layout.other_setting,
        drain => drain,
        tls => tls::context_of(spec, scene, place),
        rate => limit.and_then(Limit::in_a_minute).map(|count| context! { count }),
        sessions => (limit == Some(Limit::Sessions)).then(|| context! { max => Limit::SESSIONS }),
        breaker => (limit == Some(Limit::Breaker)).then(|| context! { failures => Limit::FAILURES, open_s => Limit::OPEN_S }),
        http2 => (scene.layout.listener == Some(Listener::Http2)).then(
            || context! { host => place.second.ip().to_string(), port => place.second.port() },
        ),
        flaw => scene.flaw.filter(|flaw| !flaw.is_made_by_the_suite()).map(Flaw::name),
        fixed => fixed,
        members => spec.include.as_ref().map(|include| text(&include.members(scene.layout.outside, place))),
    }
}

/// A further route.
fn route(number: u32, origin: Value) -> Value {
    let members = [origin.clone()];
    context! { name => format!("r{number}"), prefix => format!("/r{number}/"), origin, members, ..group::none() }
}

fn origins(place: &Place) -> Vec<Value> {
    let origin = |origin: &OriginAddress| {
        context! { name => origin.name.clone(), host => origin.address.ip().to_string(), port => origin.address.port() }
    };
    place.origins.iter().map(origin).collect()
}

/// The origin of a scene's generation.
fn current(scene: &Scene, origins: &[Value]) -> Value {
    let index = scene.generation.origin_index(ORIGINS);
    origins.get(index).cloned().unwrap_or_default()
}

/// The origin of a route, in the shape of the others.
fn led_to(leads_to: LeadsTo, place: &Place, origins: &[Value], current: &Value) -> Value {
    match leads_to {
        LeadsTo::Current => current.clone(),
        LeadsTo::Apart | LeadsTo::Kept | LeadsTo::Grpc => origins.get(ORIGINS).cloned().unwrap_or_default(),
        LeadsTo::Checked | LeadsTo::Affine => origins.get(ORIGINS + 1).cloned().unwrap_or_default(),
        LeadsTo::Unresolvable => context! { name => "unresolvable", host => UNRESOLVABLE, port => 80 },
        LeadsTo::Unreachable => {
            context! { name => "unreachable", host => place.third.ip().to_string(), port => place.third.port() }
        }
    }
}

pub(super) fn text(path: &Path) -> String {
    path.display().to_string()
}
