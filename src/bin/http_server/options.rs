//! The command line.

use crate::given::Given;
use std::path::PathBuf;

pub(crate) const USAGE: &str = "\
usage: http_server [--listen HOST:PORT | --listen unix:/PATH] [--max-connections N]
                   [--keep-alive-timeout SECS] [--files DIR] [--tls CERT KEY [--client-ca CA]]

/         the book's hello; what else there is to try is printed at the start

--listen              where; 127.0.0.1:1337, the book's port
--max-connections     beyond it newcomers wait in the kernel's queue; 10000
--keep-alive-timeout  how long a connection may be idle; 5, and 0 is for ever
--files               serve the files of this folder below /files/
--tls                 with this certificate and key: https:
--client-ca           only to those who show a certificate for which CA vouches";

pub(crate) struct Options {
    pub(crate) listen: String,
    pub(crate) max_connections: usize,
    pub(crate) keep_alive_secs: Option<u64>,
    pub(crate) files: Option<PathBuf>,
    pub(crate) tls: Option<Given>,
}

impl Options {
    /// `None`: help was asked for.
    pub(crate) fn from_args(
        mut args: impl Iterator<Item = String>,
    ) -> Result<Option<Options>, String> {
        let mut options = Options {
            listen: "127.0.0.1:1337".into(), // the book's
            max_connections: 10_000,
            keep_alive_secs: Some(5),
            files: None,
            tls: None,
        };
        let mut client_ca = None;
        while let Some(flag) = args.next() {
            let mut value = || args.next().ok_or_else(|| format!("{flag} needs a value"));
            match flag.as_str() {
                "--listen" => options.listen = value()?,
                "--max-connections" => options.max_connections = number(&flag, &value()?)?,
                "--keep-alive-timeout" => {
                    options.keep_alive_secs = Some(number(&flag, &value()?)?).filter(|&s| s > 0)
                }
                "--files" => options.files = Some(value()?.into()),
                "--tls" => options.tls = Some(Given::new(value()?, value()?)),
                "--client-ca" => client_ca = Some(value()?),
                "--help" | "-h" => return Ok(None),
                _ => return Err(format!("there is no {flag}")),
            }
        }
        match &mut options.tls {
            Some(tls) => tls.client_ca = client_ca,
            None if client_ca.is_some() => return Err("--client-ca needs --tls".into()),
            None => {}
        }
        if options.max_connections == 0 {
            return Err("--max-connections must be at least 1".into());
        }
        Ok(Some(options))
    }
}

fn number<T: std::str::FromStr>(flag: &str, text: &str) -> Result<T, String> {
    text.parse()
        .map_err(|_| format!("{flag} takes a whole number, not {text:?}"))
}
