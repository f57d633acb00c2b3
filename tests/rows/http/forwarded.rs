//! Who the client is, behind proxies that are trusted and behind others.

use crate::https::stage as tls;
use crate::support::{Site, watched};
use barewire::http::{self, Handled, Request, Response, Server, ServerEvents, TrustedProxies};
use barewire::websocket::Acceptor;
use std::io::ErrorKind;

fn who(req: Request<'_>, res: Response<'_>) -> Handled {
    let ip = req.client_ip()?.map(|ip| ip.to_string());
    let (scheme, host) = (req.client_scheme()?.as_str(), req.client_host()?);
    let ip = ip.unwrap_or("nobody".into());
    res.end(format!("{ip} {scheme}://{host}"))
}

fn standard(proxies: &[&str]) -> Option<TrustedProxies> {
    Some(TrustedProxies::forwarded(proxies).unwrap())
}

fn x_forwarded(proxies: &[&str]) -> Option<TrustedProxies> {
    Some(TrustedProxies::x_forwarded(proxies).unwrap())
}

fn server(proxies: Option<TrustedProxies>) -> Server<impl ServerEvents> {
    http::create_server(who).trusted_proxies(proxies)
}

fn request(fields: &[&str]) -> String {
    let fields: String = fields.iter().map(|field| format!("{field}\r\n")).collect();
    format!("GET / HTTP/1.1\r\nHost: ours\r\nConnection: close\r\n{fields}\r\n")
}

