//! How certificates are obtained.

use super::shared::{CERTIFICATES_PEM, CONTACT, DIRECTORY, FOLDER};
use super::tables::{NONE, key};
use super::{Absent, Key, Kind};

/// `acme`.
pub const ACME: &[Key] = &[
    key(
        "directory",
        Kind::Text(DIRECTORY),
        Absent::Refused,
        "The URL of the authority's directory.",
    ),
    key(
        "terms_of_service",
        Kind::Word(&["agreed"]),
        Absent::Refused,
        "That you agree to what the authority asks of its subscribers.",
    ),
    key(
        "ca",
        Kind::Text(CERTIFICATES_PEM),
        Absent::Refused,
        "Certificates of those who may have issued that of the authority's own server, as in `${file:/etc/ssl/certs/ca-certificates.crt}`.",
    ),
    key(
        "storage",
        Kind::Text(FOLDER),
        Absent::Refused,
        "A folder for the account and for what is issued, with its keys. It is made if it is not there, for the proxy's own user alone. Two proxies do not share one.",
    ),
    key(
        "contact",
        Kind::Texts(CONTACT),
        NONE,
        "Where the authority reaches you.",
    ),
    key(
        "challenge",
        Kind::Word(&["tls-alpn-01", "http-01"]),
        Absent::Default("tls-alpn-01"),
        "How it is shown that a host is yours: by a handshake on port 443, or by an answer in the clear on port 80. A listener of the proxy has to be reached there.",
    ),
];
