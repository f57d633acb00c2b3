//! The names of HTTP/1 in ALPN: both ends offer [`HTTP_1_1`], and a client speaks nothing else.

use crate::tls::Tls;
use std::io::{self, ErrorKind};

/// As RFC 7301 §6 registers them.
pub(super) const HTTP_1_1: &str = "http/1.1";
const HTTP_1_0: &str = "http/1.0";

/// Whether HTTP may be spoken with what client and server have agreed on.
// RFC 7301 §3.2: "The server SHALL NOT respond with a selected protocol and subsequently use a
// different protocol for application data exchange."
pub(super) fn speaks_http(tls: &Tls) -> io::Result<()> {
    match tls.alpn_protocol() {
        None | Some(HTTP_1_1 | HTTP_1_0) => Ok(()),
        Some(other) => {
            let text = format!(
                "client and server agreed on {other:?} (ALPN), and {HTTP_1_1} is all that is spoken \
                 here: offer nothing else with ClientOptions::alpn"
            );
            Err(io::Error::new(ErrorKind::InvalidData, text))
        }
    }
}
