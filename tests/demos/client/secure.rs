//! `http_get https://…`

use super::stage::{http_get, masked};
use crate::support::watched;
use barewire::net::Handle;
use barewire::tls::ServerOptions;
use barewire::{http, https};
use std::net::TcpListener;
use std::time::Duration;

/// An HTTPS server with one of the certificates, until it is dropped.
struct Site(Handle);

impl Site {
    fn new(name: &str, change: impl FnOnce(ServerOptions) -> ServerOptions) -> Site {
        let read = |end| std::fs::read(format!("fixtures/tls/{name}.{end}")).expect("a file");
        let options = change(ServerOptions::new().cert(read("crt")).key(read("key")));
        let server = https::create_server(&options, |req, res| {
            res.end(format!("{} {}\n", req.method(), req.url()))
        });
        let server = server.expect("a certificate and its key");
        Site(server.listen("127.0.0.1:0").expect("a port"))
    }

    fn port(&self) -> u16 {
        self.0.local_addr().port().expect("a port")
    }

    fn url(&self) -> String {
        format!("https://localhost:{}/", self.port())
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.0.shutdown(Duration::ZERO);
    }
}

const CA: [&str; 2] = ["--cacert", "fixtures/tls/ca.crt"];
const OWN: [&str; 4] = [
    "-E",
    "fixtures/tls/client.crt",
    "--key",
    "fixtures/tls/client.key",
];

fn get(args: &[&[&str]], url: &str) -> super::stage::Ran {
    http_get(&[&args.concat()[..], &[url]].concat())
}

const SAID: &str = "* TCP_NODELAY set
* Connected to localhost (127.0.0.1) port PORT (#0)
* ALPN: offers http/1.1
* SSL connection using TLSv1.3 / TLS_AES_128_GCM_SHA256
* ALPN: server accepted http/1.1
* Server certificate: verified
> GET / HTTP/1.1
> Host: localhost:PORT
> User-Agent: http_get/VERSION
> Accept: */*
> 
< HTTP/1.1 200 OK
< Date: DATE
< Connection: keep-alive
< Keep-Alive: timeout=5
< Content-Length: 6
< 
* Connection #0 to host localhost left intact
* Closing connection 0
";

#[test]
fn row_t06_the_conversation_is_printed() {
    watched(|| {
        let site = Site::new("server", |options| options);
        let ran = get(&[&CA, &["-v"]], &site.url());
        assert_eq!((ran.code, ran.out.as_str()), (0, "GET /\n"), "{}", ran.err);
        let said = masked(&ran.err, site.port());
        let (_, said) = said.split_once("\n* TCP_NODELAY").expect("a connection");
        let expected = SAID.replace("VERSION", env!("CARGO_PKG_VERSION"));
        assert_eq!(format!("* TCP_NODELAY{said}"), expected);
    });
}

#[test]
fn the_second_request_needs_no_second_handshake() {
    watched(|| {
        let site = Site::new("server", |options| options);
        let url = site.url();
        let format = "%{num_connects} %{time_appconnect}\n";
        let ran = get(&[&CA, &["-w", format, &url]], &url);
        let lines: Vec<&str> = ran.out.lines().collect();
        assert!(
            lines[1].starts_with("1 0.") && lines[1] != "1 0.000000",
            "{}",
            ran.out
        );
        assert_eq!(lines[3], "0 0.000000");
    });
}

#[test]
fn row_t06_untrusted_certificates() {
    watched(|| {
        for (name, ca, code) in [
            ("server", &[][..], "UNABLE_TO_VERIFY_LEAF_SIGNATURE"),
            ("selfsigned", &[], "DEPTH_ZERO_SELF_SIGNED_CERT"),
            ("expired", &CA, "CERT_HAS_EXPIRED"),
            ("notyet", &CA, "CERT_NOT_YET_VALID"),
            ("wrongname", &CA, "ERR_TLS_CERT_ALTNAME_INVALID"),
            ("unknownca", &CA, "UNABLE_TO_VERIFY_LEAF_SIGNATURE"),
        ] {
            let site = Site::new(name, |options| options);
            let ran = get(&[ca], &site.url());
            assert_eq!(
                (ran.code, ran.out.as_str()),
                (60, ""),
                "{name}: {}",
                ran.err
            );
            assert!(ran.err.contains(code), "{name}: {}", ran.err);
            let ran = get(&[ca, &["-k", "-v"]], &site.url());
            assert_eq!(
                (ran.code, ran.out.as_str()),
                (0, "GET /\n"),
                "{name}: {}",
                ran.err
            );
            let remark = ran
                .err
                .lines()
                .find(|line| line.contains("continuing anyway"));
            assert!(
                remark.is_some_and(|it| it.contains(code)),
                "{name}: {}",
                ran.err
            );
        }
    });
}

#[test]
fn row_t03_our_own_certificate() {
    watched(|| {
        let ca = std::fs::read("fixtures/tls/ca.crt").expect("a file");
        let site = Site::new("server", |options| options.ca(ca).request_cert(true));
        let ran = get(&[&CA, &OWN], &site.url());
        assert_eq!((ran.code, ran.out.as_str()), (0, "GET /\n"), "{}", ran.err);
        let ran = get(&[&CA], &site.url());
        assert!([35, 56].contains(&ran.code), "{}: {}", ran.code, ran.err);
    });
}

#[test]
fn each_failure_of_a_handshake_has_an_exit_code() {
    watched(|| {
        let plain = http::create_server(|_req, res| res.end(""));
        let plain = plain.listen("127.0.0.1:0").expect("a port");
        let url = format!("https://{}/", plain.local_addr());
        let site = Site::new("server", |options| options);
        for (code, args, url) in [
            (35, &[][..], &url),
            (77, &["--cacert", "/nothing/here"], &site.url()),
            (58, &["-E", "/nothing/here"], &site.url()),
            (
                58,
                &[
                    "-E",
                    "fixtures/tls/client.crt",
                    "--key",
                    "fixtures/tls/mismatch.key",
                ],
                &site.url(),
            ),
        ] {
            let ran = get(&[args], url);
            assert_eq!(ran.code, code, "{args:?}: {}", ran.err);
        }
        plain.shutdown(Duration::ZERO);
        let nobody = TcpListener::bind("127.0.0.1:0").expect("a port");
        let silent = format!("https://{}/", nobody.local_addr().expect("an address"));
        let ran = get(&[&["--connect-timeout", "0.1"]], &silent);
        assert_eq!(ran.code, 28, "{}", ran.err);
    });
}

/// `-L` follows from `http:` to `https:`, with the certificates of the options; never back.
#[test]
fn fault_c15_a_redirect_to_https_is_followed() {
    watched(|| {
        let site = Site::new("server", |options| options);
        let to = site.url();
        let plain = http::create_server(
            move |_req: http::Request<'_>, mut res: http::Response<'_>| {
                res.set_status(301)?.set_header("Location", &*to)?;
                res.end("")
            },
        );
        let plain = plain.listen("127.0.0.1:0").expect("a port");
        let url = format!(
            "http://localhost:{}/",
            plain.local_addr().port().expect("TCP")
        );
        let ran = get(&[&CA, &["-L", "-w", "%{url_effective}"]], &url);
        assert_eq!(
            (ran.code, ran.out),
            (0, format!("GET /\n{}", site.url())),
            "{}",
            ran.err
        );
        let ran = get(&[&["-L"]], &url);
        assert_eq!(ran.code, 60, "{}", ran.err);
        plain.shutdown(Duration::ZERO);
    });
}
