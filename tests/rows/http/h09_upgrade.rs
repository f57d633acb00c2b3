//! H09, first half: asking for another language, and being refused.

use crate::support::{Client, Gate, Log, Reporting, Script, Site, answers, request, watched};
use barewire::http::wire::Misuse;
use barewire::http::{self, Handled, Request, Response, ServerEvents};
use std::io::{Read, Write};
use std::sync::Arc;

pub(super) const OFFER: &str =
    "GET /chat HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: echo/1\r\n\r\n";
pub(super) const CONNECT: &str =
    "CONNECT example.org:443 HTTP/1.1\r\nHost: example.org:443\r\n\r\n";
pub(super) const ACCEPT: [(&str, &str); 2] = [("Connection", "upgrade"), ("Upgrade", "echo/1")];

/// Takes every offer and every tunnel, and gives back four bytes.
struct Echo;

impl Echo {
    fn four_bytes(&self, req: Request<'_>, res: Response<'_>, fields: &[(&str, &str)]) -> Handled {
        let mut upgraded = req.upgrade(res, fields.iter().copied())?;
        let mut four = [0; 4];
        upgraded.read_exact(&mut four)?;
        Ok(upgraded.write_all(&four)?)
    }
}

impl ServerEvents for Echo {
    fn request(&self, req: Request<'_>, res: Response<'_>) -> Handled {
        res.end(req.path())
    }

    fn upgrade(&self, req: Request<'_>, res: Response<'_>) -> Handled {
        self.four_bytes(req, res, &ACCEPT)
    }

    fn connect(&self, req: Request<'_>, res: Response<'_>) -> Handled {
        assert_eq!(req.host(), "example.org:443");
        assert_eq!((req.url(), req.path()), ("example.org:443", ""));
        self.four_bytes(req, res, &[])
    }
}

fn echo() -> (Site, Client) {
    let site = Site::new(http::create_server_with(Echo));
    let client = site.client();
    (site, client)
}

/// The 101 says what the handler says, and nothing of bodies or keep-alive.
#[test]
fn row_h09_upgrade_is_answered_with_101() {
    watched(|| {
        let (_site, mut client) = echo();
        client.send(OFFER);
        let switched = client.switched();
        assert_eq!(
            (switched.status, switched.reason.as_str()),
            (101, "Switching Protocols")
        );
        let fields = ACCEPT.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(switched.fields, fields);
        client.send("ping");
        client.exactly("ping");
        client.ended();
    });
}

/// RFC 9110 §9.3.6: the tunnel begins right after the head of a 2xx.
#[test]
fn row_h09_connect_is_answered_with_200() {
    watched(|| {
        let (_site, mut client) = echo();
        client.send(CONNECT);
        let switched = client.switched();
        assert_eq!(
            (switched.status, switched.reason.as_str()),
            (200, "Connection Established")
        );
        assert!(switched.fields.is_empty());
        client.send("ping");
        client.exactly("ping");
        client.ended();
    });
}

/// A client in a hurry does not wait for the 101: its first words come with the head.
#[test]
fn row_h09_bytes_behind_the_head_are_handed_over() {
    watched(|| {
        for head in [OFFER, CONNECT] {
            for (with_head, later) in [("ping", ""), ("pi", "ng"), ("pingpong", "")] {
                let (_site, mut client) = echo();
                client.send(head.to_owned() + with_head);
                client.switched();
                client.send(later);
                client.exactly("ping");
            }
        }
    });
}

/// Requests before it are answered first; the new language begins behind the 101.
#[test]
fn row_h09_upgrade_behind_pipelined_requests() {
    watched(|| {
        let (_site, mut client) = echo();
        client.send(request("GET", "/1") + &request("GET", "/2") + OFFER + "ping");
        assert_eq!(client.answer().text(), "/1");
        assert_eq!(client.answer().text(), "/2");
        assert_eq!(client.switched().status, 101);
        client.exactly("ping");
        client.ended();
    });
}

/// A hook that looked whether its client is still there has taken bytes from the stream for it:
/// those too belong to the new language, behind the ones that came with the head.
#[test]
fn row_h09_bytes_that_came_while_the_hook_looked_are_handed_over() {
    struct Looking(Gate, Log);
    impl ServerEvents for Looking {
        fn request(&self, _req: Request<'_>, res: Response<'_>) -> Handled {
            res.end("")
        }
        fn upgrade(&self, req: Request<'_>, res: Response<'_>) -> Handled {
            self.1.note("upgrade");
            self.0.pass();
            assert!(!res.client_left());
            let mut upgraded = req.upgrade(res, ACCEPT)?;
            let mut words = [0; 12];
            upgraded.read_exact(&mut words)?;
            Ok(upgraded.write_all(&words)?)
        }
    }
    watched(|| {
        let (gate, log) = (Gate::default(), Log::default());
        let events = Looking(gate.clone(), log.clone());
        let site = Site::new(http::create_server_with(events));
        let mut client = site.client();
        client.send(OFFER.to_owned() + "first ");
        log.wait_for("upgrade");
        client.send("second");
        gate.open();
        assert_eq!(client.switched().status, 101);
        client.exactly("first second");
        client.ended();
    });
}

