//! N09, as far as it concerns an HTTP server: where it listens, and how many it lets in.

use crate::support::{Client, Gate, Log, Site, request, watched};
use barewire::http::{self, Request, Server, ServerEvents};
use barewire::net::{Addr, Listener};
use std::io::ErrorKind;
use std::net::TcpListener;
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

fn hello() -> Server<impl ServerEvents> {
    http::create_server(|_req, res| res.end("hello"))
}

/// A path for a socket that no other test has.
fn socket_path(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("barewire-{}-{name}.sock", std::process::id()))
}

#[test]
fn row_n09_ipv4() {
    watched(|| {
        let site = Site::at("127.0.0.1:0", hello());
        assert!(site.address().to_string().starts_with("127.0.0.1:"));
        assert_eq!(site.get("/").text(), "hello");
    });
}

#[test]
fn row_n09_ipv6() {
    if TcpListener::bind("[::1]:0").is_err() {
        println!("row_n09_ipv6 is skipped: this machine has no ::1");
        return;
    }
    watched(|| {
        let site = Site::at("[::1]:0", hello());
        assert!(site.address().to_string().starts_with("[::1]:"));
        assert_eq!(site.get("/").text(), "hello");
    });
}

#[test]
fn row_n09_a_name() {
    watched(|| {
        let site = Site::at("localhost:0", hello());
        assert!(site.address().ip().expect("an address").ip().is_loopback());
        assert_eq!(site.get("/").text(), "hello");
    });
}

/// Port 0 is any port that is free: two servers get two.
#[test]
fn row_n09_port_0_is_a_port_of_the_systems_choice() {
    watched(|| {
        let (one, two) = (Site::new(hello()), Site::new(hello()));
        let ports = (one.address().port(), two.address().port());
        assert!(ports.0 != ports.1 && ports.0 != Some(0) && ports.0.is_some());
        assert_eq!(
            (one.get("/").text(), two.get("/").text()),
            ("hello", "hello")
        );
    });
}

#[test]
fn row_n09_a_unix_socket() {
    watched(|| {
        let path = socket_path("plain");
        let address = format!("unix:{}", path.display());
        let site = Site::at(&address, hello());
        assert_eq!(site.address().to_string(), address);
        let mut client = site.client();
        for _ in 0..2 {
            client.send(request("GET", "/"));
            assert_eq!(client.answer().text(), "hello");
        }
        drop(site);
        assert!(!path.exists(), "the file goes away with the server");
    });
}

/// What is bound already, by this program or by a parent, can be listened on.
#[test]
fn row_n09_listeners_from_elsewhere() {
    watched(|| {
        let tcp = TcpListener::bind("127.0.0.1:0").expect("a port");
        let listener = Listener::bind("127.0.0.1:0").expect("a port");
        let bound = listener.local_addr().expect("an address");
        let path = socket_path("elsewhere");
        let unix = UnixListener::bind(&path).expect("a path");
        let listeners = [tcp.into(), listener, unix.into()];
        let handles = listeners.map(|listener| hello().listen_on(listener).expect("a thread"));
        assert_eq!(handles[1].local_addr(), bound);
        assert_eq!(handles[2].local_addr(), Addr::Unix(Some(path.clone())));
        for handle in handles {
            let mut client = Client::connect(&handle.local_addr());
            client.send(request("GET", "/"));
            assert_eq!(client.answer().text(), "hello");
            handle.stop();
            handle.wait();
        }
        std::fs::remove_file(path).expect("not ours to remove, so still there");
    });
}

/// A port that is taken is an error that names it, and no panic.
#[test]
fn row_n09_an_address_that_cannot_be_bound() {
    watched(|| {
        let site = Site::new(hello());
        let taken = site.address().to_string();
        let error = hello().listen(&taken).expect_err("the port is taken");
        assert_eq!(error.kind(), ErrorKind::AddrInUse);
        assert!(error.to_string().contains(&taken), "{error}");
        let error = hello().listen("nowhere").expect_err("no port");
        assert!(
            error.to_string().contains("host:port or unix:/path"),
            "{error}"
        );
        assert_eq!(site.get("/").text(), "hello");
    });
}

/// New connections wait until another ends; there are never more at once than `max_connections`.
#[test]
fn row_n09_max_connections() {
    watched(|| {
        const MOST: usize = 3;
        const CLIENTS: usize = 12;
        let (log, gate) = (Log::default(), Gate::default());
        let (notes, until_open) = (log.clone(), gate.clone());
        let inside = Arc::new(AtomicUsize::new(0));
        let counted = inside.clone();
        let server = http::create_server(move |_req: Request<'_>, res| {
            let now = counted.fetch_add(1, Ordering::SeqCst) + 1;
            assert!(now <= MOST, "{now} at once");
            notes.note("inside");
            until_open.pass();
            counted.fetch_sub(1, Ordering::SeqCst);
            res.end("hello")
        });
        let site = Site::new(server.max_connections(MOST));
        let mut clients: Vec<Client> = (0..CLIENTS).map(|_| site.client()).collect();
        for client in &mut clients {
            client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        }
        log.wait_for_several("inside", MOST);
        assert_eq!(site.handle.connections(), MOST);
        gate.open();
        for client in &mut clients {
            assert_eq!(client.answer().text(), "hello");
        }
        assert_eq!(log.count("inside"), CLIENTS);
    });
}

/// An idle connection takes a place too, until its time is over.
#[test]
fn row_n09_an_idle_connection_gives_its_place_back() {
    watched(|| {
        let server = hello().max_connections(1);
        let timeout = std::time::Duration::from_millis(50);
        let site = Site::new(
            server
                .keep_alive_timeout(Some(timeout))
                .linger_timeout(timeout),
        );
        let mut idle = site.client();
        idle.send(request("GET", "/"));
        assert_eq!(idle.answer().text(), "hello");
        assert_eq!(site.get("/").text(), "hello");
        idle.ended();
    });
}

/// Above the limit of its address a newcomer is closed at once; one that leaves makes room for another.
#[test]
fn fault_e12_max_connections_per_address() {
    watched(|| {
        let site = Site::new(hello().max_connections_per_address(Some(2)));
        let mut clients = [site.client(), site.client()];
        for client in &mut clients {
            client.send(request("GET", "/"));
            assert_eq!(client.answer().text(), "hello");
        }
        for _ in 0..3 {
            let mut refused = site.client();
            let _ = refused.try_send(request("GET", "/"));
            assert!(refused.rest().is_empty());
        }
        assert_eq!(site.handle.connections(), 2);
        drop(clients);
        while site.handle.connections() > 0 {
            std::thread::yield_now();
        }
        assert_eq!(site.get("/").text(), "hello");
    });
}
