//! The command line.

use crate::allow::{Allow, Entry};
use std::net::IpAddr;
use std::time::Duration;

pub(crate) const HELP: &str = include_str!("help.txt");

pub(crate) struct Options {
    pub(crate) help: bool,
    pub(crate) listen: String,
    pub(crate) allow: Option<Allow>,
    pub(crate) auth: Option<(String, String)>,
    pub(crate) name: Option<String>,
    pub(crate) timeout: Duration,
    pub(crate) idle_timeout: Duration,
}

impl Options {
    pub(crate) fn from_args(mut args: impl Iterator<Item = String>) -> Result<Options, String> {
        let mut options = Options {
            help: false,
            listen: "127.0.0.1:8080".to_owned(),
            allow: None,
            auth: None,
            name: None,
            timeout: Duration::from_secs(30),
            idle_timeout: Duration::from_secs(120),
        };
        let mut entries = Vec::new();
        while let Some(flag) = args.next() {
            let mut value = || args.next().ok_or_else(|| format!("{flag} needs a value"));
            match flag.as_str() {
                "--listen" => options.listen = value()?,
                "--allow" => entries.push(Entry::parse(&value()?)?),
                "--auth" => options.auth = Some(credentials(&value()?)?),
                "--name" => options.name = Some(name(value()?)?),
                "--timeout" => options.timeout = seconds(&flag, &value()?)?,
                "--idle-timeout" => options.idle_timeout = seconds(&flag, &value()?)?,
                "--help" | "-h" => options.help = true,
                _ => return Err(format!("there is no {flag}")),
            }
        }
        options.allow = (!entries.is_empty()).then_some(Allow::these(entries));
        Ok(options)
    }

    /// What was listed, or what is usual at such a place: whoever is beyond this machine has no
    /// business with what listens on its loopback.
    pub(crate) fn allowed(&self, listens_at: Option<IpAddr>) -> Allow {
        match (&self.allow, listens_at) {
            (Some(allow), _) => allow.clone(),
            (None, Some(ip)) if ip.is_loopback() => Allow::loopback(),
            (None, _) => Allow::these(Vec::new()),
        }
    }
}

fn credentials(text: &str) -> Result<(String, String), String> {
    let (user, password) = text
        .split_once(':')
        .ok_or("--auth takes USER:PASSWORD, with a colon between them")?;
    Ok((user.to_owned(), password.to_owned()))
}

fn name(text: String) -> Result<String, String> {
    match barewire::http::wire::grammar::is_token(text.as_bytes()) {
        true => Ok(text),
        // RFC 9110 §7.6.3: "pseudonym = token"
        false => Err(format!(
            "--name takes letters, digits and -._~, not {text:?}"
        )),
    }
}

fn seconds(flag: &str, text: &str) -> Result<Duration, String> {
    let seconds: Option<f64> = text.parse().ok();
    seconds
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .filter(|time| !time.is_zero())
        .ok_or_else(|| format!("{flag} takes seconds, such as 2.5, not {text:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Options, String> {
        Options::from_args(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn the_usual_list_holds_only_where_nobody_else_comes() {
        let usual = parse("").unwrap();
        let lets = |options: &Options, at: &str, host| {
            let at = at.parse().ok();
            options.allowed(at).lets(host, 80)
        };
        assert!(lets(&usual, "127.0.0.1", "localhost"));
        assert!(lets(&usual, "::1", "localhost"));
        assert!(!lets(&usual, "0.0.0.0", "localhost"));
        assert!(!lets(&usual, "no address", "localhost"));
        let listed = parse("--allow a --allow b:81").unwrap();
        assert!(lets(&listed, "0.0.0.0", "a") && !lets(&listed, "127.0.0.1", "localhost"));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
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
            assert!(parse(line).is_err(), "{line}");
        }
    }
}
