//! H07, first half: the book's events, each a method.

use crate::support::{Client, Log, Site, post, request, watched};
use barewire::http::{self, Error, Handled, Request, Response, ServerEvents};
use barewire::net::Stream;

/// Notes every event there is.
struct Noting(Log);

impl ServerEvents for Noting {
    fn request(&self, _req: Request<'_>, res: Response<'_>) -> Handled {
        self.0.note("request");
        res.end("request")
    }

    fn check_continue(&self, mut req: Request<'_>, res: Response<'_>) -> Handled {
        self.0.note("check_continue");
        req.collect()?;
        res.end("check_continue")
    }

    fn connect(&self, req: Request<'_>, res: Response<'_>) -> Handled {
        self.0.note("connect");
        req.upgrade(res, ())?;
        Ok(())
    }

    fn upgrade(&self, req: Request<'_>, res: Response<'_>) -> Handled {
        self.0.note("upgrade");
        req.upgrade(res, [("Connection", "upgrade"), ("Upgrade", "echo")])?;
        Ok(())
    }

    fn connection(&self, _stream: &dyn Stream) {
        self.0.note("connection");
    }

    fn client_error(&self, error: &Error, mut res: Response<'_>) -> Handled {
        self.0.note("client_error");
        res.set_status(error.status())?;
        res.end("")
    }

    fn close(&self) {
        self.0.note("close");
    }
}

fn noting() -> (Log, Site) {
    let log = Log::default();
    let site = Site::new(http::create_server_with(Noting(log.clone())));
    (log, site)
}

const CONNECT: &str = "CONNECT example.org:443 HTTP/1.1\r\nHost: example.org:443\r\n\r\n";
const UPGRADE: &str =
    "GET /chat HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n";
const EXPECT: &str =
    "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\nbody";

#[test]
fn row_h07_every_event_is_called() {
    watched(|| {
        let (log, site) = noting();
        let mut client = site.client();
        client.send(request("GET", "/"));
        assert_eq!(client.answer().text(), "request");
        client.send(EXPECT);
        assert_eq!(client.answer().text(), "check_continue");
        client.send(UPGRADE);
        assert_eq!(client.switched().status, 101);
        client.ended();
        let mut client = site.client();
        client.send(CONNECT);
        assert_eq!(client.switched().status, 200);
        client.ended();
        let mut client = site.client();
        client.send("no request\r\n\r\n");
        assert_eq!(client.answer().status, 400);
        client.ended();
        drop(client);
        site.handle.stop();
        site.handle.wait();
        let first = ["connection", "request", "check_continue", "upgrade"];
        let rest = [
            "connection",
            "connect",
            "connection",
            "client_error",
            "close",
        ];
        assert_eq!(log.all(), [&first[..], &rest[..]].concat());
    });
}

/// The book: one `connection` for each TCP connection, one `request` for each request.
#[test]
fn row_h07_connection_is_called_once_for_each_connection() {
    watched(|| {
        let (log, site) = noting();
        let mut clients: Vec<Client> = (0..3).map(|_| site.client()).collect();
        for client in &mut clients {
            for _ in 0..4 {
                client.send(request("GET", "/"));
                client.answer();
            }
        }
        assert_eq!((log.count("connection"), log.count("request")), (3, 12));
    });
}

/// Before a byte has come there is a connection already, and no request.
#[test]
fn row_h07_connection_comes_before_the_first_byte() {
    watched(|| {
        let (log, site) = noting();
        let mut client = site.client();
        log.wait_for("connection");
        assert_eq!(log.all(), ["connection"]);
        client.send(request("GET", "/"));
        client.answer();
        assert_eq!(log.all(), ["connection", "request"]);
    });
}

