//! What a redirected request sends again with what it depends on, or not at all: a body and its trailers, a field
//! and its connection option. `fault_locations` is where the request goes.

use super::peer::Received;
use super::test_server::{OK, TestServer};
use crate::support::watched;
use barewire::http::{self, ClientRequest, Proxy, RequestOptions};
use std::sync::{Arc, Mutex};

/// What a server received that redirects the first request.
pub(super) struct Hops {
    pub(super) received: Vec<Received>,
    pub(super) connections: usize,
    pub(super) url: Option<String>,
}

impl Hops {
    /// The second request.
    pub(super) fn second(&self) -> &Received {
        &self.received[1]
    }
}

/// Sends `body` in a request with these options and whatever `change` adds, to a server that redirects it to
/// `location`.
pub(super) fn redirected(
    status: u16,
    location: &str,
    options: impl FnOnce(RequestOptions) -> RequestOptions,
    change: impl FnOnce(&mut ClientRequest),
    body: &str,
) -> Hops {
    let received = Arc::new(Mutex::new(Vec::new()));
    let (all, location) = (Arc::clone(&received), location.to_owned());
    let server = TestServer::new(move |mut peer| {
        while let Some(one) = peer.request() {
            let mut all = all.lock().unwrap();
            all.push(one);
            match all.len() {
                1 => peer.send(format!(
                    "HTTP/1.1 {status} Elsewhere\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n"
                )),
                _ => peer.send(OK),
            }
        }
    });
    let options = options(server.options().hostname("a").max_redirects(5));
    let mut request = http::request(options).unwrap();
    change(&mut request);
    let mut response = request.end(body).unwrap();
    assert_eq!(response.collect().unwrap(), b"ok");
    let url = response.url().map(str::to_owned);
    drop(response);
    let connections = server.connections();
    server.end();
    let received = std::mem::take(&mut *received.lock().unwrap());
    Hops {
        received,
        connections,
        url,
    }
}

/// A PUT of "body" with these fields and a trailer.
fn with_trailers(status: u16, method: &str, location: &str, fields: &[(&str, &str)]) -> Received {
    let hops = redirected(
        status,
        location,
        |options| {
            let options = options.method(method);
            fields.iter().fold(options, |options, (name, value)| {
                options.header(name, value)
            })
        },
        |request| {
            request.add_trailer("Checksum", "1f3a").unwrap();
            request.add_trailer("Cookie", "id=7").unwrap();
        },
        "body",
    );
    assert_eq!(hops.received[0].trailers.len(), 2);
    hops.second().clone()
}

const FIELDS: [(&str, &str); 5] = [
    ("Trailer", "Checksum"),
    ("Content-Type", "text/plain"),
    ("Transfer-Encoding", "chunked"),
    ("Digest", "x"),
    ("Accept", "*/*"),
];

#[test]
fn fault_c04_trailers_are_sent_again_with_their_body() {
    watched(|| {
        for (status, method) in [(307, "PUT"), (308, "POST"), (301, "PUT"), (302, "PATCH")] {
            let second = with_trailers(status, method, "/b", &FIELDS);
            let at = format!("{status} {method}: {second:?}");
            assert_eq!(
                (second.method(), &second.body[..]),
                (method, &b"body"[..]),
                "{at}"
            );
            assert_eq!(second.trailers, ["Checksum: 1f3a", "Cookie: id=7"], "{at}");
            for (name, value) in FIELDS {
                assert_eq!(second.field(name), Some(value), "{at}");
            }
        }
    });
}

#[test]
fn fault_c04_a_redirect_that_drops_the_body_drops_its_trailers_and_its_fields() {
    watched(|| {
        for (status, method) in [(303, "PUT"), (303, "POST"), (301, "POST"), (302, "POST")] {
            let second = with_trailers(status, method, "/b", &FIELDS);
            let at = format!("{status} {method}: {second:?}");
            assert_eq!((second.method(), second.body.len()), ("GET", 0), "{at}");
            assert!(
                second.trailers.is_empty() && second.chunks.is_empty(),
                "{at}"
            );
            assert_eq!(second.field("Accept"), Some("*/*"), "{at}");
            for (name, _) in &FIELDS[..4] {
                assert_eq!(second.field(name), None, "{at}");
            }
        }
    });
}

