//! The command line: curl's options, as far as they go.

use crate::body::Body;
use crate::demo::{self, Args, ClientFiles, Recording};
use std::time::Duration;

pub(crate) const HELP: &str = include_str!("help.txt");

demo::options! { |args|
    urls: Vec<String> = args.words().iter().map(|url| with_scheme(url)).collect();
    verbose: bool = args.has("--verbose");
    recording: Recording = Recording::of(args)?;
    include: bool = args.has("--include");
    head: bool = args.has("--head");
    notes: bool = args.has("--notes");
    method: Option<String> = args.value("--request");
    fields: Vec<String> = args.all("--header");
    body: Option<Body> = body(&args.all("--data"), &args.all("--upload-file"))?;
    outputs: Vec<String> = args.all("--output");
    write_out: Option<String> = args.value("--write-out");
    user: Option<String> = args.value("--user");
    proxy: Option<String> = args.value("--proxy").map(|url| with_scheme(&url));
    proxy_env: bool = args.has("--proxy-env");
    tunnel: bool = args.has("--proxytunnel");
    /// How many redirects are followed.
    redirects: u32 = redirects(args)?;
    unix_socket: Option<String> = args.value("--unix-socket");
    compressed: bool = args.has("--compressed");
    http_1_0: bool = args.has("--http1.0");
    fail: bool = args.has("--fail");
    silent: bool = args.has("--silent");
    show_error: bool = args.has("--show-error");
    max_time: Option<Duration> = args.seconds("--max-time")?;
    connect_timeout: Option<Duration> = args.seconds("--connect-timeout")?;
    expect_timeout: Option<Duration> = args.seconds("--expect100-timeout")?;
    insecure: bool = args.has("--insecure");
    files: ClientFiles = ClientFiles::of(args, "--cacert", true);
}

/// The options, if they fit together.
pub(crate) fn read(args: &mut Args<'_>) -> Result<Options, String> {
    let options = Options::read(args)?;
    options.check().map(|()| options)
}

impl Options {
    fn check(&self) -> Result<(), String> {
        let has_proxy = self.proxy.is_some() || self.proxy_env;
        let is_stdin = self.body.as_ref().is_some_and(Body::is_stdin);
        for (is_wrong, why) in [
            (self.urls.is_empty(), "a URL is missing"),
            (
                self.head && self.body.is_some(),
                "-I sends a HEAD, which has no body",
            ),
            (
                self.proxy.is_some() && self.proxy_env,
                "choose -x or --proxy-env",
            ),
            (self.tunnel && !has_proxy, "-p needs a proxy: -x"),
            (
                self.urls.len() > 1 && is_stdin,
                "standard input can be sent to one URL only",
            ),
            (
                self.leaves_out("Host") && !self.http_1_0,
                "-H 'Host:' needs -0: every request of HTTP/1.1 has a Host (RFC 9112 §3.2)",
            ),
            (
                self.leaves_out("Content-Length") || self.leaves_out("Transfer-Encoding"),
                "the field that says where the body ends is not left out (RFC 9112 §6.3)",
            ),
        ] {
            if is_wrong {
                return Err(why.to_owned());
            }
        }
        Ok(())
    }

    /// Whether `-H 'NAME:'` was typed, and no value for that name.
    pub(crate) fn leaves_out(&self, name: &str) -> bool {
        let lines = self.fields.iter().filter_map(|line| line.split_once(':'));
        let mut values = lines.filter(|(typed, _)| typed.eq_ignore_ascii_case(name));
        let has_value = |(_, value): (&str, &str)| !value.trim().is_empty();
        values.clone().next().is_some() && !values.any(has_value)
    }

    pub(crate) fn method(&self) -> &str {
        match (&self.method, &self.body) {
            (Some(method), _) => method,
            (None, _) if self.head => "HEAD",
            (None, Some(body)) => body.method(),
            (None, None) => "GET",
        }
    }
}

fn redirects(args: &mut Args<'_>) -> Result<u32, String> {
    let most = args.number("--max-redirs")?.unwrap_or(50); // curl's number
    Ok(if args.has("--location") { most } else { 0 })
}

/// One body: the texts of `-d` together, or one file.
fn body(data: &[String], uploads: &[String]) -> Result<Option<Body>, String> {
    let file = |text: &String| text.strip_prefix('@').map(str::to_owned);
    match (data, uploads) {
        ([], []) => Ok(None),
        ([], [path]) => Ok(Some(Body::file(path, false))),
        (texts, []) if texts.iter().all(|text| file(text).is_none()) => {
            Ok(Some(Body::Text(texts.join("&"))))
        }
        ([one], []) => Ok(file(one).map(|path| Body::file(&path, true))),
        _ => Err("a request has one body: one -T, one -d @FILE, or texts for -d".into()),
    }
}

/// Users type `localhost:1337`. The library would refuse it: it never guesses.
fn with_scheme(url: &str) -> String {
    let is_scheme = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    match url.split_once("://") {
        Some((scheme, _)) if is_scheme(scheme) => url.to_owned(),
        _ => format!("http://{url}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Options, String> {
        let args = line.split_whitespace().map(str::to_owned);
        Ok(demo::parse(HELP, args, read)?.expect("no help"))
    }

    #[test]
    fn several_letters_in_one_word() {
        let options = parse("-svXPUT -oout -H a:b http://a/ -d x -dy").unwrap();
        assert!(options.silent && options.verbose && !options.include);
        assert_eq!(options.method(), "PUT");
        assert_eq!(options.outputs, ["out"]);
        assert_eq!(options.fields, ["a:b"]);
        assert!(matches!(options.body, Some(Body::Text(text)) if text == "x&y"));
    }

    #[test]
    fn the_method_that_the_options_mean() {
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
    fn a_url_without_a_scheme_gets_one() {
        let options = parse("-x localhost:8080 a:1/?b=c://d ftp://e").unwrap();
        assert_eq!(options.urls, ["http://a:1/?b=c://d", "ftp://e"]);
        assert_eq!(options.proxy.as_deref(), Some("http://localhost:8080"));
    }

    #[test]
    fn mistakes_are_refused() {
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
            "-H Host: a",
            "-H host: -H Accept: a",
            "-d x -H content-length: a",
            "-T - -H Transfer-Encoding: a",
            "-m 0 a",
            "-m -1 a",
            "-m NaN a",
            "--connect-timeout soon a",
            "--max-redirs -1 a",
        ] {
            assert!(parse(line).is_err(), "{line}");
        }
    }
}
