//! TLS over a connection, and telling about it.

use crate::connect::Narrated;
use crate::failure::Failure;
use crate::options::Options;
use crate::tap::Tap;
use crate::transcript::{Phase, Transcript};
use barewire::http::wire::Scheme;
use barewire::http::{Connected, Connector, Origin};
use barewire::net::Stream;
use barewire::tls::{ClientContext, ClientOptions, Tls};
use std::io;
use std::sync::Arc;
use std::time::Instant;

pub(crate) struct Secured {
    pub(crate) way: Narrated,
    pub(crate) context: ClientContext,
}

impl Connector for Secured {
    fn connect(&self, to: &Origin, deadline: Instant) -> io::Result<Connected> {
        self.way.connect(to, deadline)
    }

    fn secure(&self, plain: Connected, to: &Origin, deadline: Instant) -> io::Result<Connected> {
        let (began, transcript) = (Instant::now(), &*self.way.0);
        transcript.set_phase(Phase::Securing);
        transcript.note("ALPN: offers http/1.1");
        let plain_tap = plain.stream.as_any().downcast_ref::<Tap>();
        let plain_tap = plain_tap.expect("it was made by connect");
        let tap = plain_tap.over(|below| {
            let tls = self.context.connect(below, to.host(), deadline)?;
            tell(transcript, &tls);
            Ok::<_, io::Error>(Arc::new(tls) as Arc<dyn Stream>)
        });
        let tap = tap.inspect_err(|e| transcript.note(format_args!("{to}: {e}")))?;
        tap.begin();
        Ok(Connected {
            stream: tap,
            secure: began.elapsed(),
            ..plain
        })
    }

    fn scheme(&self) -> Scheme {
        Scheme::Https
    }

    fn key(&self) -> Option<&str> {
        Some(self.context.key())
    }
}

fn tell(transcript: &Transcript, tls: &Tls) {
    let (protocol, cipher) = (tls.protocol(), tls.cipher());
    transcript.note(format_args!("SSL connection using {protocol} / {cipher}"));
    match tls.alpn_protocol() {
        Some(name) => transcript.note(format_args!("ALPN: server accepted {name}")),
        None => transcript.note("ALPN: server did not agree on a protocol"),
    }
    match tls.authorization_error() {
        None => transcript.note("Server certificate: verified"),
        Some(why) => transcript.note(format_args!("Server certificate: {why}, continuing anyway")),
    }
}

/// What the options say about who we are and whom we trust.
pub(crate) fn context(options: &Options) -> Result<ClientContext, Failure> {
    let mut tls = ClientOptions::new()
        .alpn(["http/1.1"])
        .reject_unauthorized(!options.insecure);
    if let Some(path) = &options.cacert {
        tls = tls.ca(file(path, 77)?);
    }
    if let Some(path) = &options.cert {
        tls = tls.cert(file(path, 58)?);
    }
    // As with curl, one file may hold both.
    if let Some(path) = options.key.as_ref().or(options.cert.as_ref()) {
        tls = tls.key(file(path, 58)?);
    }
    ClientContext::new(&tls).map_err(|e| Failure::new(58, e.to_string()))
}

fn file(path: &str, code: u8) -> Result<Vec<u8>, Failure> {
    std::fs::read(path).map_err(|e| Failure::new(code, format!("{path}: {e}")))
}
