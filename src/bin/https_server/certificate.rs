//! The certificate of a server, named on the command line.

use crate::demo::{Args, read_file};
use barewire::tls::ServerOptions;
use std::io;

/// `--tls CERT KEY`; with a client authority, a client needs a certificate that it has signed.
pub(crate) struct Certificate {
    files: (String, String),
    client_ca: Option<String>,
}

impl Certificate {
    /// `None` without `--tls`; then the other option, if it was typed, does not apply.
    pub(crate) fn of(args: &mut Args<'_>, client_ca: Option<&str>) -> Option<Certificate> {
        let files = args.pair("--tls")?;
        let client_ca = client_ca.and_then(|name| args.value(name));
        Some(Certificate { files, client_ca })
    }

    pub(crate) fn options(&self) -> io::Result<ServerOptions> {
        let (cert, key) = &self.files;
        let options = ServerOptions::new()
            .cert(read_file(cert)?)
            .key(read_file(key)?)
            .alpn(["http/1.1"]);
        Ok(match &self.client_ca {
            Some(ca) => options.ca(read_file(ca)?).request_cert(true),
            None => options,
        })
    }
}
