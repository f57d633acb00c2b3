//! H05, fourth part: clients that leave are no failures of the handlers that notice it.

use crate::support::{Client, Log, PATIENCE, Site, over_pipe, request, watched};
use barewire::http::{self, Error, Failure, Handled, Request, Response, ServerEvents};
use barewire::net::{Stream, pipe_with_capacity};
use barewire::websocket::{self, Acceptor};
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::sync::Arc;

/// An error of a program that keeps its cause.
#[derive(Debug)]
struct Own(Error);

impl fmt::Display for Own {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the program could not go on")
    }
}

impl std::error::Error for Own {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}

/// One way to notice that the client has left for each path.
struct Noticing {
    log: Log,
    reported: Log,
}

impl ServerEvents for Noticing {
    fn request(&self, req: Request<'_>, res: Response<'_>) -> Handled {
        let path = req.path().to_owned();
        self.log.note(format!("{path} began"));
        let handled = notice(&path, req, res);
        self.log.note(format!("{path} ended"));
        handled
    }

    fn error(&self, what: &dyn fmt::Display) {
        self.reported.note(what);
        self.log.note("reported");
    }
}

fn notice(path: &str, mut req: Request<'_>, mut res: Response<'_>) -> Handled {
    match path {
        "/error" => Ok(endless(&mut res)?),
        "/own" => Ok(endless(&mut res).map_err(Own)?),
        "/other" => Ok(endless(&mut res).map_err(io::Error::other)?),
        "/copy" => Ok(io::copy(&mut io::repeat(b'x'), &mut res).map(drop)?),
        "/silent" => {
            let _ = endless(&mut res);
            Ok(())
        }
        "/body" => Ok(req.read_to_end(&mut Vec::new()).map(drop)?),
        "/body/silent" => {
            let _ = req.read_to_end(&mut Vec::new());
            Ok(())
        }
        "/file" => {
            let _ = endless(&mut res);
            Ok(File::open("/there/is/no/such/file").map(drop)?)
        }
        "/text" => {
            let _ = endless(&mut res);
            Err("the program's own".into())
        }
        "/upgrade" => {
            let mut stream = req.upgrade(res, [("Upgrade", "x")])?;
            io::copy(&mut io::repeat(b'x'), &mut stream)?;
            Ok(())
        }
        "/upgrade/file" => {
            drop(req.upgrade(res, [("Upgrade", "x")])?);
            Ok(File::open("/there/is/no/such/file").map(drop)?)
        }
        "/receive" => receive(websocket::accept(req, res)?),
        "/misuse" => {
            let ws = websocket::accept(req, res)?.ok_or("refused")?;
            Ok(ws.writer().close(1, "no code")?)
        }
        _ => res.end("well"),
    }
}

fn endless(res: &mut Response<'_>) -> Result<(), Error> {
    loop {
        res.write([b'x'; 1000])?;
    }
}

fn receive(ws: Option<websocket::WebSocket>) -> Handled {
    let mut ws = ws.ok_or("refused")?;
    while ws.receive()?.is_some() {}
    Ok(())
}

fn noticing() -> (Log, Log, http::Server<impl ServerEvents>) {
    let (log, reported) = (Log::default(), Log::default());
    let events = Noticing {
        log: log.clone(),
        reported: reported.clone(),
    };
    (log, reported, http::create_server_with(events))
}

/// What is reported when a client sends these bytes, and leaves by a reset once the handler has begun.
fn reported(path: &str, bytes: &[u8], more: &[u8]) -> Vec<String> {
    let (log, reported, site) = left(path, bytes, more);
    site.handle.shutdown(PATIENCE);
    assert_eq!(log.count("reported"), reported.all().len());
    reported.all()
}

fn left(path: &str, bytes: &[u8], more: &[u8]) -> (Log, Log, Site) {
    let (log, reported, server) = noticing();
    let site = Site::new(server);
    let mut client = site.client();
    // A response that the client has not read: to close is a reset then, and not a FIN.
    client.send(request("GET", "/unread"));
    log.wait_for("/unread ended");
    client.send(bytes);
    log.wait_for(&format!("{path} began"));
    if !more.is_empty() {
        client.answer();
        client.switched();
        let _ = client.try_send(more);
    }
    let _ = client.stream().abort(); // the handler may have ended it
    drop(client);
    log.wait_for(&format!("{path} ended"));
    assert_eq!(site.get("/").text(), "well");
    (log, reported, site)
}

const HANDSHAKE: &str = " HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

fn upgrade(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: a\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n")
}

#[test]
fn fault_b09_a_client_that_leaves_during_a_response_is_no_failure() {
    watched(|| {
        for path in ["/error", "/own", "/other", "/copy", "/silent"] {
            let bytes = request("GET", path);
            assert_eq!(reported(path, bytes.as_bytes(), b""), [""; 0], "{path}");
        }
    });
}