#[test]
fn fault_c04_a_trailer_for_one_origin_is_not_sent_to_another() {
    watched(|| {
        let second = with_trailers(307, "PUT", "http://b/", &FIELDS);
        assert_eq!(second.trailers, ["Checksum: 1f3a"]);
        let hops = redirected(
            307,
            "http://b/",
            |options| options.method("PUT").header("Trailer", "Cookie"),
            |request| {
                request.add_trailer("Cookie", "id=7").unwrap();
            },
            "body",
        );
        let second = hops.second();
        assert_eq!(
            (second.body.as_slice(), second.trailers.len()),
            (&b"body"[..], 0)
        );
        assert_eq!(second.field("Trailer"), None);
    });
}

#[test]
fn fault_c04_trailers_are_sent_again_after_a_dead_connection() {
    watched(|| {
        let received = Arc::new(Mutex::new(Vec::new()));
        let all = Arc::clone(&received);
        let server = TestServer::new(move |mut peer| {
            let mut requests = 0;
            while let Some(one) = peer.request() {
                requests += 1;
                all.lock().unwrap().push(one);
                if peer.number == 1 && requests == 2 {
                    return; // it closed in the moment of use
                }
                peer.send(OK);
            }
        });
        for _ in 0..2 {
            let mut request = http::request(server.options().method("PUT")).unwrap();
            request.add_trailer("Checksum", "1f3a").unwrap();
            assert_eq!(request.end("body").unwrap().collect().unwrap(), b"ok");
        }
        let all = received.lock().unwrap().clone();
        assert_eq!((all.len(), server.connections()), (3, 2));
        for one in &all {
            assert_eq!(one.body, b"body");
            assert_eq!(one.trailers, ["Checksum: 1f3a"]);
        }
        server.end();
    });
}

/// The second request, where the first one has these fields.
fn with_fields(status: u16, location: &str, fields: &[(&str, &str)]) -> Received {
    let options = |options: RequestOptions| {
        fields
            .iter()
            .fold(options.method("POST"), |options, (name, value)| {
                options.append_header(name, value)
            })
    };
    let hops = redirected(status, location, options, |_| {}, "body");
    hops.second().clone()
}

#[test]
fn fault_c05_a_connection_option_and_its_field_are_sent_again() {
    watched(|| {
        let pairs: [&[(&str, &str)]; 5] = [
            &[("Connection", "TE"), ("TE", "trailers")],
            &[("Connection", "Upgrade"), ("Upgrade", "x")],
            &[("Connection", "x-hop"), ("X-Hop", "1")],
            &[("Connection", "close, X-Hop"), ("X-Hop", "1")],
            &[("Connection", "keep-alive"), ("Keep-Alive", "timeout=5")],
        ];
        for pair in pairs {
            for (status, location) in [
                (307, "/b"),
                (303, "/b"),
                (307, "http://b/"),
                (302, "http://b/"),
            ] {
                let second = with_fields(status, location, pair);
                for (name, value) in pair {
                    assert_eq!(
                        second.field(name),
                        Some(*value),
                        "{status} {location}: {second:?}"
                    );
                }
            }
        }
    });
}

#[test]
fn fault_c05_an_option_goes_with_the_field_that_is_dropped() {
    watched(|| {
        let fields = [
            ("Connection", "X-Hop, cookie"),
            ("Connection", "Content-Hop"),
            ("X-Hop", "1"),
            ("Cookie", "id=7"),
            ("Content-Hop", "1"),
        ];
        let second = with_fields(303, "http://b/", &fields);
        assert_eq!(second.field("Connection"), Some("X-Hop"));
        assert_eq!(
            (second.field("Cookie"), second.field("Content-Hop")),
            (None, None)
        );

        let second = with_fields(
            303,
            "/b",
            &[("Connection", "Content-Hop"), ("Content-Hop", "1")],
        );
        assert_eq!(
            (second.field("Connection"), second.field("Content-Hop")),
            (None, None)
        );
    });
}