/// Nothing that an upgrade can go wrong with reaches the client but a 500.
#[track_caller]
fn refused(misuse: Misuse, bytes: &str, fields: [(&'static str, &'static str); 1]) {
    struct Taking([(&'static str, &'static str); 1], Log);
    impl ServerEvents for Taking {
        fn request(&self, req: Request<'_>, res: Response<'_>) -> Handled {
            req.upgrade(res, self.0)?;
            Ok(())
        }
        fn error(&self, what: &dyn std::fmt::Display) {
            self.1.note(what);
        }
    }
    let log = Log::default();
    let server = http::create_server_with(Taking(fields, log.clone()));
    let answer = answers(server.answer_to(bytes.as_bytes()), &["GET"]).remove(0);
    assert_eq!((answer.status, log.all()), (500, vec![misuse.to_string()]));
}

#[test]
fn row_h09_what_was_not_offered_cannot_be_taken() {
    let accept = [("Upgrade", "echo/1")];
    refused(Misuse::Switch, &request("GET", "/"), accept);
    refused(Misuse::Switch, &OFFER.replace("1.1", "1.0"), accept);
    refused(
        Misuse::Switch,
        &OFFER.replace("Connection: upgrade\r\n", ""),
        accept,
    );
    // RFC 9110 §7.8: nor a protocol that the client does not speak.
    refused(Misuse::Switch, OFFER, [("Upgrade", "echo/2")]);
}

#[test]
fn row_h09_bad_fields_are_refused_before_the_101() {
    refused(Misuse::FieldName, OFFER, [("a b", "c")]);
    refused(Misuse::FieldValue, OFFER, [("a", "b\r\nc: d")]);
}

/// RFC 9110 §7.8: the switch comes behind the request, and a body belongs to it.
#[test]
fn row_h09_the_body_comes_first() {
    let length = "\r\nContent-Length: 4\r\n\r\n";
    let unread = OFFER.replace("\r\n\r\n", length) + "body";
    refused(Misuse::Switch, &unread, [("Upgrade", "echo/1")]);
    watched(move || {
        struct BodyFirst;
        impl ServerEvents for BodyFirst {
            fn request(&self, mut req: Request<'_>, res: Response<'_>) -> Handled {
                let body = req.collect()?.to_vec();
                let mut upgraded = req.upgrade(res, ACCEPT)?;
                let head = upgraded.take_head();
                Ok(upgraded.write_all(&[body, head].concat())?)
            }
        }
        let site = Site::new(http::create_server_with(BodyFirst));
        let mut client = site.client();
        client.send(unread + "behind");
        client.switched();
        client.exactly("bodybehind");
        client.ended();
    });
}

/// The same with every framing of the body, with a 100 before it where the client waits for one, and wherever
/// the bytes are cut: what stands behind the body belongs to the new language.
#[test]
fn row_h09_a_chunked_or_expected_body_comes_first() {
    struct BodyFirst;
    impl ServerEvents for BodyFirst {
        fn request(&self, mut req: Request<'_>, res: Response<'_>) -> Handled {
            let body = req.collect()?.to_vec();
            let mut upgraded = req.upgrade(res, ACCEPT)?;
            let mut behind = [0; 6];
            upgraded.read_exact(&mut behind)?;
            Ok(upgraded.write_all(&[&body[..], &behind].concat())?)
        }
    }
    let head = |fields: &str| OFFER.replace("\r\n\r\n", &format!("\r\n{fields}\r\n\r\n"));
    let (chunked, length) = ("Transfer-Encoding: chunked", "Content-Length: 4");
    let chunks = "2;x=y\r\nbo\r\n2\r\ndy\r\n0\r\nX-Trailer: t\r\n\r\n";
    let expect = "\r\nExpect: 100-continue";
    let cases = [
        (head(length), "body"),
        (head(chunked), chunks),
        (head(&(length.to_owned() + expect)), "body"),
        (head(&(chunked.to_owned() + expect)), chunks),
    ];
    let server = http::create_server_with(BodyFirst);
    for (head, body) in &cases {
        let bytes = head.to_owned() + body + "behind";
        for cut in 0..bytes.len() {
            let (one, other) = bytes.as_bytes().split_at(cut);
            let script = Arc::new(Script::new([one, other]));
            server.serve(script.clone());
            let written = String::from_utf8(script.written()).expect("text");
            let (heads, spoken) = written.rsplit_once("\r\n\r\n").expect("a head");
            assert_eq!(spoken, "bodybehind", "{head:?} cut at {cut}: {written}");
            assert!(heads.contains("HTTP/1.1 101 "), "{written}");
        }
    }
    watched(move || {
        let site = Site::new(http::create_server_with(BodyFirst));
        for (head, body) in cases {
            let mut client = site.client();
            client.send(&head);
            if head.contains("Expect") {
                assert_eq!(client.interim().status, 100);
            }
            client.send(body);
            assert_eq!(client.switched().status, 101);
            client.send("behind");
            client.exactly("bodybehind");
            client.ended();
        }
    });
}

