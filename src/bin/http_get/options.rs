//! The command line: curl's options, as far as they go.

use crate::body::Body;
use crate::demo::Args;
use std::time::Duration;

pub(crate) const HELP: &str = include_str!("help.txt");

pub(crate) struct Options {
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
    /// How many redirects are followed.
    pub(crate) redirects: u32,
    pub(crate) unix_socket: Option<String>,
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

impl Options {
    pub(crate) fn read(args: &mut Args<'_>) -> Result<Options, String> {
        let max_redirects = args.number("--max-redirs")?.unwrap_or(50); // curl's number
        let follow = args.has("--location");
        let options = Options {
            urls: args.words().iter().map(|url| with_scheme(url)).collect(),
            verbose: args.has("--verbose"),
            include: args.has("--include"),
            head: args.has("--head"),
            method: args.value("--request"),
            fields: args.all("--header"),
            body: body(&args.all("--data"), &args.all("--upload-file"))?,
            outputs: args.all("--output"),
            write_out: args.value("--write-out"),
            user: args.value("--user"),
            proxy: args.value("--proxy").map(|url| with_scheme(&url)),
            proxy_env: args.has("--proxy-env"),
            tunnel: args.has("--proxytunnel"),
            redirects: if follow { max_redirects } else { 0 },
            unix_socket: args.value("--unix-socket"),
            http_1_0: args.has("--http1.0"),
            fail: args.has("--fail"),
            silent: args.has("--silent"),
            show_error: args.has("--show-error"),
            max_time: args.seconds("--max-time")?,
            connect_timeout: args.seconds("--connect-timeout")?,
            expect_timeout: args.seconds("--expect100-timeout")?,
            insecure: args.has("--insecure"),
            cacert: args.value("--cacert"),
            cert: args.value("--cert"),
            key: args.value("--key"),
        };
        options.check()?;
        Ok(options)
    }

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
        ] {
            if is_wrong {
                return Err(why.to_owned());
            }
        }
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
}

/// One body: the texts of `-d` together, or one file.
fn body(data: &[String], uploads: &[String]) -> Result<Option<Body>, String> {
    let file = |text: &String| text.strip_prefix('@').map(str::to_owned);
    match (data, uploads) {
        ([], []) => Ok(None),
        ([], [path]) => Ok(Some(Body::file(path, false))),
        ([one], []) if let Some(path) = file(one) => Ok(Some(Body::file(&path, true))),
        (texts, []) if texts.iter().all(|text| file(text).is_none()) => {
            Ok(Some(Body::Text(texts.join("&"))))
        }
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
    use crate::demo;

    fn parse(line: &str) -> Result<Options, String> {
        let args = line.split_whitespace().map(str::to_owned);
        Ok(demo::parse(HELP, args, Options::read)?.expect("no help"))
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