#[test]
fn fault_b09_a_client_that_leaves_during_its_body_is_no_failure() {
    watched(|| {
        for path in ["/body", "/body/silent"] {
            let head = format!("POST {path} HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n1234");
            assert_eq!(reported(path, head.as_bytes(), b""), [""; 0], "{path}");
        }
    });
}

#[test]
fn fault_b09_a_client_that_leaves_after_an_upgrade_is_no_failure() {
    watched(|| {
        let bytes = upgrade("/upgrade");
        assert_eq!(reported("/upgrade", bytes.as_bytes(), b""), [""; 0]);
        let handshake = format!("GET /receive{HANDSHAKE}");
        assert_eq!(reported("/receive", handshake.as_bytes(), b""), [""; 0]);
        // Inside a frame.
        let half = b"\x81\x85\0\0\0\0he";
        assert_eq!(reported("/receive", handshake.as_bytes(), half), [""; 0]);
    });
}

/// Nor one whose frames break a rule: it got a Close frame that names it.
#[test]
fn fault_b09_a_websocket_that_breaks_a_rule_is_no_failure() {
    watched(|| {
        let (_, reported, server) = noticing();
        over_pipe(&server, 4096, |mut client: Client| {
            client.send(format!("GET /receive{HANDSHAKE}"));
            client.switched();
            client.send(b"\x81\x02hi"); // not masked
            client.exactly(b"\x88");
            client.rest();
        });
        assert_eq!(reported.all(), [""; 0]);
    });
}

/// The peer is gone before the 101 can be written.
#[test]
fn fault_b09_a_client_that_leaves_before_the_101_is_no_failure() {
    watched(|| {
        for path in ["/receive", "/upgrade"] {
            let (log, reported, server) = noticing();
            let (client, served) = pipe_with_capacity(4096);
            let bytes = match path {
                "/upgrade" => upgrade(path),
                _ => format!("GET {path}{HANDSHAKE}"),
            };
            client.write(bytes.as_bytes()).expect("room");
            drop(client);
            server.serve(Arc::new(served));
            assert_eq!(log.count(&format!("{path} ended")), 1);
            assert_eq!(reported.all(), [""; 0], "{path}");
        }
    });
}

/// What has nothing to do with the client is reported, also if the client has left.
#[test]
fn fault_b09_real_failures_are_reported() {
    watched(|| {
        let handshake = format!("GET /misuse{HANDSHAKE}");
        for (path, bytes, more) in [
            ("/file", request("GET", "/file"), &b""[..]),
            ("/text", request("GET", "/text"), b""),
            ("/upgrade/file", upgrade("/upgrade/file"), b"x"), // once the 101 has come
            ("/misuse", handshake, b"x"),
        ] {
            let (log, reported, _site) = left(path, bytes.as_bytes(), more);
            log.wait_for("reported"); // the place of an upgraded stream may be free before
            assert_eq!(reported.all().len(), 1, "{path}: {:?}", reported.all());
        }
    });
}

/// A client that has only ended its sending direction may wait for a response still: it gets one that says why.
#[test]
fn fault_b09_a_body_that_breaks_a_rule_is_no_loss_of_the_connection() {
    let (_, reported, server) = noticing();
    let bytes = b"POST /body/silent HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nx";
    let answer = String::from_utf8_lossy(&server.answer_to(bytes)).into_owned();
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    let head = b"POST /body/silent HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n1234";
    let answer = String::from_utf8_lossy(&server.answer_to(head)).into_owned();
    assert!(answer.contains("the connection ended before"), "{answer}");
    assert_eq!(reported.all(), [""; 0]);
}

/// The acceptor's own way, as the demo goes it.
#[test]
fn fault_b09_an_acceptor_is_no_failure_either() {
    watched(|| {
        let log = Log::default();
        let acceptor = Acceptor::new();
        let noted = log.clone();
        struct Accepting<F>(F, Log);
        impl<F> ServerEvents for Accepting<F>
        where
            F: Fn(Request<'_>, Response<'_>) -> Result<(), Failure> + Send + Sync + 'static,
        {
            fn request(&self, req: Request<'_>, res: Response<'_>) -> Handled {
                (self.0)(req, res)
            }
            fn error(&self, what: &dyn fmt::Display) {
                self.1.note(what);
            }
        }
        let events = Accepting(
            move |req: Request<'_>, res: Response<'_>| {
                if let Some(ws) = acceptor.accept(req, res)? {
                    ws.on_message(|socket, _| drop(socket.send("yakexi")));
                }
                noted.note("ended");
                Ok(())
            },
            log.clone(),
        );
        let site = Site::new(http::create_server_with(events));
        let mut client = site.client();
        client.send(format!("GET /{HANDSHAKE}"));
        client.switched();
        let _ = client.stream().abort(); // the handler may have ended it
        log.wait_for("ended");
        site.handle.shutdown(PATIENCE);
        assert_eq!(log.all(), ["ended"]);
    });
}
