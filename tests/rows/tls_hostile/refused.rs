//! A handshake that fails: the peer is sent an alert first, and its bytes are read until the alert has
//! arrived. Bytes that are no TLS and no HTTP get one, too.

use super::stage::{client_options, hello, server_options};
use crate::support::{Log, PATIENCE, watched};
use barewire::net::Handle;
use barewire::tls::{self, Code, Error, ServerOptions};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

const UNEXPECTED_MESSAGE: u8 = 10;
const RECORD_OVERFLOW: u8 = 22;
const DECODE_ERROR: u8 = 50;
const PROTOCOL_VERSION: u8 = 70;
const CLOSE_NOTIFY: u8 = 0;

/// A server, and the codes of the handshakes that failed.
struct Refusing {
    handle: Handle,
    errors: Log,
}

impl Refusing {
    fn new(options: &ServerOptions) -> Refusing {
        let errors = Log::default();
        let noted = errors.clone();
        let server = tls::create_server(options, |_socket| Ok(())).expect("good certificates");
        let server = server.on_error(move |error, _| noted.note(error));
        let handle = server.listen("127.0.0.1:0").expect("a port");
        Refusing { handle, errors }
    }

    /// What a peer receives that sends these bytes and then waits.
    #[track_caller]
    fn answer(&self, bytes: &[u8]) -> Vec<u8> {
        let mut peer = TcpStream::connect(self.handle.local_addr().ip().expect("TCP")).expect("it");
        peer.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        peer.write_all(bytes).expect("it reads");
        let mut received = Vec::new();
        let ended = peer.read_to_end(&mut received);
        ended.unwrap_or_else(|e| panic!("{e} after {received:02x?}"));
        received
    }

    /// The server answers these bytes with this fatal alert, ends with a FIN, and has an error with the
    /// code and the words.
    #[track_caller]
    fn alerts(&self, bytes: &[u8], description: u8, code: Code, words: &str) -> Vec<u8> {
        let so_far = self.errors.all().len();
        let received = self.answer(bytes);
        let [21, 3, _, 0, 2, level, sent] = received[..] else {
            panic!("no alert: {received:02x?}");
        };
        let fatal = u8::from(description != CLOSE_NOTIFY) + 1;
        assert_eq!((level, sent), (fatal, description), "{words}");
        while self.errors.all().len() == so_far {
            thread::sleep(Duration::from_millis(1)); // the server reads until this peer is gone
        }
        let errors = &self.errors.all()[so_far..];
        let [error] = errors else {
            panic!("{errors:?}");
        };
        assert!(error.starts_with(code.as_str()), "{error}");
        assert!(error.contains(words), "{error}");
        received
    }
}

impl Drop for Refusing {
    fn drop(&mut self) {
        self.handle.shutdown(Duration::ZERO);
    }
}

fn record(content_type: u8, fragment: &[u8]) -> Vec<u8> {
    let [.., high, low] = fragment.len().to_be_bytes();
    [&[content_type, 3, 1, high, low], fragment].concat()
}

/// A handshake message in records of 16 KiB.
fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let [.., a, b, c] = body.len().to_be_bytes();
    let message = [&[kind, a, b, c], body].concat();
    let records = message.chunks(1 << 14).map(|part| record(22, part));
    records.collect::<Vec<_>>().concat()
}

/// A ClientHello as OpenSSL 1.0 sends it: this version at most, no signature_algorithms.
fn old_hello(version: u16, extensions: &[u8]) -> Vec<u8> {
    let mut body = version.to_be_bytes().to_vec();
    body.extend([7; 32]);
    body.extend(b"\0\0\x04\xc0\x13\0\x2f\x01\0");
    if !extensions.is_empty() {
        body.extend((extensions.len() as u16).to_be_bytes());
        body.extend(extensions);
    }
    message(1, &body)
}

#[test]
fn fault_d06_a_client_of_an_old_version_is_told_so() {
    watched(|| {
        let server = Refusing::new(&server_options());
        let point_formats = b"\0\x0b\0\x02\x01\0";
        let old_versions = b"\0\x2b\0\x05\x04\x03\x02\x03\x01";
        for (version, name) in [
            (0x0302, "TLS 1.1"),
            (0x0301, "TLS 1.0"),
            (0x0300, "SSL 3.0"),
            (0x0200, "before TLS 1.0"),
        ] {
            for extensions in [&b""[..], point_formats, old_versions] {
                let hello = old_hello(version, extensions);
                let code = Code::UnsupportedProtocol;
                let alert = server.alerts(&hello, PROTOCOL_VERSION, code, name);
                // The alert has the client's version: others are refused by old clients.
                assert_eq!(alert[1..3], version.max(0x0300_u16).to_be_bytes());
            }
        }
    });
}

