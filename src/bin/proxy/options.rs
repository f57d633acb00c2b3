//! The command line.

use crate::allow::Entry;
use crate::demo::Args;
use barewire::http::wire::grammar::is_token;
use std::time::Duration;

pub(crate) const HELP: &str = include_str!("help.txt");

pub(crate) struct Options {
    pub(crate) listen: String,
    pub(crate) allow: Vec<Entry>,
    pub(crate) auth: Option<(String, String)>,
    pub(crate) name: Option<String>,
    pub(crate) timeout: Duration,
    pub(crate) idle_timeout: Duration,
}

impl Options {
    pub(crate) fn read(args: &mut Args<'_>) -> Result<Options, String> {
        let secs = Duration::from_secs;
        let allow = args.all("--allow");
        Ok(Options {
            listen: args.value_or("--listen", "127.0.0.1:8080"),
            allow: allow
                .iter()
                .map(|text| Entry::parse(text))
                .collect::<Result<_, _>>()?,
            auth: args.parsed("--auth", credentials)?,
            name: args.parsed("--name", name)?,
            timeout: args.seconds("--timeout")?.unwrap_or(secs(30)),
            idle_timeout: args.seconds("--idle-timeout")?.unwrap_or(secs(120)),
        })
    }
}

fn credentials(text: &str) -> Result<(String, String), &'static str> {
    let parts = text.split_once(':');
    let (user, password) = parts.ok_or("takes USER:PASSWORD, with a colon between them")?;
    Ok((user.to_owned(), password.to_owned()))
}

fn name(text: &str) -> Result<String, String> {
    match is_token(text.as_bytes()) {
        true => Ok(text.to_owned()),
        // RFC 9110 §7.6.3: "pseudonym = token"
        false => Err(format!("takes letters, digits and -._~, not {text:?}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo;

    #[test]
    fn mistakes_are_refused() {
        for line in [
            "--listen",
            "--allow",
            "--allow a:b",
            "--auth nobody",
            "--name two@words",
            "--timeout 0",
            "--idle-timeout never",
            "localhost",
        ] {
            let args = line.split_whitespace().map(str::to_owned);
            assert!(demo::parse(HELP, args, Options::read).is_err(), "{line}");
        }
    }
}
