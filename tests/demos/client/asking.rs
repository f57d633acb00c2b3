//! Other fields, other places, other ways.

use super::stage::{Ran, Scripted, command, http_get, masked, run_with};
use super::{mirror, site};
use crate::support::{Site, watched};
use barewire::http;

#[test]
fn row_a01_fields_are_added_replaced_and_removed() {
    watched(|| {
        let (_site, port) = mirror();
        let url = format!("http://127.0.0.1:{port}/a?b=c#d");
        let fields = [
            "-H",
            "user-agent: mine",
            "-H",
            "Accept:",
            "-H",
            "X-Two: 1",
            "-H",
            "X-Two:2",
        ];
        let ran = http_get(&[&fields[..], &["-u", "Aladdin:open sesame", &url]].concat());
        let saw = "GET /a?b=c HTTP/1.1
Host: 127.0.0.1:PORT
user-agent: mine
X-Two: 1
X-Two: 2
Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==


";
        assert_eq!(masked(&ran.out, port), saw);
        let url = format!("http://me:secret@127.0.0.1:{port}/");
        let ran = http_get(&[&url]);
        assert!(
            ran.out.contains("\nAuthorization: Basic bWU6c2VjcmV0\n"),
            "{}",
            ran.out
        );
    });
}

#[test]
fn row_a01_over_a_unix_socket() {
    watched(|| {
        let path = format!("{}/http_get.sock", env!("CARGO_TARGET_TMPDIR"));
        let server = http::create_server(|_req, res| res.end("over a socket\n"));
        let _site = Site::at(&format!("unix:{path}"), server);
        let ran = http_get(&["-v", "--unix-socket", &path, "http://localhost/"]);
        assert_eq!((ran.code, ran.out.as_str()), (0, "over a socket\n"));
        let connected =
            format!("*   Trying {path}...\n* Connected to localhost ({path}) port 80 (#0)\n");
        assert!(ran.err.starts_with(&connected), "{}", ran.err);
    });
}

/// `/3` leads to `/2` and so on.
fn stairs() -> (Site, u16) {
    site(|req, mut res| {
        let step: u32 = req.path()[1..].parse().unwrap_or(0);
        if step == 0 {
            return res.end(format!("down, by {}\n", req.method()));
        }
        res.set_status(302)?
            .set_header("Location", format!("/{}", step - 1))?;
        res.end("")
    })
}

#[test]
fn redirects_are_followed_if_asked_for() {
    watched(|| {
        let (_site, port) = stairs();
        let url = format!("http://127.0.0.1:{port}/3");
        let told = ["-w", "%{http_code} %{url_effective} %{num_connects}\n"];
        let ran = http_get(&[&told[..], &[url.as_str()]].concat());
        assert_eq!(ran.out, format!("302 {url} 1\n"));
        let ran = http_get(&[&told[..], &["-L", "-d", "x", url.as_str()]].concat());
        let down = format!("down, by GET\n200 http://127.0.0.1:{port}/0 1\n");
        assert_eq!((ran.code, ran.out), (0, down));
        let ran = http_get(&["-L", "--max-redirs", "2", &url]);
        assert_eq!((ran.code, ran.out.as_str()), (47, ""));
        assert!(ran.err.contains("more than 2 redirects"), "{}", ran.err);
    });
}