#[test]
fn fault_d06_an_old_hello_may_come_in_any_pieces() {
    watched(|| {
        let server = Refusing::new(&server_options());
        let hello = old_hello(0x0302, b"");
        for size in [1, 4, 5, 6, 20] {
            let records: Vec<u8> = hello[5..]
                .chunks(size)
                .flat_map(|part| record(22, part))
                .collect();
            let code = Code::UnsupportedProtocol;
            server.alerts(&records, PROTOCOL_VERSION, code, "TLS 1.1");
        }
    });
}

/// SSL 2, and the form of its hello with a newer version.
#[test]
fn fault_d06_a_hello_of_ssl_2_is_told_so() {
    watched(|| {
        let server = Refusing::new(&server_options());
        for hello in [
            &b"\x80\x2e\x01\x00\x02\x00\x15\x00\x00\x00\x10"[..],
            b"\x80\x2e\x01\x03\x01\x00\x15\x00\x00\x00\x10",
        ] {
            server.alerts(hello, PROTOCOL_VERSION, Code::UnsupportedProtocol, "SSL 2");
        }
    });
}

/// The version that counts is in the extension: a client with an old number may speak a new one.
#[test]
fn fault_d06_the_extension_decides() {
    watched(|| {
        let server = Refusing::new(&server_options());
        let mut hello = hello();
        assert_eq!(hello[9..11], [3, 3]);
        hello[10] = 1;
        let answer = server.answer_begins(&hello);
        assert_eq!(answer, 22, "a ServerHello");
    });
}

impl Refusing {
    /// The type of the first record of the answer.
    fn answer_begins(&self, bytes: &[u8]) -> u8 {
        let mut peer = TcpStream::connect(self.handle.local_addr().ip().expect("TCP")).expect("it");
        peer.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        peer.write_all(bytes).expect("it reads");
        let mut first = [0];
        peer.read_exact(&mut first).expect("an answer");
        first[0]
    }
}

/// What a client reports of a server that answers its hello with these bytes, and the bytes that it sends
/// in return.
fn met(answer: &[u8]) -> (Error, Vec<u8>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let client =
        thread::spawn(move || tls::connect(&format!("localhost:{port}"), &client_options()));
    let (mut peer, _) = listener.accept().expect("a client");
    peer.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    let mut header = [0; 5];
    peer.read_exact(&mut header).expect("a record");
    let mut hello = vec![0; usize::from(u16::from_be_bytes([header[3], header[4]]))];
    peer.read_exact(&mut hello).expect("all of it");
    peer.write_all(answer).expect("it reads");
    let mut received = Vec::new();
    peer.read_to_end(&mut received).expect("a FIN");
    drop(peer); // the client reads until then
    let error = client.join().expect("no panic").expect_err("no handshake");
    (error, received)
}

/// A ServerHello of an old server.
fn old_server_hello(version: u16) -> Vec<u8> {
    let mut body = version.to_be_bytes().to_vec();
    body.extend([7; 32]);
    body.extend(b"\0\xc0\x13\0");
    message(2, &body)
}

#[test]
fn fault_d06_a_server_of_an_old_version_is_named() {
    watched(|| {
        for version in [0x0302, 0x0301, 0x0300] {
            let (error, sent) = met(&old_server_hello(version));
            assert_eq!(error.code(), Code::UnsupportedProtocol, "{error}");
            assert_eq!(
                sent[5..],
                [2, PROTOCOL_VERSION],
                "{version:04x}: {sent:02x?}"
            );
        }
        for alert in [
            &b"\x15\x03\x01\0\x02\x02\x46"[..],
            b"\x15\x03\0\0\x02\x02\x46",
        ] {
            let (error, sent) = met(alert);
            assert_eq!(error.code(), Code::AlertProtocolVersion, "{error}");
            assert_eq!(sent, b"");
        }
    });
}