/// RFC 9110 §15.5.6: a 405 names what is allowed. (Node drops the connection and says nothing.)
#[test]
fn row_h09_connect_without_a_hook_is_405_and_closed() {
    watched(|| {
        let site = Site::new(http::create_server(|_req, res| res.end("request")));
        let mut client = site.client();
        client.send(CONNECT.to_owned() + "ping");
        let answer = client.answer();
        assert_eq!(answer.status, 405);
        // RFC 9110 §10.2.1: of the resource that was asked for, which is host:port.
        assert_eq!(answer.field("Allow"), Some(""));
        assert!(
            answer.text().contains("RFC 9110 §9.3.6"),
            "{}",
            answer.text()
        );
        assert!(answer.says_close());
        client.ended();
    });
}

/// The notes: without a listener the connection is closed. The offer is only an offer.
#[test]
fn erratum_e23_upgrade_without_a_hook_is_a_plain_request() {
    watched(|| {
        let site = Site::new(http::create_server(|req: Request<'_>, res| {
            res.end(req.path())
        }));
        let mut client = site.client();
        for _ in 0..2 {
            client.send(OFFER);
            let answer = client.answer();
            assert_eq!((answer.status, answer.text()), (200, "/chat"));
            assert_eq!(answer.field("Upgrade"), None);
            assert!(!answer.says_close());
        }
    });
}

/// A hook may say no in HTTP, and HTTP it stays.
#[test]
fn row_h09_a_hook_may_decline() {
    struct Declining;
    impl ServerEvents for Declining {
        fn request(&self, _req: Request<'_>, res: Response<'_>) -> Handled {
            res.end("request")
        }
        fn upgrade(&self, _req: Request<'_>, res: Response<'_>) -> Handled {
            res.write_head(426, [("Upgrade", "echo/2")])?.end("no")
        }
        fn connect(&self, _req: Request<'_>, res: Response<'_>) -> Handled {
            res.write_head(403, [("X", "y")])?.end("no")
        }
    }
    watched(|| {
        let site = Site::new(http::create_server_with(Declining));
        let mut client = site.client();
        for (bytes, status) in [(OFFER, 426), (CONNECT, 403), (OFFER, 426)] {
            client.send(bytes);
            let answer = client.answer();
            assert_eq!((answer.status, answer.text()), (status, "no"));
        }
    });
}

/// A 2xx to CONNECT *is* the tunnel: as an answer with a body it would be something else to
/// each side.
#[test]
fn row_h09_connect_cannot_be_answered_200_by_hand() {
    struct ByHand(Log);
    impl ServerEvents for ByHand {
        fn request(&self, _req: Request<'_>, res: Response<'_>) -> Handled {
            res.end("")
        }
        fn connect(&self, _req: Request<'_>, res: Response<'_>) -> Handled {
            res.end("hello")
        }
        fn error(&self, what: &dyn std::fmt::Display) {
            self.0.note(what);
        }
    }
    let log = Log::default();
    let server = http::create_server_with(ByHand(log.clone()));
    let answer = answers(server.answer_to(CONNECT.as_bytes()), &["CONNECT"]).remove(0);
    assert_eq!(
        (answer.status, log.all()),
        (500, vec![Misuse::Status.to_string()])
    );
}

/// The stream has another owner, but the handler's failure is still reported.
#[test]
fn row_h09_a_failure_after_the_handover_is_reported() {
    let log = Log::default();
    let events = Reporting::new(&log, |req: Request<'_>, res: Response<'_>| {
        drop(req.upgrade(res, ACCEPT)?);
        Err(Misuse::Target.into())
    });
    let bytes = http::create_server_with(events).answer_to(OFFER.as_bytes());
    assert!(bytes.starts_with(b"HTTP/1.1 101 ") && bytes.ends_with(b"echo/1\r\n\r\n"));
    assert_eq!(log.all(), [Misuse::Target.to_string()]);
}
