//! From a scene to a target's files, through its templates.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Value;
use minijinja::{Environment, ErrorKind, UndefinedBehavior, context};
use nix::sys::signal::Signal;

use super::error::TargetError;
use super::spec::{Role, Spec, TriggerBody};
use super::{OriginAddress, Place, Rendered, Trigger};
use crate::vocabulary::{Flaw, Generation, Scene, TriggerKind};

/// The templates of a folder.
#[derive(Debug)]
pub(super) struct Templates {
    target: String,
    environment: Environment<'static>,
}

impl Templates {
    /// Compiles all files of the folder that are templates.
    pub(super) fn of(
        title: &str,
        files: &BTreeMap<String, String>,
        spec: &Spec,
    ) -> Result<Self, TargetError> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        let syntax = SyntaxConfig::builder().keep_trailing_newline(true).build();
        // A syntax without delimiters of its own cannot be in conflict with itself.
        environment.set_syntax(syntax.unwrap_or_default());
        let mut templates = Self {
            target: title.to_owned(),
            environment,
        };
        for file in &spec.files {
            let source = files.get(&file.template).ok_or_else(|| {
                TargetError::invalid(
                    title,
                    format!("there is no template {} in this folder", file.template),
                )
            })?;
            let added = templates
                .environment
                .add_template_owned(file.template.clone(), source.clone());
            added.map_err(|error| templates.failed(&file.template, &error))?;
        }
        Ok(templates)
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
            _ => {}
        }
        Ok(Rendered { config, fixed })
    }

    /// Renders a text of `target.toml`.
    pub(super) fn text(&self, spec: &Spec, text: &str, place: &Place) -> Result<String, TargetError> {
        let scene = Scene {
            generation: Generation(1),
            flaw: None,
        };
        self.environment
            .render_str(text, context(spec, &scene, place))
            .map_err(|error| self.failed("target.toml", &error))
    }

    pub(super) fn texts(
        &self,
        spec: &Spec,
        texts: &[String],
        place: &Place,
    ) -> Result<Vec<String>, TargetError> {
        texts.iter().map(|text| self.text(spec, text, place)).collect()
    }

    pub(super) fn trigger(&self, spec: &Spec, place: &Place) -> Result<Trigger, TargetError> {
        let trigger = &spec.trigger;
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
        }
    }

    fn failed(&self, name: &str, error: &minijinja::Error) -> TargetError {
        let name = error
            .line()
            .map_or_else(|| name.to_owned(), |line| format!("{name}:{line}"));
        let mut message = match (error.kind(), error.detail()) {
            (ErrorKind::UndefinedError, _) => "it uses a name that is not defined here".to_owned(),
            (kind, None) => kind.to_string(),
            (kind, Some(detail)) => format!("{kind}: {detail}"),
        };
        if let (Some(source), Some(range)) = (error.template_source(), error.range())
            && let Some(part) = source.get(range)
        {
            message = format!("{message} (`{part}`)");
        }
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
    let origin = |origin: &OriginAddress| {
        context! { name => origin.name.clone(), host => origin.address.ip().to_string(), port => origin.address.port() }
    };
    let origins: Vec<Value> = place.origins.iter().map(origin).collect();
    let current = origins
        .get(generation.origin_index(origins.len().max(1)))
        .cloned()
        .unwrap_or_default();
    let fixed: Vec<(String, PathBuf)> = spec
        .files
        .iter()
        .map(|file| (file.path.clone(), place.dir.join(&file.path)))
        .collect();
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
        generation => generation.0,
        stamp => generation.to_string(),
        credential => generation.credential(),
        listen => context! { host => place.listen.ip().to_string(), port => place.listen.port() },
        admin => context! { host => place.admin.ip().to_string(), port => place.admin.port() },
        origin => current,
        origins => origins,
        flaw => scene.flaw.filter(|flaw| !flaw.is_made_by_the_suite()).map(Flaw::name),
        fixed => fixed,
    }
}

fn text(path: &Path) -> String {
    path.display().to_string()
}
