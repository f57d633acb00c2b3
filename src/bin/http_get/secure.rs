//! TLS over a connection, with a `*` line for each step.

use crate::connect::Verbose;
use crate::failure::Failure;
use crate::options::Options;
use crate::transcript::Transcript;
use barewire::http::wire::Scheme;
use barewire::http::{Connected, Connector, Origin};
use barewire::https::{self, TlsConnector};
use barewire::tls::{ClientContext, ClientOptions, Tls};
use std::io;
use std::time::Instant;

#[derive(Clone)]
pub(crate) struct Secured {
    connector: Verbose,
    context: ClientContext,
    tls: TlsConnector,
}

impl Secured {
    pub(crate) fn new(connector: &Verbose, context: ClientContext) -> Secured {
        Secured {
            connector: connector.clone(),
            tls: https::connector(&context),
            context,
        }
    }
}

impl Connector for Secured {
    fn connect(&self, to: &Origin, deadline: Instant) -> io::Result<Connected> {
        self.connector.connect(to, deadline)
    }

    fn secure(&self, plain: Connected, to: &Origin, deadline: Instant) -> io::Result<Connected> {
        let transcript = &*self.connector.0;
        transcript.securing();
        transcript.note("ALPN: offers http/1.1");
        let secured = self.tls.secure(plain, to, deadline);
        let secured = secured.inspect_err(|e| transcript.note(format_args!("{to}: {e}")))?;
        if let Some(tls) = Tls::of(&*secured.stream) {
            print(transcript, tls);
        }
        Ok(secured)
    }

    fn scheme(&self) -> Scheme {
        Scheme::Https
    }

    fn key(&self) -> Option<&str> {
        Some(self.context.key())
    }
}

fn print(transcript: &Transcript, tls: &Tls) {
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

/// The certificates of the options: ours, and those that are trusted.
pub(crate) fn context(options: &Options) -> Result<ClientContext, Failure> {
    let mut tls = ClientOptions::new()
        .alpn(["http/1.1"])
        .reject_unauthorized(!options.insecure);
    let unusable = |code| move |e: io::Error| Failure::new(code, e.to_string());
    if let Some(ca) = options.files.ca().map_err(unusable(77))? {
        tls = tls.ca(ca);
        // Alone at first: of both together the error would not say which one it is about.
        ClientContext::new(&tls).map_err(|e| Failure::new(77, e.to_string()))?;
    }
    if let Some((cert, key)) = options.files.identity().map_err(unusable(58))? {
        tls = tls.cert(cert).key(key);
    }
    ClientContext::new(&tls).map_err(|e| Failure::new(58, e.to_string()))
}
