//! The command line.

use crate::allow::Entry;
use crate::demo::{self, AccessLog};
use barewire::http::wire::grammar::is_token;
use std::time::Duration;

pub(crate) const HELP: &str = include_str!("help.txt");

demo::options! { |args|
    stop_at_eof: bool = demo::stop_at_eof(args)?;
    listen: String = args.value_or("--listen", "127.0.0.1:8080");
    allow: Vec<Entry> = entries(&args.all("--allow"))?;
    auth: Option<(String, String)> = args.parsed("--auth", credentials)?;
    name: Option<String> = args.parsed("--name", name)?;
    timeout: Duration = args.seconds("--timeout")?.unwrap_or(Duration::from_secs(30));
    access_log: AccessLog = AccessLog::of(args)?;
    idle_timeout: Duration = args.seconds("--idle-timeout")?.unwrap_or(Duration::from_secs(120));
}

fn entries(texts: &[String]) -> Result<Vec<Entry>, String> {
    texts.iter().map(|text| Entry::parse(text)).collect()
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
