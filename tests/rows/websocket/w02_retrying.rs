//! W02: which errors of a connection are worth another try: each row of the table of `websocket::Error`.

use super::stage::{accepting, fake_server, serving};
use crate::support::{PATIENCE, watched};
use barewire::websocket::{self, Acceptor, ConnectOptions, Error};
use barewire::{http, https};
use std::io::ErrorKind;
use std::net::TcpListener;
use std::time::Duration;

#[track_caller]
fn io(error: Error, kind: ErrorKind, again: bool) {
    assert_eq!(error.is_worth_retrying(), again, "{error:?}");
    match error {
        Error::Io(error) => assert_eq!(error.kind(), kind, "{error:?}"),
        error => panic!("{error:?}"),
    }
}

/// A wrong URL or header is one kind, and nothing is tried.
#[test]
fn fault_w02_a_wrong_url_or_option_is_invalid_input() {
    for url in [
        "http://localhost/",
        "localhost:80",
        "",
        "ws://",
        "ws://localhost:notaport/",
        "ws://localhost:99999/",
        "ws://localhost/#frag",
        "ws://localhost/a b",
        "wss://localhost/",
    ] {
        let error = websocket::connect(url).expect_err(url);
        io(error, ErrorKind::InvalidInput, false);
    }
    let error = https::websocket("https://localhost/").expect_err("no wss: URL");
    io(error, ErrorKind::InvalidInput, false);
    let options = ConnectOptions::new().header("X", "a\r\nb");
    let error = websocket::connect_with("ws://localhost:1/", &options).expect_err("two lines");
    io(error, ErrorKind::InvalidInput, false);
    for options in [
        ConnectOptions::new().header("Upgrade", "x"),
        ConnectOptions::new().protocols(["no token"]),
    ] {
        let error = websocket::connect_with("ws://localhost:1/", &options).expect_err("a rule");
        assert!(matches!(error, Error::Misuse(_)), "{error:?}");
        assert!(!error.is_worth_retrying());
    }
}

/// A connection that cannot be made is `Io`, over TLS, too.
#[test]
fn fault_w02_a_connection_that_cannot_be_made_is_io() {
    watched(|| {
        let free = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = free.local_addr().expect("a port").port();
        drop(free);
        let error = websocket::connect(&format!("ws://127.0.0.1:{port}/")).expect_err("refused");
        io(error, ErrorKind::ConnectionRefused, true);
        let error = https::websocket(&format!("wss://127.0.0.1:{port}/")).expect_err("refused");
        io(error, ErrorKind::ConnectionRefused, true);

        let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("ws://{}/", silent.local_addr().expect("a port"));
        let options = ConnectOptions::new().handshake_timeout(Duration::from_millis(20));
        let error = websocket::connect_with(&url, &options).expect_err("no answer");
        io(error, ErrorKind::TimedOut, true);

        let plain = serving(drop);
        let url = format!("wss://{}/", plain.handle.local_addr());
        let error = https::websocket(&url).expect_err("no TLS");
        assert!(https::tls_error(&error).is_some(), "{error:?}");
        io(error, ErrorKind::InvalidData, false);
    });
}

/// What the server answers decides.
#[test]
fn row_w02_a_status_says_whether_to_come_back() {
    watched(|| {
        let server = http::create_server(|req, res| {
            let status = req.path()[1..].parse::<u16>()?;
            res.write_head(status, [("A", "b")])?.end("")
        });
        let server = server.listen("127.0.0.1:0").expect("a port");
        for (status, again) in [
            (200, false),
            (301, false),
            (401, false),
            (403, false),
            (404, false),
            (408, true),
            (425, true),
            (426, false),
            (429, true),
            (500, true),
            (501, false),
            (502, true),
            (503, true),
            (504, true),
            (505, false),
        ] {
            let url = format!("ws://{}/{status}", server.local_addr());
            let error = websocket::connect(&url).expect_err("no WebSocket");
            assert!(matches!(error, Error::Refused(_)), "{error:?}");
            assert_eq!(error.is_worth_retrying(), again, "{status}");
        }
        server.shutdown(PATIENCE);

        for (answer, again) in [
            ("", true),                     // it is being stopped
            ("HTTP/1.1 101 Sw", true),      // the same
            ("SSH-2.0-OpenSSH\r\n", false), // another protocol
            (
                "HTTP/1.1 101 A\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
                false,
            ), // no WebSocket
        ] {
            let (url, server) = fake_server(|_| answer.to_owned(), drop);
            let error = websocket::connect(&url).expect_err("no WebSocket");
            assert_eq!(error.is_worth_retrying(), again, "{answer:?}: {error:?}");
            server.join().expect("the server");
        }
    });
}

/// A connection that is lost is worth another one; a peer that breaks a rule would break it again.
#[test]
fn row_w02_the_loss_of_a_connection_is_worth_another_try() {
    watched(|| {
        for (last, again) in [(&[][..], true), (&[0x83, 0], false)] {
            let site = accepting(Acceptor::new(), move |ws| {
                let _ = ws.stream().write(last);
                let _ = ws.stream().shutdown(std::net::Shutdown::Both);
            });
            let url = format!("ws://{}/", site.handle.local_addr());
            let mut ws = websocket::connect(&url).expect("open");
            let error = ws.receive().expect_err("no Close frame");
            assert_eq!(error.is_worth_retrying(), again, "{error:?}");
        }

        let site = serving(drop);
        let ws = websocket::connect(&format!("ws://{}/", site.handle.local_addr()));
        let ws = ws.expect("open");
        ws.writer().close(1000, "").expect("a code");
        let error = ws.send("too late").expect_err("closed");
        assert!(error.is_worth_retrying(), "{error:?}");
        let error = ws.writer().close(1005, "").expect_err("no code");
        assert!(!error.is_worth_retrying(), "{error:?}");
    });
}
