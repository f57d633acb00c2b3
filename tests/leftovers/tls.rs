//! A thousand TLS handshakes that fail leak nothing.

use crate::alone;
use crate::support::{PATIENCE, watched};
use barewire::net::{self, Handle};
use barewire::tls::{self, ClientContext, ClientOptions, ServerContext, ServerOptions, Version};
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// How many handshakes fail, and in how many ways.
const FAILURES: usize = 1000;
const KINDS: usize = 13;

/// Threads of the engine that may stay and wait for the next connection.
const SPARE: usize = 16;

fn pem(name: &str) -> Vec<u8> {
    std::fs::read(format!(
        "{}/fixtures/tls/{name}",
        env!("CARGO_MANIFEST_DIR")
    ))
    .unwrap()
}

/// A handshake may take this long.
fn options(timeout: Duration) -> ServerOptions {
    ServerOptions::new()
        .cert(pem("server.crt"))
        .key(pem("server.key"))
        .request_cert(true)
        .ca(pem("ca.crt"))
        .alpn(["http/1.1"])
        .min_version(Version::Tls13)
        .handshake_timeout(timeout)
}

fn server() -> tls::Server<impl net::ServerEvents> {
    let context = ServerContext::new(&options(Duration::from_millis(10))).unwrap();
    let below = net::create_server(|_socket| Ok(())).max_connections(8);
    tls::Server::new(context, below)
}

fn client() -> ClientOptions {
    ClientOptions::new()
        .ca(pem("ca.crt"))
        .cert(pem("client.crt"))
        .key(pem("client.key"))
}

/// A client for each way to fail that begins with a ClientHello.
fn clients() -> [ClientContext; 5] {
    let name = |name: &str| (pem(&format!("{name}.crt")), pem(&format!("{name}.key")));
    let with = |(cert, key)| ClientOptions::new().ca(pem("ca.crt")).cert(cert).key(key);
    [
        ClientOptions::new().ca(pem("ca.crt")), // no certificate
        with(name("client-unknown")),           // of an unknown CA
        with(name("client-expired")),           // expired
        client().ca(pem("unknown-ca.crt")).alpn(["h2"]), // no protocol in common
        client().servername("other.test.com"),  // the client refuses
    ]
    .map(|options| ClientContext::new(&options).unwrap())
}

fn fail(kind: usize, to: SocketAddr, clients: &[ClientContext]) {
    let mut tcp = TcpStream::connect(to).unwrap();
    tcp.set_read_timeout(Some(PATIENCE)).unwrap();
    let said = match kind {
        0 => tcp.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"),
        1 => tcp.write_all(&[0; 100]),
        2 => tcp.write_all(b"\x16\x03\x01\x02\x00\x01"), // and silence
        3 => Ok(()),
        4 => tcp.shutdown(Shutdown::Both),
        5 => tcp.write_all(b"\x15\x03\x03\x00\x02\x02\x28"), // an alert
        6 => tcp.write_all(&tls10_hello()),
        7 => tcp.write_all(b"\x16\x03\x01\x00\x05hello"), // a handshake of nonsense
        _ => {
            let context = &clients[kind - 8];
            let tcp: std::sync::Arc<dyn net::Stream> = std::sync::Arc::new(net::Tcp::from(tcp));
            let met = context.connect(tcp, "localhost", Instant::now() + PATIENCE);
            if let Ok(tls) = met {
                // An alert; or only an end, if the server's time was over before it had judged.
                let read = net::Stream::read(&tls, &mut [0; 16]);
                assert!(!matches!(read, Ok(1..)), "the server has refused: {read:?}");
            }
            return;
        }
    };
    said.unwrap();
    let _ = tcp.read(&mut [0; 64]); // until the server ends it
}

/// A ClientHello without extensions: nothing newer than TLS 1.0 is asked for.
fn tls10_hello() -> Vec<u8> {
    let fixed = [&[3, 1][..], &[7; 32], &[0, 0, 2, 0, 47, 1, 0]].concat();
    let body = [&[1, 0, 0, fixed.len() as u8][..], &fixed].concat();
    [&[22, 3, 1, 0, body.len() as u8], &body[..]].concat()
}

fn count(folder: &str) -> usize {
    std::fs::read_dir(folder).unwrap().count()
}

/// Waits until no connection is left.
fn quiet(handle: &Handle) {
    let began = Instant::now();
    while handle.connections() > 0 {
        assert!(began.elapsed() < PATIENCE, "{} left", handle.connections());
        std::thread::yield_now();
    }
}

#[test]
fn row_t06_a_thousand_failed_handshakes_leak_nothing() {
    let _alone = alone();
    watched(|| {
        let server = server();
        let context = server.context().clone();
        let handle = server.listen("127.0.0.1:0").unwrap();
        let to = handle.local_addr().ip().unwrap();
        let clients = clients();
        (0..KINDS).for_each(|kind| fail(kind, to, &clients));
        quiet(&handle);
        let before = (count("/proc/self/fd"), context.handshakes().failed);
        assert_eq!(before.1, KINDS as u64);

        (0..FAILURES).for_each(|n| fail(n % KINDS, to, &clients));
        quiet(&handle);
        let handshakes = context.handshakes();
        assert_eq!(handshakes.failed, (KINDS + FAILURES) as u64);
        assert_eq!((handshakes.full, handshakes.resumed), (0, 0));
        assert_eq!(count("/proc/self/fd"), before.0);
        assert!(
            handle.threads() <= SPARE + 1,
            "{} threads",
            handle.threads()
        );

        // A good client is still accepted, though there are only eight slots.
        context.set_options(&options(PATIENCE)).unwrap();
        let good = client().alpn(["http/1.1"]);
        assert!(tls::connect(&to.to_string(), &good).is_ok());
        handle.shutdown(Duration::from_secs(5));
        assert_eq!(context.handshakes().full, 1);
        assert_eq!(handle.threads(), 0);
    });
}