#[test]
fn fault_c11_a_redirect_that_is_not_followed_is_reported() {
    watched(|| {
        let (_site, port) = site(|mut req, mut res| {
            req.collect()?;
            let Ok(status) = req.path()[1..].parse::<u16>() else {
                return res.end(format!("there, by {}\n", req.method()));
            };
            res.set_status(status)?.set_header("Location", "/end")?;
            res.end("elsewhere\n")
        });
        let path = format!("{}/fault_c11", env!("CARGO_TARGET_TMPDIR"));
        std::fs::write(&path, "body").unwrap();
        let data = format!("@{path}");
        for (status, args, is_followed) in [
            (301, ["-T", &path], false),
            (302, ["-T", &path], false),
            (303, ["-T", &path], true),
            (307, ["-T", &path], false),
            (308, ["-T", "-"], false),
            (301, ["-T", "-"], false),
            (301, ["-d", &data], true), // a POST becomes a GET
            (307, ["-d", &data], false),
            (307, ["-d", "text"], true),
            (301, ["-X", "PUT"], true),
        ] {
            let url = format!("http://127.0.0.1:{port}/{status}");
            let run = |option| {
                let args = [&[option][..], &args, &[&url]].concat();
                run_with(command("http_get", &args), b"body")
            };
            let why = format!("the redirect ({status}) was not followed: ");
            let ran = run("-L");
            match is_followed {
                true => assert!(
                    ran.code == 0 && ran.out.starts_with("there, by "),
                    "{ran:?}"
                ),
                false => {
                    assert_eq!((ran.code, ran.out.as_str()), (65, "elsewhere\n"));
                    assert!(
                        ran.err.starts_with(&format!("http_get: (65) {why}")),
                        "{ran:?}"
                    );
                }
            }
            let ran = run("-vL");
            let note = format!("\n* Not followed: {why}");
            assert_eq!(ran.err.contains(&note), !is_followed, "{}", ran.err);
            // Without -L a redirect is an answer like any other.
            let ran = run("-s");
            assert_eq!(
                (ran.code, ran.out.as_str(), ran.err.as_str()),
                (0, "elsewhere\n", "")
            );
        }
    });
}

#[test]
fn fault_c11_a_location_that_leads_nowhere_is_noted() {
    watched(|| {
        for location in ["", "Location: ftp://a/\r\n"] {
            let answer = format!("HTTP/1.1 302 Found\r\n{location}Content-Length: 2\r\n\r\nno");
            let server = Scripted::new(&[&answer]);
            let ran = http_get(&["-vL", &server.url()]);
            assert_eq!((ran.code, ran.out.as_str()), (0, "no"));
            assert!(
                ran.err.contains("\n* Not followed: Location"),
                "{}",
                ran.err
            );
        }
    });
}

#[test]
fn with_i_the_head_of_each_redirect_is_printed() {
    watched(|| {
        let (_site, port) = stairs();
        let ran = http_get(&["-iL", &format!("http://127.0.0.1:{port}/1")]);
        let starts: Vec<&str> = ran.out.lines().filter(|l| l.starts_with("HTTP/")).collect();
        assert_eq!(starts, ["HTTP/1.1 302 Found", "HTTP/1.1 200 OK"]);
        assert!(ran.out.ends_with("\r\n\r\ndown, by GET\n"), "{}", ran.out);
    });
}

fn with_env(args: &[&str], env: &[(&str, &str)]) -> Ran {
    let mut command = command("http_get", args);
    command.envs(env.iter().copied());
    run_with(command, b"")
}

#[test]
fn row_a07_the_environment_names_a_proxy_only_with_proxy_env() {
    watched(|| {
        let answer = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nproxy\n";
        let (_site, port) = site(|_req, res| res.end("direct\n"));
        let url = format!("http://127.0.0.1:{port}/");

        let proxy = Scripted::new(&[answer]);
        let env = [("http_proxy", proxy.url())];
        let env = env.each_ref().map(|(name, url)| (*name, url.as_str()));
        assert_eq!(with_env(&[&url], &env).out, "direct\n");
        assert_eq!(with_env(&["--proxy-env", &url], &env).out, "proxy\n");
        let head = proxy.head();
        assert!(
            head.starts_with(&format!("GET {url} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n")),
            "{head}"
        );

        let except = [env[0], ("NO_PROXY", "example.com,127.0.0.1")];
        assert_eq!(with_env(&["--proxy-env", &url], &except).out, "direct\n");
        assert_eq!(with_env(&["--proxy-env", &url], &[]).out, "direct\n");
    });
}

#[test]
fn row_a07_a_proxy_gets_the_credentials() {
    watched(|| {
        let answer = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nproxy\n";
        let proxy = Scripted::new(&[answer]);
        let at = format!("me:secret@127.0.0.1:{}", proxy.port);
        assert_eq!(
            http_get(&["-x", &at, "http://example.com/a"]).out,
            "proxy\n"
        );
        let head = proxy.head();
        assert!(
            head.starts_with("GET http://example.com/a HTTP/1.1\r\nHost: example.com\r\n"),
            "{head}"
        );
        assert!(
            head.contains("\r\nProxy-Authorization: Basic bWU6c2VjcmV0\r\n"),
            "{head}"
        );
    });
}

