//! Serving by TLS: where certificate and key stand, and how a target is told that they changed.
//!
//! In: the section `[tls]` of a target folder. Out: what its templates may name, and what tells it. Never: a certificate.

use std::path::PathBuf;

use minijinja::context;
use minijinja::value::Value;
use serde::Deserialize;

use super::error::TargetError;
use super::render::text;
use super::spec::{self, Spec};
use super::{Place, Target, Trigger};
use crate::vocabulary::{Capability, Scene, TriggerKind};

/// The name that the further certificate is of.
pub const FURTHER_NAME: &str = "further.test";
/// What the files are called, but for what tells their kind.
const LEAF: &str = "leaf";
const FURTHER: &str = "further";
/// The folder of certificate and key, below the run's.
const FOLDER: &str = "tls";

/// That it serves by TLS, by a certificate and a key in files.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Tls {
    /// Whether certificate and key stand in one file, the key after the certificate.
    #[serde(default)]
    pub(super) joined: bool,
    /// Whether a reload can bring a further certificate, for a further name.
    #[serde(default)]
    pub(super) sni: bool,
    /// Whether the config file is touched, so that it is read again with the files that it names.
    #[serde(default)]
    touch: bool,
    /// How it is told that they changed, where that is another way than the usual one; `watch`, where it is not told.
    trigger: Option<spec::Trigger>,
}

/// That it speaks HTTP/2 in the clear.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Http2 {}

/// That it carries gRPC.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Grpc {}

/// What a folder declares by these sections.
pub(super) fn declared(spec: &Spec) -> [(Capability, bool); 5] {
    let has = |is_so: fn(&Tls) -> bool| spec.tls.as_ref().is_some_and(is_so);
    [
        (Capability::Tls, has(|_| true)),
        // Two files, of which one may be renewed before the other.
        (Capability::TlsPair, has(|tls| !tls.joined)),
        (Capability::Sni, has(|tls| tls.sni)),
        (Capability::Http2, spec.http2.is_some()),
        (Capability::Grpc, spec.grpc.is_some()),
    ]
}

/// Where certificate and key stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate.
    pub certificate: PathBuf,
    /// The key: the same file, where they stand in one.
    pub key: PathBuf,
}

impl TlsFiles {
    fn of(tls: &Tls, stem: &str, place: &Place) -> Self {
        let file = |extension: &str| place.dir.join(FOLDER).join(format!("{stem}.{extension}"));
        let (certificate, key) = if tls.joined {
            ("pem", "pem")
        } else {
            ("crt", "key")
        };
        Self {
            certificate: file(certificate),
            key: file(key),
        }
    }

    /// Whether they stand in one file.
    pub fn are_joined(&self) -> bool {
        self.certificate == self.key
    }
}

/// What a template may name of it, where the scene has it.
pub(super) fn context_of(spec: &Spec, scene: &Scene, place: &Place) -> Option<Value> {
    let tls = spec.tls.as_ref().filter(|_| scene.layout.is_by_tls())?;
    let files = TlsFiles::of(tls, LEAF, place);
    let further = scene.layout.further_name.then(|| {
        let files = TlsFiles::of(tls, FURTHER, place);
        context! { name => FURTHER_NAME, certificate => text(&files.certificate), key => text(&files.key) }
    });
    Some(context! {
        further => further,
        host => place.second.ip().to_string(),
        port => place.second.port(),
        certificate => text(&files.certificate),
        key => text(&files.key),
    })
}

// === impl Target ===

impl Target {
    /// Where certificate and key stand, if it serves by TLS.
    pub fn tls_files(&self, place: &Place) -> Option<TlsFiles> {
        self.spec.tls.as_ref().map(|tls| TlsFiles::of(tls, LEAF, place))
    }

    /// The same, of the certificate for [`FURTHER_NAME`].
    pub fn further_files(&self, place: &Place) -> Option<TlsFiles> {
        self.spec
            .tls
            .as_ref()
            .map(|tls| TlsFiles::of(tls, FURTHER, place))
    }

    /// Whether the config file is touched once certificate or key changed, before anything is told.
    pub fn touched_for_renewal(&self) -> bool {
        self.spec.tls.as_ref().is_some_and(|tls| tls.touch)
    }

    /// How to tell it that certificate or key changed; where that is its usual way, by this trigger.
    ///
    /// # Errors
    /// If a part of the trigger does not render.
    pub fn renewal_trigger(&self, by: Option<TriggerKind>, place: &Place) -> Result<Trigger, TargetError> {
        let of_its_own = self.spec.tls.as_ref().and_then(|tls| tls.trigger.as_ref());
        let trigger = of_its_own.unwrap_or_else(|| self.spec.trigger(by));
        self.templates.trigger(&self.spec, trigger, place)
    }
}