#[test]
fn fault_c05_the_clients_own_close_is_sent_once() {
    watched(|| {
        let hops = redirected(302, "/b", RequestOptions::no_agent, |_| {}, "");
        assert_eq!(hops.second().field("Connection"), Some("close"));
        assert_eq!(hops.connections, 2);
    });
}

#[test]
fn fault_c05_credentials_for_a_proxy_go_where_it_is_asked_again() {
    watched(|| {
        let url = Proxy::new("http://u:p@proxy:1").unwrap();
        let plain = Proxy::new("http://proxy:1").unwrap();
        let (basic, own) = (Some("Basic dTpw"), Some("Own x"));
        // The URL's credentials are sent with each request that goes by the proxy, once.
        for location in ["/b", "http://b/"] {
            let hops = redirected(302, location, |options| options.proxy(&url), |_| {}, "");
            for received in &hops.received {
                assert_eq!(received.field("Proxy-Authorization"), basic, "{location}");
            }
        }
        // The caller's own win, and stay with the origin that they were given for.
        for (proxy, location, second) in [
            (&plain, "/b", own),
            (&url, "/b", own),
            (&plain, "http://b/", None),
            (&url, "http://b/", basic),
        ] {
            let options = |options: RequestOptions| {
                let options = options.proxy(proxy);
                options.header("Proxy-Authorization", "Own x")
            };
            let hops = redirected(302, location, options, |_| {}, "");
            assert_eq!(hops.received[0].field("Proxy-Authorization"), own);
            assert_eq!(
                hops.second().field("Proxy-Authorization"),
                second,
                "{location}"
            );
        }
        // A host without the proxy never gets them, even if the target looks the same.
        let by_hand = |options: RequestOptions| {
            let options = options.hostname("proxy").path("http://b/x");
            options.header("Proxy-Authorization", "Own x")
        };
        let hops = redirected(302, "http://b/y", by_hand, |_| {}, "");
        assert_eq!(hops.received[0].field("Proxy-Authorization"), own);
        assert_eq!(hops.second().field("Proxy-Authorization"), None);
    });
}

#[test]
fn fault_c05_what_each_field_does() {
    watched(|| {
        // The name; whether it stays on the same origin; on another; where POST becomes GET.
        const TABLE: &[(&str, bool, bool, bool)] = &[
            ("Accept", true, true, true),
            ("Authorization", true, false, true),
            ("Cache-Control", true, true, true),
            ("Content-Disposition", true, true, false),
            ("Content-Encoding", true, true, false),
            ("Content-Language", true, true, false),
            ("Content-Location", true, true, false),
            ("Content-MD5", true, true, false),
            ("Content-Range", true, true, false),
            ("Content-Type", true, true, false),
            ("Cookie", true, false, true),
            ("Digest", true, true, false),
            ("Content-Digest", true, true, false),
            ("Repr-Digest", true, true, false),
            ("If-Match", true, true, true),
            ("If-None-Match", true, true, true),
            ("If-Modified-Since", true, true, true),
            ("Last-Modified", true, true, false),
            ("Origin", true, false, true),
            ("Proxy-Authorization", true, false, true),
            ("Range", true, true, true),
            ("Referer", true, false, true),
            ("Trailer", true, true, false),
            ("User-Agent", true, true, true),
            ("X-Api-Key", true, true, true),
        ];
        let has = |status: u16, location: &str, name: &str| {
            let second = with_fields(status, location, &[(name, "x")]);
            second.field(name).is_some()
        };
        for &(name, same, other, get) in TABLE {
            assert_eq!(has(307, "/b", name), same, "{name}, the same origin");
            assert_eq!(has(307, "http://b/", name), other, "{name}, another origin");
            assert_eq!(has(303, "/b", name), get, "{name}, to GET");
        }
    });
}