/// The body of a 200, or the status and the rule of a refusal.
fn seen(server: &Server<impl ServerEvents>, fields: &[&str]) -> String {
    let answer = server.answer_to(request(fields).as_bytes());
    let answer = String::from_utf8(answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    match head.starts_with("HTTP/1.1 200 ") {
        true => body.into(),
        false => format!("{} {}", &head[9..12], rule(body)),
    }
}

/// "400 Bad Request: … (RFC 7239 §4); at byte …" as "§4".
fn rule(body: &str) -> &str {
    let (_, section) = body.split_once("(RFC 7239 ").unwrap_or(("", body));
    section.split(')').next().unwrap()
}

#[test]
fn the_client_is_the_first_from_the_right_who_is_not_trusted() {
    let server = server(standard(&["pipe", "10.0.0.0/8", "2001:db8:a::/48"]));
    for (fields, expected) in [
        (&[][..], "nobody http://ours"),
        (&["Forwarded: for=192.0.2.43"], "192.0.2.43 http://ours"),
        // The leftmost is what a forger writes.
        (
            &["Forwarded: for=127.0.0.1, for=192.0.2.43"],
            "192.0.2.43 http://ours",
        ),
        (
            &["Forwarded: for=127.0.0.1, for=192.0.2.43, for=10.1.2.3, for=\"[2001:db8:a::9]:1\""],
            "192.0.2.43 http://ours",
        ),
        // Several lines are one list (RFC 9110 §5.3).
        (
            &[
                "Forwarded: for=127.0.0.1",
                "Forwarded: for=192.0.2.43, for=10.1.2.3",
                "Forwarded: for=10.1.2.4",
            ],
            "192.0.2.43 http://ours",
        ),
        // All are trusted: the leftmost.
        (
            &[
                "Forwarded: for=10.0.0.1, for=10.0.0.2",
                "Forwarded: for=10.0.0.3",
            ],
            "10.0.0.1 http://ours",
        ),
        // Each element is of one proxy: that of the client says how it asked.
        (
            &[
                "Forwarded: for=6.6.6.6;proto=http;host=forged, for=192.0.2.43;proto=https;host=\"front:8443\", for=10.0.0.1;proto=http;host=inner",
            ],
            "192.0.2.43 https://front:8443",
        ),
        (
            &["Forwarded: for=192.0.2.43;proto=wss"],
            "192.0.2.43 https://ours",
        ),
        (&["Forwarded: proto=https"], "nobody https://ours"),
        (
            &["Forwarded: for=1.2.3.4, proto=https"],
            "nobody https://ours",
        ),
        (
            &["Forwarded: for=1.2.3.4, for=unknown"],
            "nobody http://ours",
        ),
        (
            &["Forwarded: for=1.2.3.4, for=_hidden, for=10.0.0.1"],
            "nobody http://ours",
        ),
        // One address has two spellings.
        (
            &["Forwarded: for=1.2.3.4, for=\"[::ffff:10.0.0.1]\""],
            "1.2.3.4 http://ours",
        ),
        (
            &["Forwarded: for=\"[::ffff:192.0.2.43]\""],
            "192.0.2.43 http://ours",
        ),
        // Not the field that these proxies write.
        (
            &[
                "X-Forwarded-For: 1.2.3.4",
                "X-Forwarded-Proto: https",
                "X-Forwarded-Host: forged",
            ],
            "nobody http://ours",
        ),
    ] {
        assert_eq!(seen(&server, fields), expected, "{fields:?}");
    }
}

#[test]
fn x_forwarded_for_is_read_the_same_way() {
    let server = server(x_forwarded(&["pipe", "10.0.0.0/8", "::1"]));
    for (fields, expected) in [
        (&[][..], "nobody http://ours"),
        (
            &["X-Forwarded-For: 127.0.0.1, 192.0.2.43,10.0.0.1"],
            "192.0.2.43 http://ours",
        ),
        (
            &[
                "X-Forwarded-For: 127.0.0.1",
                "X-Forwarded-For: 2001:db8::1, ::1",
            ],
            "2001:db8::1 http://ours",
        ),
        (
            &["X-Forwarded-For: 10.0.0.1, , 10.0.0.2,"],
            "10.0.0.1 http://ours",
        ),
        (&["X-Forwarded-For: 1.2.3.4, unknown"], "nobody http://ours"),
        (
            &["X-Forwarded-For: nonsense\"=;, 192.0.2.43:4711"],
            "192.0.2.43 http://ours",
        ),
        // The nearest proxy has replaced these …
        (
            &[
                "X-Forwarded-For: 6.6.6.6, 192.0.2.43",
                "X-Forwarded-Proto: https",
                "X-Forwarded-Host: front:8443",
            ],
            "192.0.2.43 https://front:8443",
        ),
        // … or appended to what a forger has sent …
        (
            &[
                "X-Forwarded-For: 192.0.2.43",
                "X-Forwarded-Proto: https, http",
                "X-Forwarded-Host: forged, front",
            ],
            "192.0.2.43 http://front",
        ),
        // … or each of two has appended.
        (
            &[
                "X-Forwarded-For: 6.6.6.6, 192.0.2.43, 10.0.0.1",
                "X-Forwarded-Proto: ftp, https, http",
                "X-Forwarded-Host: forged, front, inner",
            ],
            "192.0.2.43 https://front",
        ),
        (&["X-Forwarded-Proto: WSS"], "nobody https://ours"),
        (
            &["Forwarded: for=1.2.3.4;proto=https;host=forged"],
            "nobody http://ours",
        ),
    ] {
        assert_eq!(seen(&server, fields), expected, "{fields:?}");
    }
}

/// If it were ignored, the client would get the address of the proxy.
#[test]
fn a_broken_field_of_a_trusted_proxy_is_refused() {
    let server = server(standard(&["pipe"]));
    for (field, section) in [
        ("Forwarded: for=", "§4"),
        ("Forwarded: for=\"_a, for=192.0.2.43", "§4"),
        ("Forwarded: for=192.0.2.43:80", "§4"),
        ("Forwarded: for=example.com", "§6"),
        ("Forwarded: for=192.0.2.43;host=\"a b\"", "§5.3"),
        ("Forwarded: for=192.0.2.43;host=\"\"", "§5.3"),
        ("Forwarded: for=192.0.2.43;proto=ftp", "§5.4"),
        ("Forwarded: for=192.0.2.43;proto=\"\"", "§5.4"),
    ] {
        assert_eq!(seen(&server, &[field]), format!("400 {section}"), "{field}");
    }
    // A line to the left of the client's is not read.
    let fields = ["Forwarded: for=\"", "Forwarded: for=192.0.2.43"];
    assert_eq!(seen(&server, &fields), "192.0.2.43 http://ours");

    let server = self::server(x_forwarded(&["pipe"]));
    for (field, section) in [
        ("X-Forwarded-For: example.com", "§6"),
        ("X-Forwarded-For: 1.2.3.4, \"5.6.7.8\"", "§6"),
        ("X-Forwarded-Host: a/b", "§5.3"),
        ("X-Forwarded-Proto: ftp", "§5.4"),
    ] {
        assert_eq!(seen(&server, &[field]), format!("400 {section}"), "{field}");
    }
    let not_utf8 = b"GET / HTTP/1.0\r\nX-Forwarded-For: \xff\r\n\r\n";
    assert!(server.answer_to(not_utf8).starts_with(b"HTTP/1.1 400 "));
}

const FORGED: [&str; 4] = [
    "Forwarded: for=6.6.6.6;proto=https;host=forged",
    "X-Forwarded-For: 6.6.6.6",
    "X-Forwarded-Proto: https",
    "X-Forwarded-Host: forged",
];

#[test]
fn without_the_setting_and_from_a_stranger_nothing_is_read() {
    for proxies in [
        None,
        standard(&[]),
        x_forwarded(&["127.0.0.1", "::/0", "0.0.0.0/0", "unix:"]),
    ] {
        let server = server(proxies);
        assert_eq!(seen(&server, &FORGED), "nobody http://ours");
        assert_eq!(seen(&server, &["Forwarded: ="]), "nobody http://ours");
    }
}

#[test]
fn a_peer_is_trusted_by_its_address_over_tcp_unix_and_tls() {
    watched(|| {
        let asked = |site: &Site| {
            let mut client = site.client();
            client.send(request(&FORGED));
            client.answer().text().to_owned()
        };
        let seen = "6.6.6.6 https://forged";
        for (proxies, expected) in [
            (standard(&["127.0.0.1"]), seen),
            (x_forwarded(&["127.0.0.0/8"]), seen),
            (
                x_forwarded(&["10.0.0.0/8", "unix:", "pipe", "::1"]),
                "127.0.0.1 http://ours",
            ),
            (None, "127.0.0.1 http://ours"),
        ] {
            assert_eq!(asked(&Site::new(server(proxies))), expected);
        }
        // An IPv4 peer of an IPv6 socket, where there is IPv6.
        if std::net::TcpListener::bind("[::]:0").is_ok() {
            for (proxies, expected) in [
                (standard(&["127.0.0.1"]), seen),
                (None, "127.0.0.1 http://ours"),
            ] {
                let site = Site::at("[::]:0", server(proxies));
                let port = site.address().port().unwrap();
                let address = std::net::SocketAddr::from(([127, 0, 0, 1], port));
                let mut client = crate::support::Client::connect(&address.into());
                client.send(request(&FORGED));
                assert_eq!(client.answer().text(), expected);
            }
        }
        let path = std::env::temp_dir().join(format!("barewire-forwarded-{}", std::process::id()));
        let unix = format!("unix:{}", path.display());
        for (proxies, expected) in [
            (standard(&["unix:"]), seen),
            (standard(&["127.0.0.1", "0.0.0.0/0"]), "nobody http://ours"),
        ] {
            assert_eq!(asked(&Site::at(&unix, server(proxies))), expected);
        }
        for (proxies, expected) in [
            (standard(&["127.0.0.1"]), seen),
            (standard(&["192.0.2.1"]), "127.0.0.1 https://ours"),
        ] {
            let site = tls::Site::new(server(proxies));
            let mut client = site.client();
            client.send(request(&FORGED));
            assert_eq!(client.answer().text(), expected);
        }
    });
}

#[test]
fn what_is_no_proxy_is_refused() {
    for text in [
        "",
        "localhost",
        "10.0.0.1/8",
        "10.0.0.0/33",
        "10.0.0.0/",
        "10.0.0.0/-1",
        "/8",
        "10.0/16",
        "::1/64",
        "::/129",
        "::ffff:10.0.0.0/104",
        "::ffff:10.0.0.1",
        "127.0.0.1:80",
        "[::1]",
        "unix",
        " 10.0.0.1",
        "10.0.0.0/8,10.0.0.1",
    ] {
        let error = TrustedProxies::forwarded([text]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{text}");
        assert!(
            error.to_string().contains(&format!("\"{text}\"")),
            "{error}"
        );
    }
    for text in ["0.0.0.0/0", "::/0", "10.0.0.1/32", "::1/128", "fd00::/8"] {
        TrustedProxies::forwarded([text]).unwrap();
    }
}

/// A proxy asks with another Host and without TLS, and the page is still of the same origin.
#[test]
fn a_websocket_of_the_same_origin_comes_through_a_trusted_proxy() {
    let handshake = |fields: &[&str]| {
        let websocket = [
            "Upgrade: websocket",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
            "Origin: https://example.com",
        ];
        let request = request(&[&websocket[..], fields].concat());
        request.replace("Connection: close", "Connection: Upgrade")
    };
    let status = |proxies, fields: &[&str]| {
        let accept = |req: Request<'_>, res: Response<'_>| -> Handled {
            Acceptor::new().same_origin().accept(req, res)?;
            Ok(())
        };
        let server = http::create_server(accept).trusted_proxies(proxies);
        let answer = server.answer_to(handshake(fields).as_bytes());
        String::from_utf8_lossy(&answer[9..12]).into_owned()
    };
    let said = ["X-Forwarded-Host: example.com", "X-Forwarded-Proto: https"];
    assert_eq!(status(x_forwarded(&["pipe"]), &said), "101");
    assert_eq!(status(x_forwarded(&["pipe"]), &said[..1]), "403");
    assert_eq!(
        status(x_forwarded(&["pipe"]), &["X-Forwarded-Host: a/b"]),
        "403"
    );
    assert_eq!(status(x_forwarded(&["unix:"]), &said), "403");
    assert_eq!(status(None, &said), "403");
}
