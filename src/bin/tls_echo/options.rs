//! The command line.

use barewire::tls::ClientOptions;
use std::io;

pub(crate) const USAGE: &str = "\
usage: tls_echo [--listen HOST:PORT]
       tls_echo --connect HOST:PORT [--ca FILE] [--cert FILE --key FILE] [--servername NAME] [-k]

without --connect: a server on 127.0.0.1:8000. It prints who came, says welcome!, and sends
everything back. It asks for a certificate of fixtures/tls/ca.crt and takes everybody.

--connect     a client: stdin to the server, what comes to stdout
--ca          who may vouch for the server; the public authorities
--cert, --key who we are
--servername  the name that must stand in its certificate; HOST
-k            whoever it is: only for a test";

pub(crate) enum Mode {
    Help,
    Server { listen: String },
    Client { to: String, flags: Vec<Flag> },
}

/// A flag of the client, and its value.
pub(crate) type Flag = (String, String);

impl Mode {
    pub(crate) fn from_args(mut args: impl Iterator<Item = String>) -> Result<Mode, String> {
        let (mut listen, mut to, mut flags) = (None, None, Vec::new());
        while let Some(flag) = args.next() {
            let mut value = || args.next().ok_or_else(|| format!("{flag} needs a value"));
            match flag.as_str() {
                "--help" | "-h" => return Ok(Mode::Help),
                "--listen" => listen = Some(value()?),
                "--connect" => to = Some(value()?),
                "-k" => flags.push((flag, String::new())),
                "--ca" | "--cert" | "--key" | "--servername" => {
                    let value = value()?;
                    flags.push((flag, value));
                }
                _ => return Err(format!("there is no {flag}")),
            }
        }
        match (to, listen, flags.first()) {
            (Some(to), None, _) => Ok(Mode::Client { to, flags }),
            (Some(_), Some(_), _) => Err("--listen or --connect: which?".into()),
            (None, _, Some((flag, _))) => {
                Err(format!("{flag} is for a client: --connect HOST:PORT"))
            }
            (None, listen, None) => Ok(Mode::Server {
                listen: listen.unwrap_or_else(|| "127.0.0.1:8000".into()), // the book's
            }),
        }
    }
}

/// What the flags ask for, with the files that they name.
pub(crate) fn client(flags: &[Flag]) -> io::Result<ClientOptions> {
    flags
        .iter()
        .try_fold(ClientOptions::new(), |options, (flag, value)| {
            Ok(match flag.as_str() {
                "--ca" => options.ca(file(value)?),
                "--cert" => options.cert(file(value)?),
                "--key" => options.key(file(value)?),
                "--servername" => options.servername(value),
                _ => options.reject_unauthorized(false),
            })
        })
}

fn file(path: &str) -> io::Result<Vec<u8>> {
    std::fs::read(path).map_err(|e| io::Error::new(e.kind(), format!("{path}: {e}")))
}
