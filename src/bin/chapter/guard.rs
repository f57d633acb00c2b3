//! What the page may do, and which requests may use it: those of a browser that was sent to it by its own address.
//!
//! Every program of this machine can connect to the door, and so can a page of any site in the user's browser. Two
//! fields say which page it is, and a script cannot forge them:
//!
//! | | is | else |
//! |---|---|---|
//! | `Host` | `127.0.0.1` or `localhost`, with the port of the door: a site that makes its own name resolve to 127.0.0.1 (DNS rebinding) sends its name | 421 |
//! | `Origin` of the WebSocket | `http://` and what `Host` says; it must be there, since a browser sends it | 403 |
//!
//! `[::1]` is another address, where another program may listen at the same port.

use barewire::http::{self, Failure, Request};

/// The page and all of its files have these: nothing is loaded from elsewhere, nothing inline runs, no other page frames
/// it. (`/chapter/digits` is no part of the page, but what two exchanges ask for.)
pub(crate) const FIELDS: [(&str, &str); 5] = [
    (
        "Content-Security-Policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cache-Control", "no-cache"),
];

const NAMES: [&str; 2] = ["127.0.0.1", "localhost"];

/// Refuses a request for another host.
pub(crate) fn check_host(req: &Request<'_>) -> Result<(), Failure> {
    match is_ours(req.host(), port(req)) {
        true => Ok(()),
        // RFC 9110 §15.5.20: "The 421 (Misdirected Request) status code indicates that the request was directed at a
        // server that is unable or unwilling to produce an authoritative response for the target URI."
        false => Err(refuse(
            421,
            "this page is http://127.0.0.1, at its own port (RFC 9110 §15.5.20)",
            None,
        )),
    }
}

/// Refuses a WebSocket of another page, and of no page.
pub(crate) fn check_origin(req: &Request<'_>) -> Result<(), Failure> {
    let origins: Vec<&[u8]> = req.headers().get_all("Origin").collect();
    let is_own = match origins[..] {
        [origin] => origin.strip_prefix(b"http://").is_some_and(|host| {
            host.eq_ignore_ascii_case(req.host().as_bytes()) && is_ours(req.host(), port(req))
        }),
        _ => false,
    };
    match is_own {
        true => Ok(()),
        // RFC 6455 §10.2: "Servers that are not intended to process input from any web page but only for certain
        // sites SHOULD verify the |Origin| field is an origin they expect."
        false => Err(refuse(
            403,
            "only the chapter's own page may connect (RFC 6455 §10.2)",
            None,
        )),
    }
}

/// A refusal with the same fields.
pub(crate) fn refuse(status: u16, why: &str, allow: Option<&str>) -> Failure {
    let allow = allow.map(|allow| ("Allow", allow));
    let fields: Vec<_> = FIELDS.into_iter().chain(allow).collect();
    http::refuse_with(status, why, fields)
}

fn port(req: &Request<'_>) -> Option<u16> {
    req.stream().local_addr().ok()?.port()
}

fn is_ours(host: &str, port: Option<u16>) -> bool {
    let (name, given) = match host.rsplit_once(':') {
        Some((name, digits)) if !digits.ends_with(']') => (name, digits.parse().ok()),
        _ => (host, Some(80)),
    };
    port.is_some() && given == port && NAMES.iter().any(|ours| name.eq_ignore_ascii_case(ours))
}

#[cfg(test)]
mod tests {
    use super::is_ours;

    #[test]
    fn only_this_machine_and_this_port() {
        for ours in ["127.0.0.1:1337", "localhost:1337", "LocalHost:1337"] {
            assert!(is_ours(ours, Some(1337)), "{ours}");
        }
        for other in [
            "evil.example:1337",
            "127.0.0.1",
            "127.0.0.1:1338",
            "127.0.0.1:",
            "localhost.evil.example:1337",
            "evil.localhost:1337",
            "[::1]",
            "[::1]:1337",
            "::1:1337",
            "127.0.0.1:1337:1337",
            "",
            ":1337",
            "127.0.0.1.:1337",
        ] {
            assert!(!is_ours(other, Some(1337)), "{other}");
        }
        assert!(is_ours("localhost", Some(80)) && !is_ours("localhost:1337", None));
    }
}
