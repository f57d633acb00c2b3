//! Where a redirected request goes: the Host that it names, the zone of an address, the credentials and the fragment
//! of a URL, and a Location that leads nowhere.

use super::fault_redirects::redirected;
use super::test_server::{TestServer, get, responding};
use crate::support::watched;
use barewire::http::wire::Rule;
use barewire::http::{self, Error, RequestOptions};

#[test]
fn fault_c09_another_origin_gets_a_host_of_its_own() {
    watched(|| {
        let own = |options: RequestOptions| options.set_host(false).header("Host", "own");
        for (location, host) in [
            ("/b", "own"),
            ("http://a/b", "own"),
            ("http://b/", "b"),
            ("http://b:81/", "b:81"),
            ("http://a:81/", "a:81"),
            ("http://[::1]/", "[::1]"),
        ] {
            let hops = redirected(307, location, own, |_| {}, "");
            assert_eq!(hops.received[0].field("Host"), Some("own"));
            assert_eq!(hops.second().field("Host"), Some(host), "{location}");
        }
        // As before: a request that has none and is to get none is not sent.
        let options = RequestOptions::new().hostname("a").set_host(false);
        assert!(matches!(
            http::request(options).unwrap().end(""),
            Err(Error::Misuse(_) | Error::Io(_))
        ));
    });
}

#[test]
fn fault_c21_the_zone_of_an_address_stays_with_it() {
    watched(|| {
        for (host, location, second_host, connections) in [
            ("fe80::1%4", "/b", "[fe80::1]", 1),
            ("fe80::1%lo", "b?c", "[fe80::1]", 1),
            // A zone means nothing to the server (RFC 9844), so it cannot name one.
            ("fe80::1%4", "http://[fe80::1]/b", "[fe80::1]", 1),
            ("[fe80::1%4]", "http://[FE80::1]:80/b", "[fe80::1]", 1),
            ("fe80::1%4", "http://[fe80::2]/b", "[fe80::2]", 2),
            ("fe80::1%4", "http://[fe80::1]:81/b", "[fe80::1]:81", 2),
            ("fe80::1%4", "http://b/", "b", 2),
        ] {
            let hops = redirected(302, location, |options| options.hostname(host), |_| {}, "");
            let at = format!("{host} {location}");
            assert_eq!(hops.received[0].field("Host"), Some("[fe80::1]"), "{at}");
            assert_eq!(hops.second().field("Host"), Some(second_host), "{at}");
            assert_eq!(hops.connections, connections, "{at}: one pool, one origin");
        }
    });
}

#[test]
fn fault_c22_a_url_brings_its_own_credentials_or_none() {
    watched(|| {
        let url = |options: RequestOptions, url: &str| options.url(url).unwrap();
        let sent = |change: &dyn Fn(RequestOptions) -> RequestOptions| {
            let server = TestServer::new(|mut peer| {
                let received = peer.expect_request();
                let authorization = received.field("Authorization").unwrap_or("none");
                let host = received.field("Host").unwrap_or_default();
                let text = format!("{host}{} {authorization}", received.target());
                peer.send(format!(
                    "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{text}",
                    text.len()
                ));
            });
            let mut response = http::request(change(server.options()))
                .unwrap()
                .end("")
                .unwrap();
            let text = String::from_utf8(response.collect().unwrap()).unwrap();
            drop(response);
            server.end();
            text
        };
        let (up, xy) = ("Basic dTpw", "Basic eDp5");
        let first = "http://u:p@a:81/first?q";
        assert_eq!(sent(&|o| url(o, first)), format!("a:81/first?q {up}"));
        assert_eq!(sent(&|o| url(url(o, first), "http://b/")), "b/ none");
        assert_eq!(
            sent(&|o| url(url(o, first), "http://a:81/x")),
            "a:81/x none"
        );
        assert_eq!(
            sent(&|o| url(url(o, first), "http://x:y@b")),
            format!("b/ {xy}")
        );
        // An option that does not come from a URL is not replaced by one without credentials.
        assert_eq!(
            sent(&|o| url(o.auth("x:y"), "http://b/")),
            format!("b/ {xy}")
        );
        assert_eq!(
            sent(&|o| url(o, first).auth("x:y")),
            format!("a:81/first?q {xy}")
        );
        assert_eq!(
            sent(&|o| url(url(o, first).auth("x:y"), "http://b/")),
            format!("b/ {xy}")
        );
        assert_eq!(
            sent(&|o| url(url(o.auth("x:y"), first), "http://b/")),
            "b/ none"
        );
        // What was wrong with the first is gone with it.
        let wrong = "http://u%3Av:p@a/";
        assert_eq!(sent(&|o| url(url(o, wrong), "http://b/")), "b/ none");
        let options = RequestOptions::new().url(wrong).unwrap();
        assert!(matches!(http::request(options), Err(Error::Misuse(_))));
    });
}

#[test]
fn fault_c22_a_fragment_goes_with_its_url() {
    watched(|| {
        let to = |from: &'static [&'static str], location: &str| {
            let options = |options: RequestOptions| {
                from.iter()
                    .fold(options, |options, url| options.url(url).unwrap())
            };
            redirected(302, location, options, |_| {}, "").url.unwrap()
        };
        // RFC 9110 §10.2.2: "a user agent MUST process the redirection as if the value inherits the
        // fragment component of the URI reference used to generate the target URI"
        assert_eq!(to(&["http://a/x#f"], "/b"), "http://a/b#f");
        assert_eq!(to(&["http://a/x#f"], "http://b/#g"), "http://b/#g");
        assert_eq!(to(&["http://a/x#f", "http://a/x"], "/b"), "http://a/b");
    });
}

#[test]
fn a_location_that_is_no_uri_reference_is_an_error_that_shows_the_byte() {
    watched(|| {
        for (location, at) in [
            ("/a b", 2),
            ("/photo[1].txt", 6),
            ("/photo]", 6),
            ("/a|b", 2),
            ("/a^b", 2),
            ("/a`b", 2),
            ("/{a}", 1),
            ("/a\\b", 2),
            ("/a\"b", 2),
            ("/<a>", 1),
            ("/?q=a|b", 5),
            ("/#a b", 3),
            ("/%zz", 1),
            ("/caf\u{e9}", 4),
            ("http://[fe80::1%254]/", 15),
        ] {
            let text =
                format!("HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n");
            let server = TestServer::new(responding(text));
            let request = http::request(server.options().max_redirects(1)).unwrap();
            let error = request.end("").unwrap_err();
            let Error::Peer(error) = error else {
                panic!("{location}: {error}");
            };
            let found = (error.rule(), error.at());
            assert_eq!(found, (Rule::LocationInvalid, at), "{location}: {error}");
            // Without redirects, the caller gets the response as it is.
            let response = get(&server.options());
            assert_eq!(
                response.headers().get("Location"),
                Some(location.as_bytes())
            );
            drop(response);
            server.end();
        }
    });
}
