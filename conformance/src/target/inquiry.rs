//! What a target is asked over HTTP: where, and with what.
//!
//! In: a question, and where the target runs. Out: the request, or nothing where the folder does not say how to ask.

use std::collections::BTreeMap;

use super::error::TargetError;
use super::spec::Spec;
use super::{Place, Target, Trigger};
use crate::vocabulary::{Question, TriggerKind};

/// A request that asks a target something, or gives it an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inquiry {
    /// The method.
    pub method: String,
    /// The URL.
    pub url: String,
    /// The headers.
    pub headers: Vec<(String, String)>,
    /// Whether the body is the config file; else it is empty.
    pub sends_config: bool,
}

impl Target {
    /// What asks a question over HTTP; nothing where the folder does not say how.
    ///
    /// # Errors
    /// If a part of it does not render.
    pub fn inquiry(&self, question: Question, place: &Place) -> Result<Option<Inquiry>, TargetError> {
        let of = |spec: &Spec| match question {
            Question::Status => spec.status.as_ref().map(|status| status.url.clone()),
            Question::Metrics => spec.metrics.as_ref().map(|metrics| metrics.url.clone()),
            Question::Version => spec.versions.as_ref().and_then(|versions| {
                let status = || spec.status.as_ref().map(|status| status.url.clone());
                versions.url.clone().or_else(status)
            }),
            Question::Admin => spec.admin.as_ref().map(|admin| admin.url.clone()),
            _ => None,
        };
        let Some(url) = of(&self.spec) else {
            return self.order(question, place);
        };
        let none = BTreeMap::new();
        let headers = self.spec.admin.as_ref().map_or(&none, |admin| &admin.headers);
        let mut rendered = Vec::new();
        for (name, value) in headers {
            rendered.push((name.clone(), self.templates.text(&self.spec, value, place)?));
        }
        Ok(Some(Inquiry {
            method: "GET".to_owned(),
            url: self.templates.text(&self.spec, &url, place)?,
            headers: rendered,
            sends_config: false,
        }))
    }

    /// The trigger over HTTP, changed so that nobody may give the order.
    fn order(&self, question: Question, place: &Place) -> Result<Option<Inquiry>, TargetError> {
        let of_its_own = self.spec.trigger.kind == TriggerKind::Http;
        let by = (!of_its_own).then_some(TriggerKind::Http);
        let Trigger::Http {
            method,
            mut url,
            mut headers,
            sends_config,
        } = self.trigger_by(by, place)?
        else {
            return Ok(None);
        };
        let credential = self
            .spec
            .admin
            .as_ref()
            .and_then(|admin| admin.credential.as_deref());
        let bears = |(name, _): &(String, String)| credential == Some(name.as_str());
        match question {
            Question::OrderWithout if headers.iter().any(bears) => headers.retain(|header| !bears(header)),
            Question::OrderWithWrong if headers.iter().any(bears) => {
                for (_, value) in headers.iter_mut().filter(|header| bears(header)) {
                    let last = value.pop();
                    value.push(if last == Some('x') { 'y' } else { 'x' });
                }
            }
            Question::OrderAtTraffic => {
                url = url.replacen(&place.admin.to_string(), &place.listen.to_string(), 1);
            }
            _ => return Ok(None),
        }
        Ok(Some(Inquiry {
            method,
            url,
            headers,
            sends_config,
        }))
    }
}
