//! The command line.

use barewire::tls::ClientOptions;

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
    Client { to: String, options: ClientOptions },
}

impl Mode {
    pub(crate) fn from_args(mut args: impl Iterator<Item = String>) -> Result<Mode, String> {
        let (mut listen, mut to) = (None, None);
        let mut options = ClientOptions::new();
        let mut client_flag = None;
        while let Some(flag) = args.next() {
            let mut value = || args.next().ok_or_else(|| format!("{flag} needs a value"));
            match flag.as_str() {
                "--help" | "-h" => return Ok(Mode::Help),
                "--listen" => listen = Some(value()?),
                "--connect" => to = Some(value()?),
                _ => {
                    options = match flag.as_str() {
                        "--ca" => options.ca(file(&value()?)?),
                        "--cert" => options.cert(file(&value()?)?),
                        "--key" => options.key(file(&value()?)?),
                        "--servername" => options.servername(&value()?),
                        "-k" => options.reject_unauthorized(false),
                        _ => return Err(format!("there is no {flag}")),
                    };
                    client_flag = Some(flag);
                }
            }
        }
        match (to, listen, client_flag) {
            (Some(to), None, _) => Ok(Mode::Client { to, options }),
            (Some(_), Some(_), _) => Err("--listen or --connect: which?".into()),
            (None, _, Some(flag)) => Err(format!("{flag} is for a client: --connect HOST:PORT")),
            (None, listen, None) => Ok(Mode::Server {
                listen: listen.unwrap_or_else(|| "127.0.0.1:8000".into()), // the book's
            }),
        }
    }
}

fn file(path: &str) -> Result<Vec<u8>, String> {
    std::fs::read(path).map_err(|e| format!("{path}: {e}"))
}
