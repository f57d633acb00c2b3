//! The book's TLS server: it prints whether the client is authorized, sends a welcome, and then
//! everything back.

use crate::certificates::{CERT, KEY};
use crate::demo::log;
use barewire::net::Socket;
use barewire::tls::{ServerOptions, Tls};
use std::io;

/// A client is authorized with a certificate that this authority has signed.
const CA: &[u8] = include_bytes!("../../../fixtures/tls/ca.crt");

/// It asks for a certificate and does not require one. A server that requires it, as the book's
/// does, can never print `unauthorized`: the handshake of such a client fails.
pub(crate) fn options() -> ServerOptions {
    ServerOptions::new()
        .cert(CERT)
        .key(KEY)
        .ca(CA)
        .request_cert(true)
        .reject_unauthorized(false)
}

pub(crate) fn welcome(socket: &Socket) -> io::Result<()> {
    let authorized = Tls::of(&**socket.stream()).is_some_and(Tls::authorized);
    log!("server connected {}", word(authorized));
    socket.write_all("welcome!\n")?;
    socket.pipe(socket).map(drop)
}

/// The book's word for it.
pub(crate) fn word(authorized: bool) -> &'static str {
    match authorized {
        true => "authorized",
        false => "unauthorized",
    }
}