#[test]
fn row_h07_connection_knows_both_addresses() {
    struct Addresses(Log);
    impl ServerEvents for Addresses {
        fn request(&self, _req: Request<'_>, res: Response<'_>) -> Handled {
            res.end("")
        }
        fn connection(&self, stream: &dyn Stream) {
            let addresses = (stream.local_addr(), stream.peer_addr());
            if let (Ok(local), Ok(peer)) = addresses {
                self.0.note(format!("{local} {peer}"));
            }
        }
    }
    watched(|| {
        let log = Log::default();
        let site = Site::new(http::create_server_with(Addresses(log.clone())));
        let client = site.client();
        let own = client.stream().local_addr().expect("an address");
        log.wait_for(&format!("{} {own}", site.address()));
    });
}

/// Which of the four it is says the head alone; the others hear nothing of it.
#[test]
fn row_h07_a_request_is_one_of_four_events() {
    let upgrade_1_0 = UPGRADE.replace("1.1", "1.0");
    let upgrade_and_expect = EXPECT.replace(
        "Host: a\r\n",
        "Host: a\r\nConnection: upgrade\r\nUpgrade: echo\r\n",
    );
    let connect_and_upgrade = CONNECT.replace(
        "\r\n\r\n",
        "\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n",
    );
    let table = [
        (request("GET", "/"), "request"),
        (post("/", "body"), "request"),
        (EXPECT.into(), "check_continue"),
        (
            EXPECT.replace("100-continue", "100-CONTINUE"),
            "check_continue",
        ),
        // Nothing to wait for: there is no body, or the client is too old to know a 100.
        (EXPECT.replace("4\r\n\r\nbody", "0\r\n\r\n"), "request"),
        (EXPECT.replace("1.1", "1.0"), "request"),
        (CONNECT.into(), "connect"),
        (connect_and_upgrade, "connect"),
        (UPGRADE.into(), "upgrade"),
        // RFC 9110 §7.8: both fields, and HTTP/1.1, or it is no offer.
        (UPGRADE.replace("Connection: upgrade\r\n", ""), "request"),
        (UPGRADE.replace("Upgrade: echo\r\n", ""), "request"),
        (upgrade_1_0, "request"),
        (upgrade_and_expect, "upgrade"),
    ];
    for (bytes, event) in table {
        let log = Log::default();
        http::create_server_with(Noting(log.clone())).answer_to(bytes.as_bytes());
        let reported: Vec<String> = log.all();
        assert_eq!(reported, ["connection", event], "{bytes}");
    }
}

/// Only `request` must be there; see H08 to H10 for what the defaults of the others do.
#[test]
fn row_h07_one_method_is_enough() {
    struct Least;
    impl ServerEvents for Least {
        fn request(&self, req: Request<'_>, res: Response<'_>) -> Handled {
            res.end(req.method())
        }
    }
    watched(|| {
        let site = Site::new(http::create_server_with(Least));
        for (bytes, status, text) in [
            (request("GET", "/"), 200, "GET"),
            (EXPECT.into(), 200, "POST"),
            (UPGRADE.into(), 200, "GET"),
            (
                CONNECT.into(),
                405,
                "405 Method Not Allowed: this server opens no tunnels (RFC 9110 §9.3.6)\n",
            ),
        ] {
            let mut client = site.client();
            client.send(bytes);
            let answer = client.answer();
            assert_eq!((answer.status, answer.text()), (status, text));
        }
    });
}

/// After a panic in `connection` the server serves that connection, and others, as if it had returned.
#[test]
fn row_h07_a_panic_in_connection_ends_no_connection() {
    use std::sync::atomic::{AtomicBool, Ordering};
    struct First(AtomicBool);
    impl ServerEvents for First {
        fn request(&self, _req: Request<'_>, res: Response<'_>) -> Handled {
            res.end("well")
        }
        fn connection(&self, _stream: &dyn Stream) {
            assert!(self.0.swap(true, Ordering::SeqCst), "on purpose");
        }
    }
    watched(|| {
        let events = First(AtomicBool::new(false));
        let site = Site::new(http::create_server_with(events));
        for _ in 0..2 {
            assert_eq!(site.get("/").text(), "well");
        }
    });
}
