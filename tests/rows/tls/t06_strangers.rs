//! T06: who does not speak TLS, or another one.

use super::stage::{answering, client, client_context, meet, says, server, server_context};
use crate::support::{Log, PATIENCE, watched};
use barewire::net::{self, Service, Slot, Stream, pipe};
use barewire::tls::{Code, Error, Secured, Version};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

fn asks(bytes: &'static [u8]) -> Error {
    let context = client_context(&client());
    let to = Arc::new(answering(bytes));
    let met = context.connect(to, "localhost", Instant::now() + PATIENCE);
    met.unwrap_err()
}

#[test]
fn row_t06_a_server_that_speaks_plain_http() {
    watched(|| {
        let error = asks(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        assert_eq!(error.code(), Code::HttpRequest);
        says(&error, &["\"localhost\" answers in plain HTTP", "http:"]);
    });
}

#[test]
fn row_t06_a_server_that_speaks_something_else() {
    watched(|| {
        let error = asks(b"SSH-2.0-OpenSSH_9.6\r\n");
        assert_eq!(error.code(), Code::WrongVersionNumber);
        says(&error, &["SSH-2.0-OpenSSH"]);
    });
}

/// What a server says of these bytes, and of the end behind them.
fn hears(bytes: &[u8]) -> Error {
    let (here, there) = pipe();
    here.write(bytes).unwrap();
    drop(here);
    let context = server_context(&server("server"));
    context.accept(Arc::new(there)).unwrap_err()
}

#[test]
fn row_t06_a_client_that_speaks_plain_http() {
    watched(|| {
        let error = hears(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
        assert_eq!(error.code(), Code::HttpRequest);
        says(&error, &["plain HTTP", "https:"]);
    });
}

#[test]
fn row_t06_a_client_that_says_nothing_or_half() {
    watched(|| {
        for bytes in [&b""[..], b"\x16", b"\x16\x03\x01\x00\x40\x01"] {
            let error = hears(bytes);
            assert_eq!(error.code(), Code::ConnectionReset);
            says(&error, &["within the TLS handshake"]);
        }
        for bytes in [&b"\0\0\0\0"[..], b"\x80\x2e\x01\x03\x01"] {
            assert_eq!(hears(bytes).code(), Code::WrongVersionNumber);
        }
        let rubbish = [&b"\x16\x03\x01\x00\x40"[..], &[0x55; 0x40]].concat();
        assert_eq!(hears(&rubbish).code(), Code::Protocol);
    });
}

#[test]
fn row_t06_a_client_that_is_slow_meets_the_deadline() {
    watched(|| {
        let options = server("server").handshake_timeout(Duration::from_millis(20));
        let (here, there) = pipe();
        here.write(b"\x16\x03").unwrap();
        let error = server_context(&options)
            .accept(Arc::new(there))
            .unwrap_err();
        assert_eq!(error.code(), Code::HandshakeTimeout);
    });
}

#[test]
fn row_t06_versions_that_do_not_meet() {
    watched(|| {
        let new = server("server").min_version(Version::Tls13);
        let (client_there, _) = meet(&new, &client()).both();
        assert_eq!(client_there.protocol(), "TLSv1.3");
        // A client of TLS 1.2, without a word of 1.3: from the hello of OpenSSL.
        let error = hears_of(&new, OLD_HELLO);
        assert_eq!(error.code(), Code::UnsupportedProtocol);
        says(&error, &["min_version"]);
    });
}

fn hears_of(options: &barewire::tls::ServerOptions, bytes: &[u8]) -> Error {
    let (here, there) = pipe();
    here.write(bytes).unwrap();
    here.shutdown(std::net::Shutdown::Write).unwrap();
    server_context(options).accept(Arc::new(there)).unwrap_err()
}

/// TLS 1.2: two cipher suites, P-256, ECDSA with SHA-256, extended_master_secret.
const OLD_HELLO: &[u8] = b"\x16\x03\x01\x00\x4b\x01\x00\x00\x47\x03\x03\
    01234567890123456789012345678901\
    \x00\x00\x04\xc0\x2b\xc0\x2f\x01\x00\x00\x1a\
    \x00\x0a\x00\x04\x00\x02\x00\x17\
    \x00\x0b\x00\x02\x01\x00\
    \x00\x0d\x00\x04\x00\x02\x04\x03\
    \x00\x17\x00\x00";

#[test]
fn row_t06_ciphers_that_do_not_meet() {
    watched(|| {
        let mut hello = OLD_HELLO.to_vec();
        let at = hello
            .windows(4)
            .position(|four| four == b"\xc0\x2b\xc0\x2f");
        let at = at.unwrap();
        hello[at..at + 4].copy_from_slice(b"\x00\x05\x00\x0a"); // RC4, 3DES
        let error = hears_of(&server("server"), &hello);
        assert_eq!(error.code(), Code::NoSharedCipher);
    });
}

struct Nothing;

impl Service for Nothing {
    fn connection(&self, _stream: Arc<dyn Stream>, _slot: Slot) {
        unreachable!("nobody comes under TLS here");
    }
}

#[test]
fn row_t06_who_speaks_plainly_can_be_answered_plainly() {
    watched(|| {
        let log = Log::default();
        let told = log.clone();
        let secured = Secured::new(server_context(&server("server")), Nothing)
            .on_plain(|below, _slot, first| {
                assert!(first.starts_with(b"GET / "));
                below.write_all(b"this is a TLS port\n").unwrap();
            })
            .on_error(move |error, below| {
                assert!(below.peer_addr().unwrap().port().is_some());
                told.note(error.code());
            });
        let listener = net::Listener::bind("127.0.0.1:0").unwrap();
        let handle = listener.serve(net::Options::default(), secured).unwrap();
        let mut client = TcpStream::connect(handle.local_addr().ip().unwrap()).unwrap();
        client.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
        let mut heard = String::new();
        client.read_to_string(&mut heard).unwrap();
        assert_eq!(heard, "this is a TLS port\n");
        drop(client);
        handle.shutdown(Duration::from_secs(5));
        assert_eq!(log.all(), ["ERR_SSL_HTTP_REQUEST"]);
    });
}