#[test]
fn fault_d07_every_failure_of_a_handshake_sends_an_alert() {
    watched(|| {
        let server = Refusing::new(&server_options());
        let long = message(1, &vec![0; 70_000]);
        let just_too_long = message(1, &vec![0; 1 << 16]);
        let promised = record(22, b"\x01\xff\xff\xff");
        let too_long_record = record(22, &vec![1; (1 << 14) + 2049]);
        let empty_records = record(22, b"").repeat(40);
        let unknown_type = record(99, b"what");
        let unknown_message = message(99, b"what");
        let behind = |first: &[u8]| [&hello()[..], first].concat();
        let bad_hello = message(1, b"\x03\x03nonsense");
        let code = Code::Protocol;
        for (bytes, description, words) in [
            (&long, DECODE_ERROR, "HandshakePayloadTooLarge"),
            (&just_too_long, DECODE_ERROR, "HandshakePayloadTooLarge"),
            (&promised, DECODE_ERROR, "HandshakePayloadTooLarge"),
            (&too_long_record, RECORD_OVERFLOW, "MessageTooLarge"),
            (&empty_records, DECODE_ERROR, "InvalidEmptyPayload"),
            (&unknown_message, UNEXPECTED_MESSAGE, "handshake message"),
            (&bad_hello, DECODE_ERROR, "corrupt"),
        ] {
            server.alerts(bytes, description, code, words);
        }
        // Another protocol is no TLS, and gets an alert all the same; HTTP is answered in HTTP.
        let other = Code::WrongVersionNumber;
        server.alerts(
            &unknown_type,
            UNEXPECTED_MESSAGE,
            other,
            "does not speak TLS",
        );
        server.alerts(
            b"SSH-2.0-x\r\n",
            UNEXPECTED_MESSAGE,
            other,
            "does not speak TLS",
        );
        assert_eq!(server.answer(b"GET / HTTP/1.1\r\n\r\n"), b"");
        // Behind a hello, an alert comes behind the server's flight.
        for (bytes, why) in [
            (behind(&unknown_type), "an unknown record"),
            (behind(&too_long_record), "a long record"),
            (
                behind(&record(23, &[0; 40])),
                "a record that nobody has sealed",
            ),
        ] {
            let answer = server.answer(&bytes);
            assert!(ends_with_alert(&answer), "{why}: {answer:02x?}");
        }
    });
}

/// Whether the last record is an alert, sealed (it has 19 bytes or more) or not.
fn ends_with_alert(records: &[u8]) -> bool {
    let mut rest = records;
    let mut last = None;
    while let [kind, 3, _, high, low, more @ ..] = rest {
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        last = Some((*kind, length));
        rest = &more[length..];
    }
    assert!(rest.is_empty(), "half a record: {records:02x?}");
    matches!(last, Some((21, 2) | (23, 19)))
}

#[test]
fn fault_d07_a_deadline_is_told_with_an_alert_too() {
    watched(|| {
        let hasty = server_options().handshake_timeout(Duration::from_millis(100));
        let server = Refusing::new(&hasty);
        let half = &hello()[..100];
        let timeout = Code::HandshakeTimeout;
        server.alerts(half, CLOSE_NOTIFY, timeout, "not done in time");
        assert_eq!(
            server.answer(b""),
            b"",
            "a peer that says nothing may speak anything"
        );
    });
}

/// The client reads the alert of a server though it is still sending: the server lingers.
#[test]
fn fault_d07_the_alert_arrives_at_a_peer_that_sends_more() {
    watched(|| {
        let server = Refusing::new(&server_options());
        for _ in 0..20 {
            let bytes = [message(1, &[0; 70_000]), vec![0; 50_000]].concat();
            server.alerts(&bytes, DECODE_ERROR, Code::Protocol, "TooLarge");
        }
    });
}

#[test]
fn fault_d07_a_client_sends_an_alert_too() {
    watched(|| {
        for (answer, description) in [
            (message(2, &[0; 70_000]), DECODE_ERROR),
            (record(99, b"what"), UNEXPECTED_MESSAGE),
            (record(22, &vec![1; (1 << 14) + 2049]), RECORD_OVERFLOW),
            (message(99, b"what"), UNEXPECTED_MESSAGE),
            (b"SSH-2.0-x\r\n".to_vec(), UNEXPECTED_MESSAGE),
        ] {
            let (error, sent) = met(&answer);
            assert_eq!(sent[5..], [2, description], "{error}: {sent:02x?}");
        }
        let (error, sent) = met(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        assert_eq!((error.code(), &sent[..]), (Code::HttpRequest, &b""[..]));
    });
}
