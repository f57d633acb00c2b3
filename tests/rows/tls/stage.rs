//! Certificates, and handshakes between two sides.

use crate::support::PATIENCE;
use barewire::net::{Pipe, Stream, pipe};
use barewire::tls::{ClientContext, ClientOptions, Code, Error, ServerContext, ServerOptions, Tls};
use rustls::pki_types::{CertificateDer, pem::PemObject};
use std::io::{self, Read, Write};
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Instant;

/// A file of `fixtures/tls/`.
pub(crate) fn pem(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/tls");
    std::fs::read(folder.join(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
}

/// The certificate in a file.
pub(crate) fn der(name: &str) -> Vec<u8> {
    let der = CertificateDer::from_pem_slice(&pem(name)).expect("a certificate");
    der.to_vec()
}

/// A server with the certificate of this name.
pub(crate) fn server(name: &str) -> ServerOptions {
    ServerOptions::new()
        .cert(pem(&format!("{name}.crt")))
        .key(pem(&format!("{name}.key")))
}

/// A server that asks for certificates.
pub(crate) fn asking() -> ServerOptions {
    server("server").request_cert(true).ca(pem("ca.crt"))
}

/// A client that trusts our CA.
pub(crate) fn client() -> ClientOptions {
    ClientOptions::new().ca(pem("ca.crt"))
}

/// A client with the certificate of this name.
pub(crate) fn client_with(name: &str) -> ClientOptions {
    client()
        .cert(pem(&format!("{name}.crt")))
        .key(pem(&format!("{name}.key")))
}

pub(crate) fn server_context(options: &ServerOptions) -> ServerContext {
    ServerContext::new(options).expect("good options")
}

pub(crate) fn client_context(options: &ClientOptions) -> ClientContext {
    ClientContext::new(options).expect("good options")
}

/// The result of a handshake on each side.
pub(crate) struct Met {
    pub(crate) client: Result<Tls, Error>,
    pub(crate) server: Result<Tls, Error>,
}

/// A handshake in which the client asks for `localhost`.
pub(crate) fn meet(server: &ServerOptions, client: &ClientOptions) -> Met {
    meet_again(
        &server_context(server),
        &client_context(client),
        "localhost",
    )
}

pub(crate) fn meet_again(server: &ServerContext, client: &ClientContext, host: &str) -> Met {
    let (here, there) = pipe();
    let accepting = server.clone();
    let accepted = thread::spawn(move || accepting.accept(Arc::new(there)));
    let client = client.connect(Arc::new(here), host, Instant::now() + PATIENCE);
    let server = accepted.join().expect("no panic");
    Met { client, server }
}

impl Met {
    /// Both connections, after each side has read bytes of the other: tickets and alerts have come, too.
    #[track_caller]
    pub(crate) fn both(self) -> (Tls, Tls) {
        let (client, server) = (self.client.unwrap(), self.server.unwrap());
        exchange(&client, &server);
        exchange(&server, &client);
        (client, server)
    }

    /// The error codes of both sides, if they have failed.
    pub(crate) fn codes(&self) -> (Option<Code>, Option<Code>) {
        let code = |side: &Result<Tls, Error>| side.as_ref().err().map(Error::code);
        (code(&self.client), code(&self.server))
    }
}

#[track_caller]
fn exchange(from: &Tls, to: &Tls) {
    from.write(b"hello").unwrap();
    let mut buf = [0; 16];
    assert_eq!(to.read(&mut buf).unwrap(), 5);
}

/// A peer that sends these bytes, and reads until the end.
pub(crate) fn answering(bytes: &'static [u8]) -> Pipe {
    let (here, there) = pipe();
    there.write(bytes).unwrap();
    thread::spawn(move || {
        let mut all = Vec::new();
        read_to_end(&there, &mut all).unwrap();
    });
    here
}

pub(crate) fn read_to_end(stream: &dyn Stream, all: &mut Vec<u8>) -> io::Result<()> {
    let mut buf = [0; 4096];
    loop {
        match stream.read(&mut buf)? {
            0 => return Ok(()),
            n => all.extend_from_slice(&buf[..n]),
        }
    }
}

/// Fails unless the error's text has all of these words.
#[track_caller]
pub(crate) fn says(error: &Error, words: &[&str]) {
    let text = error.to_string();
    for word in words {
        assert!(text.contains(word), "no {word:?} in {text:?}");
    }
}

/// A stream for code that needs `Read` and `Write`.
pub(crate) struct Io(pub(crate) Pipe);

impl Read for Io {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.0.read(buf)
    }
}

impl Write for Io {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        Stream::write(&self.0, buf)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
