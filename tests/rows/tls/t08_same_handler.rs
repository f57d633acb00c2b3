//! T08: only the certificate options differ.

use super::stage::{client, server};
use crate::support::watched;
use barewire::net::{self, Handle, Listener, Options, Service, Slot, Socket, Stream};
use barewire::tls::{self, Secured, ServerContext};
use std::io::{self, ErrorKind, Read};
use std::sync::Arc;
use std::time::Duration;

/// It does not know which stream is below.
fn handler(socket: Socket) -> io::Result<()> {
    socket.write_all("welcome!\n")?;
    socket.pipe(&socket).map(drop)
}

fn conversation(mut socket: Socket) -> String {
    socket.write_all("hello").unwrap();
    socket.end().unwrap();
    let mut received = String::new();
    socket.read_to_string(&mut received).unwrap();
    received
}

fn unix_path(name: &str) -> String {
    let name = format!("barewire-{}-{name}.sock", std::process::id());
    format!("unix:{}", std::env::temp_dir().join(name).display())
}

fn plain(to: &str) -> (String, Handle) {
    let handle = net::create_server(handler).listen(to).unwrap();
    let socket = net::connect(&handle.local_addr().to_string()).unwrap();
    (conversation(socket), handle)
}

fn secured(to: &str) -> (String, Handle) {
    let server = tls::create_server(&server("server"), handler).unwrap();
    let handle = server.listen(to).unwrap();
    let socket = tls::connect(&handle.local_addr().to_string(), &client()).unwrap();
    (conversation(socket), handle)
}

#[test]
fn row_t08_one_handler_over_tcp_unix_and_tls_over_both() {
    watched(|| {
        for (received, handle) in [
            plain("127.0.0.1:0"),
            plain(&unix_path("plain")),
            secured("127.0.0.1:0"),
            secured(&unix_path("tls")),
        ] {
            assert_eq!(received, "welcome!\nhello");
            let report = handle.shutdown(Duration::from_secs(5));
            assert_eq!(report.cut, 0);
        }
    });
}

#[test]
fn row_t08_a_server_keeps_its_settings_under_tls() {
    watched(|| {
        let context = tls::ServerContext::new(&server("server")).unwrap();
        let below = net::create_server(handler)
            .max_connections(1)
            .no_delay(false);
        let handle = tls::Server::new(context, below)
            .listen("127.0.0.1:0")
            .unwrap();
        let to = handle.local_addr().to_string();
        for _ in 0..2 {
            let socket = tls::connect(&to, &client()).unwrap();
            assert_eq!(conversation(socket), "welcome!\nhello");
        }
        handle.shutdown(Duration::from_secs(5));
    });
}

/// The limit counts connections that are in their handshake, or have not begun it.
#[test]
fn fault_e12_max_connections_per_address_under_tls() {
    watched(|| {
        let handle = tls::create_server(&server("server"), handler)
            .unwrap()
            .max_connections_per_address(Some(1))
            .listen("127.0.0.1:0")
            .unwrap();
        let to = handle.local_addr().to_string();
        let silent = net::connect(&to).unwrap();
        while handle.connections() == 0 {
            std::thread::yield_now();
        }
        assert!(tls::connect(&to, &client()).is_err());
        drop(silent);
        while handle.connections() > 0 {
            std::thread::yield_now();
        }
        let socket = tls::connect(&to, &client()).unwrap();
        assert_eq!(conversation(socket), "welcome!\nhello");
        handle.shutdown(Duration::from_secs(5));
    });
}

/// A handler that panics, one that destroys the socket, and a server that is cut, also if the service has
/// set no hook for that.
#[test]
fn row_t08_a_connection_that_is_cut_does_not_look_like_an_end() {
    watched(|| {
        let half = |then: fn(Socket) -> io::Result<()>| {
            let handler = move |socket: Socket| {
                socket.write_all("half")?;
                then(socket)
            };
            let server = tls::create_server(&server("server"), handler).unwrap();
            server.listen("127.0.0.1:0").unwrap()
        };
        let context = ServerContext::new(&server("server")).unwrap();
        let listener = Listener::bind("127.0.0.1:0").unwrap();
        let without_hook = listener.serve(Options::default(), Secured::new(context, Half));
        for (at, handle) in [
            half(|_| panic!("on purpose")),
            half(|socket| {
                socket.destroy();
                Ok(())
            }),
            half(|mut socket| io::copy(&mut socket, &mut io::sink()).map(drop)),
            without_hook.unwrap(),
        ]
        .into_iter()
        .enumerate()
        {
            let to = handle.local_addr().to_string();
            let mut socket = tls::connect(&to, &client()).unwrap();
            let mut half = [0; 4];
            socket.read_exact(&mut half).unwrap();
            handle.shutdown(Duration::ZERO);
            let cut = socket.read(&mut half).map_err(|e| e.kind());
            assert_eq!(cut, Err(ErrorKind::UnexpectedEof), "{at}");
        }
    });
}

struct Half;

impl Service for Half {
    fn connection(&self, stream: Arc<dyn Stream>, _slot: Slot) {
        let _ = stream.write_all(b"half");
        let _ = stream.read(&mut [0; 1]);
    }
}