/// Which of two proxies a request goes to, by the environment.
#[test]
fn fault_c08_each_scheme_has_its_variables() {
    watched(|| {
        let refusal = "HTTP/1.1 403 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        let (plain, secure) = ("http://a.test/", "https://a.test/");
        let cgi = ("REQUEST_METHOD", "GET");
        for (url, variables, other, goes) in [
            (plain, &["http_proxy"][..], None, true),
            (plain, &["HTTP_PROXY"], None, true),
            (plain, &["all_proxy"], None, true),
            (plain, &["ALL_PROXY"], None, true),
            (plain, &["https_proxy", "HTTPS_PROXY"], None, false),
            (plain, &["HTTP_PROXY"], Some(cgi), false),
            (plain, &["http_proxy"], Some(cgi), true),
            (plain, &["ALL_PROXY"], Some(cgi), true),
            (
                plain,
                &["http_proxy"],
                Some(("HTTP_PROXY", "http://0.0.0.0:1")),
                true,
            ),
            (
                plain,
                &["http_proxy"],
                Some(("all_proxy", "socks5://a")),
                true,
            ),
            (plain, &["HTTP_PROXY"], Some(("http_proxy", "")), true),
            (plain, &["all_proxy"], Some(("no_proxy", "x.test:80")), true),
            (
                plain,
                &["all_proxy"],
                Some(("no_proxy", "a.test:80")),
                false,
            ),
            (plain, &["all_proxy"], Some(("NO_PROXY", "*")), false),
            (secure, &["https_proxy"], None, true),
            (secure, &["HTTPS_PROXY"], None, true),
            (secure, &["all_proxy"], None, true),
            (secure, &["ALL_PROXY"], None, true),
            (
                secure,
                &["https_proxy"],
                Some(("all_proxy", "http://0.0.0.0:1")),
                true,
            ),
            (secure, &["http_proxy"], None, false),
            (
                secure,
                &["https_proxy"],
                Some(("no_proxy", "*.test")),
                false,
            ),
        ] {
            let proxy = Scripted::new(&[refusal]);
            let address = format!("me:secret@127.0.0.1:{}", proxy.port);
            let mut command = command("http_get", &["--proxy-env", "-s", url]);
            command.envs(variables.iter().map(|name| (*name, &address)));
            command.envs(other);
            run_with(command, b"");
            let head = proxy.take_head();
            assert_eq!(head.is_some(), goes, "{url} {variables:?} {other:?}");
            let Some(head) = head else { continue };
            let line = match url {
                "http://a.test/" => "GET http://a.test/ HTTP/1.1\r\n",
                _ => "CONNECT a.test:443 HTTP/1.1\r\n",
            };
            assert!(head.starts_with(line), "{head}");
            assert!(
                head.contains("Proxy-Authorization: Basic bWU6c2VjcmV0\r\n"),
                "{head}"
            );
        }
    });
}

#[test]
fn fault_c08_a_variable_that_names_no_proxy_is_named() {
    watched(|| {
        let http = [("http_proxy", "http://127.0.0.1:1")];
        let (plain, secure) = ("http://a.test/", "https://a.test/");
        for (url, others, name, value) in [
            (plain, &[][..], "http_proxy", "https://me:secret@a.test/"),
            (plain, &[], "all_proxy", "socks5h://me:secret@a.test/"),
            (secure, &[], "HTTPS_PROXY", "http://me:secret@/"),
            (secure, &http, "all_proxy", "socks5h://me:secret@a.test/"),
        ] {
            let env = [others, &[(name, value)]].concat();
            let ran = with_env(&["--proxy-env", url], &env);
            assert_ne!(ran.code, 0);
            assert!(ran.err.contains(name), "{}", ran.err);
            assert!(!ran.err.contains("secret"), "{}", ran.err);
        }
    });
}
