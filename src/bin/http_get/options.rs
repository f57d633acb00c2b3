//! The command line: curl's letters, where there are any.

use crate::body::Body;
use std::path::PathBuf;
use std::time::Duration;

pub(crate) const HELP: &str = include_str!("help.txt");

#[derive(Default)]
pub(crate) struct Options {
    pub(crate) help: bool,
    pub(crate) urls: Vec<String>,
    pub(crate) verbose: bool,
    pub(crate) include: bool,
    pub(crate) head: bool,
    pub(crate) method: Option<String>,
    pub(crate) fields: Vec<String>,
    pub(crate) body: Option<Body>,
    pub(crate) outputs: Vec<String>,
    pub(crate) write_out: Option<String>,
    pub(crate) user: Option<String>,
    pub(crate) proxy: Option<String>,
    pub(crate) proxy_env: bool,
    pub(crate) tunnel: bool,
    pub(crate) follow: bool,
    pub(crate) max_redirects: Option<u32>,
    pub(crate) unix_socket: Option<PathBuf>,
    pub(crate) http_1_0: bool,
    pub(crate) fail: bool,
    pub(crate) silent: bool,
    pub(crate) show_error: bool,
    pub(crate) max_time: Option<Duration>,
    pub(crate) connect_timeout: Option<Duration>,
    pub(crate) expect_timeout: Option<Duration>,
    pub(crate) insecure: bool,
    pub(crate) cacert: Option<String>,
    pub(crate) cert: Option<String>,
    pub(crate) key: Option<String>,
}

/// Gives the value that belongs to a flag.
type Value<'a> = &'a mut dyn FnMut() -> Result<String, String>;

impl Options {
    pub(crate) fn from_args(mut args: impl Iterator<Item = String>) -> Result<Options, String> {
        let mut options = Options::default();
        while let Some(arg) = args.next() {
            match arg.as_bytes() {
                [b'-', b'-', ..] => options.set(&arg, &mut || next(&arg, &mut args))?,
                [b'-', _, ..] => options.short(&arg[1..], &mut args)?,
                _ => options.urls.push(arg),
            }
        }
        options.check()?;
        Ok(options)
    }

    /// `-svo FILE`, `-XPOST`: flags behind one another, the last of which may have its value at once.
    fn short(
        &mut self,
        letters: &str,
        args: &mut impl Iterator<Item = String>,
    ) -> Result<(), String> {
        let mut rest = letters.chars();
        while let Some(letter) = rest.next() {
            let flag = format!("-{letter}");
            self.set(&flag, &mut || match rest.as_str() {
                "" => next(&flag, args),
                value => {
                    let value = value.to_owned();
                    rest = "".chars();
                    Ok(value)
                }
            })?;
        }
        Ok(())
    }

    fn set(&mut self, flag: &str, value: Value<'_>) -> Result<(), String> {
        match flag {
            "-h" | "--help" => self.help = true,
            "-v" | "--verbose" => self.verbose = true,
            "-i" | "--include" => self.include = true,
            "-I" | "--head" => self.head = true,
            "-X" | "--request" => self.method = Some(value()?),
            "-H" | "--header" => self.fields.push(value()?),
            "-d" | "--data" => self.add_data(value()?)?,
            "-T" | "--upload-file" => self.set_body(Body::upload(value()?))?,
            "-o" | "--output" => self.outputs.push(value()?),
            "-w" | "--write-out" => self.write_out = Some(value()?),
            "-u" | "--user" => self.user = Some(value()?),
            "-x" | "--proxy" => self.proxy = Some(with_scheme(&value()?)),
            "--proxy-env" => self.proxy_env = true,
            "-p" | "--proxytunnel" => self.tunnel = true,
            "-L" | "--location" => self.follow = true,
            "--max-redirs" => self.max_redirects = Some(number(flag, &value()?)?),
            "--unix-socket" => self.unix_socket = Some(value()?.into()),
            "-0" | "--http1.0" => self.http_1_0 = true,
            "-f" | "--fail" => self.fail = true,
            "-s" | "--silent" => self.silent = true,
            "-S" | "--show-error" => self.show_error = true,
            "-m" | "--max-time" => self.max_time = Some(seconds(flag, &value()?)?),
            "--connect-timeout" => self.connect_timeout = Some(seconds(flag, &value()?)?),
            "-k" | "--insecure" => self.insecure = true,
            "--cacert" => self.cacert = Some(value()?),
            "-E" | "--cert" => self.cert = Some(value()?),
            "--key" => self.key = Some(value()?),
            "--expect100-timeout" => self.expect_timeout = Some(seconds(flag, &value()?)?),
            _ => return Err(format!("there is no {flag}")),
        }
        Ok(())
    }

