//! The command line.

use std::path::PathBuf;

const USAGE: &str = "usage: http_server [--listen HOST:PORT | --listen unix:/PATH] [--max-connections N] \
                     [--keep-alive-timeout SECS, 0 = for ever] [--files DIR]";

pub(crate) struct Options {
    pub(crate) listen: String,
    pub(crate) max_connections: usize,
    pub(crate) keep_alive_secs: Option<u64>,
    pub(crate) files: Option<PathBuf>,
}

impl Options {
    pub(crate) fn from_args(mut args: impl Iterator<Item = String>) -> Result<Options, String> {
        let mut options = Options {
            listen: "127.0.0.1:1337".into(), // the book's
            max_connections: 10_000,
            keep_alive_secs: Some(5),
            files: None,
        };
        while let Some(flag) = args.next() {
            let mut value = || {
                args.next()
                    .ok_or_else(|| format!("{flag} needs a value\n{USAGE}"))
            };
            match flag.as_str() {
                "--listen" => options.listen = value()?,
                "--max-connections" => options.max_connections = number(&flag, &value()?)?,
                "--keep-alive-timeout" => {
                    options.keep_alive_secs = Some(number(&flag, &value()?)?).filter(|&s| s > 0)
                }
                "--files" => options.files = Some(value()?.into()),
                "--help" | "-h" => return Err(USAGE.into()),
                _ => return Err(format!("there is no {flag}\n{USAGE}")),
            }
        }
        if options.max_connections == 0 {
            return Err("--max-connections must be at least 1".into());
        }
        Ok(options)
    }
}

fn number<T: std::str::FromStr>(flag: &str, text: &str) -> Result<T, String> {
    text.parse()
        .map_err(|_| format!("{flag} takes a whole number, not {text:?}"))
}
