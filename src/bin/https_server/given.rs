//! A certificate that the command line names.

use barewire::tls::ServerOptions;

/// `--tls CERT KEY`, and with `--client-ca CA` only those get in for whom that vouches.
pub(crate) struct Given {
    pub(crate) cert: String,
    pub(crate) key: String,
    pub(crate) client_ca: Option<String>,
}

impl Given {
    pub(crate) fn new(cert: String, key: String) -> Given {
        let client_ca = None;
        Given {
            cert,
            key,
            client_ca,
        }
    }

    pub(crate) fn options(&self) -> Result<ServerOptions, String> {
        let options = ServerOptions::new()
            .cert(read(&self.cert)?)
            .key(read(&self.key)?)
            .alpn(["http/1.1"]);
        Ok(match &self.client_ca {
            Some(ca) => options.ca(read(ca)?).request_cert(true),
            None => options,
        })
    }
}

fn read(path: &str) -> Result<Vec<u8>, String> {
    std::fs::read(path).map_err(|e| format!("{path}: {e}"))
}