    /// Several texts become one, joined as the fields of a form are.
    fn add_data(&mut self, value: String) -> Result<(), String> {
        match (&mut self.body, value.strip_prefix('@')) {
            (Some(Body::Text(text)), None) => {
                text.push('&');
                text.push_str(&value);
                Ok(())
            }
            (_, Some(name)) => self.set_body(Body::data_of(name)),
            (_, None) => self.set_body(Body::Text(value)),
        }
    }

    fn set_body(&mut self, body: Body) -> Result<(), String> {
        match self.body.replace(body) {
            None => Ok(()),
            Some(_) => Err("a request has one body: one -T, one -d @FILE, or texts for -d".into()),
        }
    }

    fn check(&mut self) -> Result<(), String> {
        if self.help {
            return Ok(());
        }
        if self.urls.is_empty() {
            return Err("which URL?".into());
        }
        if self.head && self.body.is_some() {
            return Err("-I sends a HEAD, which has no body".into());
        }
        if self.proxy.is_some() && self.proxy_env {
            return Err("-x names a proxy, --proxy-env asks the environment: which?".into());
        }
        if self.tunnel && self.proxy.is_none() && !self.proxy_env {
            return Err("-p goes through a proxy: say which with -x".into());
        }
        if self.urls.len() > 1 && self.body.as_ref().is_some_and(Body::is_used_up) {
            return Err("standard input can be sent to one URL only".into());
        }
        self.urls.iter_mut().for_each(|url| *url = with_scheme(url));
        Ok(())
    }

    pub(crate) fn method(&self) -> &str {
        match (&self.method, &self.body) {
            (Some(method), _) => method,
            (None, _) if self.head => "HEAD",
            (None, Some(body)) => body.method(),
            (None, None) => "GET",
        }
    }

    /// How many redirects are followed.
    pub(crate) fn redirects(&self) -> u32 {
        match self.follow {
            true => self.max_redirects.unwrap_or(50), // curl's number
            false => 0,
        }
    }
}

fn next(flag: &str, args: &mut impl Iterator<Item = String>) -> Result<String, String> {
    args.next().ok_or_else(|| format!("{flag} needs a value"))
}

/// People type `localhost:1337`. The library would refuse it: it never guesses.
fn with_scheme(url: &str) -> String {
    let is_scheme = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    match url.split_once("://") {
        Some((scheme, _)) if is_scheme(scheme) => url.to_owned(),
        _ => format!("http://{url}"),
    }
}

fn number(flag: &str, text: &str) -> Result<u32, String> {
    text.parse()
        .map_err(|_| format!("{flag} takes a whole number, not {text:?}"))
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
    fn letters_behind_one_another() {
        let options = parse("-svXPUT -oout -H a:b http://a/ -d x -dy").unwrap();
        assert!(options.silent && options.verbose && !options.include);
        assert_eq!(options.method(), "PUT");
        assert_eq!(options.outputs, ["out"]);
        assert_eq!(options.fields, ["a:b"]);
        assert!(matches!(options.body, Some(Body::Text(text)) if text == "x&y"));
    }

    #[test]
    fn the_method_that_is_meant() {
        for (line, method) in [
            ("a", "GET"),
            ("-I a", "HEAD"),
            ("-d x a", "POST"),
            ("-d @x a", "POST"),
            ("-T x a", "PUT"),
            ("-T - a", "PUT"),
            ("-X BREW -d x a", "BREW"),
        ] {
            assert_eq!(parse(line).unwrap().method(), method, "{line}");
        }
    }

    #[test]
    fn a_scheme_is_put_before_what_has_none() {
        let options = parse("-x localhost:8080 a:1/?b=c://d ftp://e").unwrap();
        assert_eq!(options.urls, ["http://a:1/?b=c://d", "ftp://e"]);
        assert_eq!(options.proxy.as_deref(), Some("http://localhost:8080"));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for line in [
            "",
            "-v",
            "-Z a",
            "--no-such-flag a",
            "a -o",
            "-I -d x a",
            "-d x -T y a",
            "-d @x -d y a",
            "-x p --proxy-env a",
            "-p a",
            "-T - a b",
            "-m 0 a",
            "-m -1 a",
            "-m NaN a",
            "--connect-timeout soon a",
            "--max-redirs -1 a",
        ] {
            assert!(parse(line).is_err(), "{line}");
        }
        assert!(parse("-h").is_ok_and(|options| options.help));
    }
}
