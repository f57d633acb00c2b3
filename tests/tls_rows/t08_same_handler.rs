//! T08: only the certificate options differ.

use crate::stage::{client, server};
use crate::support::watched;
use barewire::net::{self, Handle, Socket};
use barewire::tls;
use std::io::{self, Read};
use std::time::Duration;

/// Knows nothing of what carries it.
fn handler(socket: Socket) -> io::Result<()> {
    socket.write_all("welcome!\n")?;
    socket.pipe(&socket).map(drop)
}

fn conversation(mut socket: Socket) -> String {
    socket.write_all("hello").unwrap();
    socket.end().unwrap();
    let mut heard = String::new();
    socket.read_to_string(&mut heard).unwrap();
    heard
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
        for (heard, handle) in [
            plain("127.0.0.1:0"),
            plain(&unix_path("plain")),
            secured("127.0.0.1:0"),
            secured(&unix_path("tls")),
        ] {
            assert_eq!(heard, "welcome!\nhello");
            let report = handle.shutdown(Duration::from_secs(5));
            assert_eq!(report.cut, 0);
        }
    });
}

#[test]
fn row_t08_a_server_with_its_settings_goes_under_tls_as_it_is() {
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
