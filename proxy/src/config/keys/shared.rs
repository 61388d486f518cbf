//! Forms of text that several keys take.

use super::Form;

const fn form(what: &'static str, examples: &'static [&'static str], pattern: &'static str) -> Form {
    Form {
        what,
        examples,
        pattern: Some(pattern),
        is_secret: false,
    }
}

/// A certificate authority.
pub(super) const DIRECTORY: Form = form(
    "a URL with `https://`, a host, and perhaps a port and a path",
    &["https://acme-v02.api.letsencrypt.org/directory"],
    r"^https://[^/?#@\s]+(/[^?#@\s]*)?$",
);

pub(super) const FOLDER: Form = form(
    "the absolute path of a folder",
    &["/var/lib/reloadspec-proxy/acme"],
    "^/",
);

pub(super) const CONTACT: Form = form(
    "a URL, as in `mailto:`",
    &["mailto:ops@example.org"],
    r"^mailto:[!-~]+@[!-~]+$",
);

pub(super) const ACME_HOST: Form = form(
    "a name without a port, and no wildcard",
    &["www.example.org"],
    r"^[A-Za-z0-9._-]{1,253}$",
);

/// A name by which others refer to it.
pub(super) const NAME: Form = form(
    "a name of letters, digits, `-`, `_` and `.`, at most 128 of them",
    &["web", "app-1"],
    r"^[A-Za-z0-9._-]{1,128}$",
);

pub(super) const LISTEN_ADDRESS: Form = form(
    "an IP address and a port, of which 0 is any free one; or `unix:` and the absolute path of a socket",
    &["127.0.0.1:8080", "0.0.0.0:80", "[::1]:8080", "unix:/run/web.sock"],
    r"^unix:/|:[0-9]{1,5}$",
);

pub(super) const ADMIN_ADDRESS: Form = form(
    "an IP address and a port, or `unix:` and the absolute path of a socket",
    &["127.0.0.1:9901", "unix:/run/reloadspec.sock"],
    r"^unix:/|:[0-9]{1,5}$",
);

pub(super) const ENDPOINT_ADDRESS: Form = form(
    "a host and a port; a name is resolved whenever a connection is opened",
    &["127.0.0.1:9000", "[::1]:9000", "app.internal:9000"],
    r":[0-9]{1,5}$",
);

pub(super) const TOKEN: Form = Form {
    is_secret: true,
    ..form(
        "16 to 512 letters, digits and `-._~+/=`, as of `openssl rand -hex 32`",
        &["0123456789abcdef"],
        r"^[A-Za-z0-9._~+/=-]{16,512}$",
    )
};

/// In PEM, as of `openssl`.
pub(super) const CERTIFICATES_PEM: Form = form(
    "certificates in PEM, mostly those of a file",
    &["${file:tls/site.pem}"],
    "-----BEGIN ",
);

pub(super) const KEY_PEM: Form = Form {
    is_secret: true,
    ..form(
        "a private key in PEM, mostly that of a file",
        &["${file:tls/site.key}"],
        "-----BEGIN ",
    )
};

pub(super) const CRL_PEM: Form = form(
    "revocation lists in PEM, mostly those of a file",
    &["${file:tls/revoked.pem}"],
    "-----BEGIN ",
);

pub(super) const FILE: Form = form(
    "the absolute path of a file",
    &["/run/reloadspec-proxy.pid"],
    r"^/.*[^/]$",
);

pub(super) const DESTINATION: Form = form(
    "`stderr`, or the absolute path of a file",
    &["stderr", "/var/log/reloadspec-proxy.log"],
    r"^stderr$|^/.*[^/]$",
);

pub(super) const PREFIX: Form = form(
    "a letter, then letters, digits and `_`, at most 64 of them",
    &["gateway", "edge_proxy"],
    r"^[A-Za-z][A-Za-z0-9_]{0,63}$",
);

pub(super) const COLLECTOR: Form = form(
    "a URL with `http://`, a host, and perhaps a port and a path",
    &["http://127.0.0.1:4318", "http://collector.internal:4318/otlp"],
    r"^http://[^/?#@\s]+(/[^?#@\s]*)?$",
);

pub(super) const SERVICE: Form = form(
    "1 to 128 visible characters of ASCII, without blanks",
    &["reloadspec-proxy", "edge/berlin"],
    r"^[!-~]{1,128}$",
);

pub(super) const INCLUDE: Form = form(
    "the path of a file, or a pattern with `*`, `?` and `[...]`, seen from the folder of the main file",
    &["conf.d/*.yaml", "/etc/proxy/more.toml"],
    r"^.+$",
);

pub(super) const HOST: Form = form(
    "a name without a port, `*.` and a name, or `*` for all",
    &["www.example.org", "*.example.org", "*", "127.0.0.1"],
    r"^(\*|\[[0-9A-Fa-f:.]+\]|(\*\.)?[A-Za-z0-9._-]{1,253})$",
);

pub(super) const SERVER_NAME: Form = form(
    "a name without a port, or an IP address",
    &["app.internal", "127.0.0.1"],
    r"^[A-Za-z0-9._:-]{1,253}$",
);

pub(super) const PATH: Form = form(
    "a path as in a request, from `/` on, the unusual as %XX",
    &["/api", "/", "/old/%C3%A4"],
    r"^/",
);

pub(super) const LOCATION: Form = form(
    "a URL or a path in visible ASCII without blanks, the rest as %XX",
    &["https://www.example.org/"],
    r"^[!-~]+$",
);

pub(super) const RATE: Form = form(
    "a number of requests from 1 to 1000000, `/`, and `s`, `m` or `h`",
    &["100/s", "1/h", "1000000/m"],
    r"^[0-9]{1,7}/[smh]$",
);

pub(super) const CLIENT_KEY: Form = form(
    "`client_address`, or `header:` and the name of a field",
    &["client_address", "header:x-api-key"],
    r"^client_address$|^header:[^\s:]+$",
);

pub(super) const FIELD: Form = form(
    "the name of a header field, letters, digits and `-`",
    &["x-internal"],
    r"^[^\s:]+$",
);

pub(super) const COOKIE: Form = form(
    "the name of a cookie, of letters, digits and `!#$%&'*+-.^_|~`, at most 64 of them",
    &["session", "__Host-app"],
    r"^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}$",
);

/// What a check asks for.
pub(super) const TARGET: Form = form(
    "a path as in a request, perhaps with a query",
    &["/healthz", "/ready?deep=1"],
    r"^/[!-~]*$",
);

pub(super) const AUTHORITY: Form = form(
    "a host, perhaps with a port",
    &["app.internal", "127.0.0.1:9000"],
    r"^[A-Za-z0-9._:\[\]-]{1,260}$",
);

pub(super) const STATUSES: Form = form(
    "statuses and ranges of them, with commas between",
    &["200-299", "200", "200-299,404"],
    STATUSES_PATTERN,
);

pub(super) const FAILURES: Form = form(
    "statuses and ranges of them, with commas between, or `none`",
    &["500-599", "502,503,504", "none"],
    FAILURES_PATTERN,
);

const STATUSES_PATTERN: &str = r"^[1-5][0-9]{2}(-[1-5][0-9]{2})?(,[1-5][0-9]{2}(-[1-5][0-9]{2})?)*$";
const FAILURES_PATTERN: &str = r"^none$|^[1-5][0-9]{2}(-[1-5][0-9]{2})?(,[1-5][0-9]{2}(-[1-5][0-9]{2})?)*$";

pub(super) const BODY: Form = Form {
    what: "any text",
    examples: &["ok\n"],
    pattern: None,
    is_secret: false,
};
