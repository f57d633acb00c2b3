//! T06: peers that speak no TLS, or have no version or cipher suite in common with us.

use super::stage::{answering, client, client_context, meet, says, server, server_context};
use crate::support::{Log, PATIENCE, watched};
use barewire::net::{self, Service, Slot, Stream, pipe};
use barewire::tls::{Code, Error, Secured, Version};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

fn client_error(bytes: &'static [u8]) -> Error {
    let context = client_context(&client());
    let to = Arc::new(answering(bytes));
    let connected = context.connect(to, "localhost", Instant::now() + PATIENCE);
    connected.unwrap_err()
}

#[test]
fn row_t06_a_server_that_speaks_plain_http() {
    watched(|| {
        let error = client_error(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        assert_eq!(error.code(), Code::HttpRequest);
        says(&error, &["\"localhost\" answers in plain HTTP", "http:"]);
    });
}

#[test]
fn row_t06_a_server_that_speaks_another_protocol() {
    watched(|| {
        let error = client_error(b"SSH-2.0-OpenSSH_9.6\r\n");
        assert_eq!(error.code(), Code::WrongVersionNumber);
        says(&error, &["SSH-2.0-OpenSSH"]);
    });
}

/// The error of a server that gets these bytes, and then the end.
fn server_error(bytes: &[u8]) -> Error {
    let (here, there) = pipe();
    here.write(bytes).unwrap();
    drop(here);
    let context = server_context(&server("server"));
    context.accept(Arc::new(there)).unwrap_err()
}

#[test]
fn row_t06_a_client_that_speaks_plain_http() {
    watched(|| {
        let error = server_error(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
        assert_eq!(error.code(), Code::HttpRequest);
        says(&error, &["plain HTTP", "https:"]);
    });
}

/// A line protocol has methods and blanks, too.
#[test]
fn fault_t06_a_client_of_a_line_protocol_speaks_no_http() {
    watched(|| {
        let error = server_error(b"GET b\n");
        assert_eq!(error.code(), Code::WrongVersionNumber);
        says(&error, &["does not speak TLS", "GET b\\n"]);
    });
}

#[test]
fn row_t06_a_client_that_sends_nothing_or_half_a_hello() {
    watched(|| {
        for bytes in [&b""[..], b"\x16", b"\x16\x03\x01\x00\x40\x01"] {
            let error = server_error(bytes);
            assert_eq!(error.code(), Code::ConnectionReset);
            says(&error, &["within the TLS handshake"]);
        }
        assert_eq!(server_error(b"\0\0\0\0").code(), Code::WrongVersionNumber);
        let ssl_2 = server_error(b"\x80\x2e\x01\x03\x01");
        assert_eq!(ssl_2.code(), Code::UnsupportedProtocol);
        let rubbish = [&b"\x16\x03\x01\x00\x40"[..], &[0x55; 0x40]].concat();
        assert_eq!(server_error(&rubbish).code(), Code::Protocol);
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
fn row_t06_no_version_in_common() {
    watched(|| {
        let new = server("server").min_version(Version::Tls13);
        let (client_there, _) = meet(&new, &client()).both();
        assert_eq!(client_there.protocol(), "TLSv1.3");
        // A client of TLS 1.2 that does not offer 1.3: made from a hello of OpenSSL.
        let error = server_error_with(&new, OLD_HELLO);
        assert_eq!(error.code(), Code::UnsupportedProtocol);
        says(&error, &["min_version"]);
    });
}

fn server_error_with(options: &barewire::tls::ServerOptions, bytes: &[u8]) -> Error {
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
fn row_t06_no_cipher_suite_in_common() {
    watched(|| {
        let mut hello = OLD_HELLO.to_vec();
        let at = hello
            .windows(4)
            .position(|four| four == b"\xc0\x2b\xc0\x2f");
        let at = at.unwrap();
        hello[at..at + 4].copy_from_slice(b"\x00\x05\x00\x0a"); // RC4, 3DES
        let error = server_error_with(&server("server"), &hello);
        assert_eq!(error.code(), Code::NoSharedCipher);
    });
}

struct Nothing;

impl Service for Nothing {
    fn connection(&self, _stream: Arc<dyn Stream>, _slot: Slot) {
        unreachable!("no client speaks TLS here");
    }
}

#[test]
fn row_t06_a_client_without_tls_can_be_answered_without_tls() {
    watched(|| {
        let log = Log::default();
        let codes = log.clone();
        let secured = Secured::new(server_context(&server("server")), Nothing)
            .on_plain(|below, _slot, first| {
                assert!(first.starts_with(b"GET / "));
                below.write_all(b"this is a TLS port\n").unwrap();
            })
            .on_error(move |error, below| {
                assert!(below.peer_addr().unwrap().port().is_some());
                codes.note(error.code());
            });
        let listener = net::Listener::bind("127.0.0.1:0").unwrap();
        let handle = listener.serve(net::Options::default(), secured).unwrap();
        let mut client = TcpStream::connect(handle.local_addr().ip().unwrap()).unwrap();
        client.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
        let mut received = String::new();
        client.read_to_string(&mut received).unwrap();
        assert_eq!(received, "this is a TLS port\n");
        drop(client);
        handle.shutdown(Duration::from_secs(5));
        assert_eq!(log.all(), ["ERR_SSL_HTTP_REQUEST"]);
    });
}

/// Whoever ends a handshake is named: the client that gave up, or this server that was stopped.
#[test]
fn fault_d16_a_server_that_stops_says_that_it_was_itself() {
    watched(|| {
        for grace in [Duration::ZERO, Duration::from_secs(3)] {
            for sent in [&b""[..], b"\x16\x03\x01\x00\x40\x01"] {
                let log = Log::default();
                let noted = log.clone();
                let secured = Secured::new(server_context(&server("server")), Nothing)
                    .on_error(move |error, _| noted.note(error));
                let listener = net::Listener::bind("127.0.0.1:0").unwrap();
                let handle = listener.serve(net::Options::default(), secured).unwrap();
                let connect = || TcpStream::connect(handle.local_addr().ip().unwrap()).unwrap();
                let mut gave_up = connect();
                gave_up.write_all(sent).unwrap();
                drop(gave_up);
                while log.all().is_empty() {
                    std::thread::sleep(Duration::from_millis(1));
                }
                let mut waiting = connect();
                waiting.write_all(sent).unwrap();
                while handle.connections() == 0 {
                    std::thread::sleep(Duration::from_millis(1));
                }
                handle.shutdown(grace);
                let errors = log.all();
                let [first, second] = &errors[..] else {
                    panic!("{errors:?}");
                };
                assert!(first.contains("the client ended"), "{first}");
                assert!(second.contains("this server was stopped"), "{second}");
                assert!(second.starts_with("ECONNRESET: "), "{second}");
            }
        }
    });
}
