//! N09: where we are, where they are, how many they may be, and one end that stays open.

use super::stage::{Recorder, Up, expect, order_at_close, rest};
use crate::support::{Gate, Log, watched};
use barewire::net::{self, Addr, ConnectOptions, Listener, Server, ServerEvents};
use std::io::ErrorKind;
use std::net::{Shutdown, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Sends each peer its own address.
fn mirror() -> Server<impl ServerEvents> {
    net::create_server(|socket| {
        let (local, remote) = (socket.local_addr()?, socket.remote_addr()?);
        socket.write_all(format!("{local} {remote}"))
    })
}

fn both_ends_agree(address: &str) {
    let up = Up::at(address, mirror());
    let client = net::connect(&up.address()).unwrap();
    let ours = client.local_addr().unwrap();
    let theirs = client.remote_addr().unwrap();
    assert_eq!(theirs.to_string(), up.address());
    assert_eq!(rest(&client), format!("{theirs} {ours}").as_bytes());
    assert_eq!(
        client.remote_addr().unwrap(),
        theirs,
        "known after the end, too"
    );
}

#[test]
fn row_n09_ipv4() {
    watched(|| both_ends_agree("127.0.0.1:0"));
}

#[test]
fn row_n09_ipv6() {
    if TcpListener::bind("[::1]:0").is_err() {
        println!("row_n09_ipv6 is skipped: this machine has no ::1");
        return;
    }
    watched(|| both_ends_agree("[::1]:0"));
}

/// A link-local address of this machine, and the name of its interface.
fn link_local() -> Option<(String, String)> {
    const LINK: &str = "20";
    let table = std::fs::read_to_string("/proc/net/if_inet6").ok()?;
    let mut lines = table.lines().map(|line| line.split_whitespace().collect());
    let line: Vec<&str> = lines.find(|line: &Vec<&str>| line[3] == LINK)?;
    let groups: Vec<&str> = (0..8).map(|at| &line[0][4 * at..4 * at + 4]).collect();
    Some((groups.join(":"), line[5].to_owned()))
}

/// The zone of an address is the number or the name of an interface, in `connect` and in `listen`. (The
/// addresses are printed with the number.)
#[test]
fn fault_e02_zones_by_name_and_by_number() {
    if TcpListener::bind("[::1]:0").is_err() {
        println!("fault_e02_zones_by_name_and_by_number is skipped: this machine has no ::1");
        return;
    }
    watched(|| {
        let mut hosts = vec![("[::1%lo]".to_owned(), "[::1%1]".to_owned())];
        if let Some((address, name)) = link_local() {
            let number = std::fs::read_to_string(format!("/sys/class/net/{name}/ifindex"));
            let number = number.expect("an interface");
            let hosts_of = |zone: &str| format!("[{address}%{}]", zone.trim());
            hosts.push((hosts_of(&name), hosts_of(&number)));
        }
        for (by_name, by_number) in hosts {
            for listen in [&by_name, &by_number] {
                let up = Up::at(&format!("{listen}:0"), mirror());
                let port = up.local_addr().port().expect("a port");
                for host in [&by_name, &by_number] {
                    let client = net::connect(&format!("{host}:{port}")).expect("a server");
                    let ours = client.local_addr().unwrap().to_string();
                    let told = String::from_utf8(rest(&client)).unwrap();
                    assert!(told.ends_with(&format!(" {ours}")), "{told}");
                }
            }
        }
        for wrong in ["[fe80::1%nosuch0]:80", "[::1%]:80", "[127.0.0.1%lo]:80"] {
            let error = net::connect(wrong).unwrap_err();
            let bound = Listener::bind(wrong).unwrap_err();
            assert!(
                matches!(error.kind(), ErrorKind::NotFound | ErrorKind::InvalidInput),
                "{error}"
            );
            assert_eq!(bound.kind(), error.kind(), "{bound}");
        }
        let error = net::connect("[fe80::1%nosuch0]:80")
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("no network interface \"nosuch0\""),
            "{error}"
        );
    });
}

/// A port is digits. The server listens, so that a port which was taken for another spelling would be reached.
#[test]
fn fault_e13_a_port_is_digits() {
    watched(|| {
        let up = Up::new(mirror());
        let port = up.local_addr().port().expect("a port");
        for port in [
            format!("+{port}"),
            format!(" {port}"),
            format!("{port} "),
            format!("0{port:05}"),
        ] {
            let error = net::connect(&format!("127.0.0.1:{port}")).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput, "{port:?}");
        }
        for address in [
            "127.0.0.1:+0",
            "localhost:+0",
            "[::1]:+0",
            "127.0.0.1:",
            "127.0.0.1: 0",
        ] {
            let error = Listener::bind(address).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput, "{address}: {error}");
        }
    });
}

#[test]
fn row_n09_a_path() {
    watched(|| {
        let name = format!("barewire-net-{}-mirror.sock", std::process::id());
        let path = std::env::temp_dir().join(name);
        let up = Up::at(&format!("unix:{}", path.display()), mirror());
        let client = net::connect(&up.address()).unwrap();
        assert_eq!(client.remote_addr().unwrap(), Addr::Unix(Some(path)));
        assert_eq!(
            client.local_addr().unwrap(),
            Addr::Unix(None),
            "a client has no path"
        );
        assert_eq!(rest(&client), format!("{} unix:", up.address()).as_bytes());
    });
}

/// Port 0 is any port that is free: two servers get two.
#[test]
fn row_n09_port_0() {
    watched(|| {
        let (one, two) = (Up::new(mirror()), Up::new(mirror()));
        let ports = (one.local_addr().port(), two.local_addr().port());
        assert!(ports.0 != ports.1 && ports.0 != Some(0) && ports.0.is_some());
        both_ends_agree("127.0.0.1:0");
    });
}

/// At the limit nothing is refused; new connections wait in the kernel's backlog until one has ended.
#[test]
fn row_n09_max_connections() {
    watched(|| {
        let (served, most) = (Log::default(), Arc::new(AtomicUsize::new(0)));
        let (server_log, largest) = (served.clone(), most.clone());
        let alive = Arc::new(AtomicUsize::new(0));
        let gate = Gate::default();
        let open = gate.clone();
        let server = net::create_server(move |socket| {
            largest.fetch_max(alive.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            server_log.note("served");
            socket.write_all("hello")?;
            open.pass();
            alive.fetch_sub(1, Ordering::SeqCst);
            Ok(())
        });
        let up = Up::new(server.max_connections(2));
        let (one, two, three) = (up.peer(), up.peer(), up.peer());
        expect(&one, "hello");
        expect(&two, "hello");
        assert_eq!((served.count("served"), up.connections()), (2, 2));
        gate.open();
        for peer in [one, two] {
            assert!(rest(peer).is_empty());
        }
        assert_eq!(rest(three), b"hello");
        assert_eq!(most.load(Ordering::SeqCst), 2);
    });
}

/// Without the option our FIN follows the peer's as soon as `end` has returned …
#[test]
fn row_n09_without_allow_half_open() {
    watched(|| {
        let log = Log::default();
        let server_log = log.clone();
        let up = Up::new(net::create_server(move |socket| {
            socket.run(Recorder::new(&server_log))?;
            assert!(!socket.write("too late"));
            Ok(())
        }));
        let peer = up.peer();
        peer.shutdown(Shutdown::Write).unwrap();
        assert!(rest(peer).is_empty());
        assert_eq!(order_at_close(&log), ["end", "close"]);
    });
}

/// … and with it only when we say so: on either side.
#[test]
fn row_n09_allow_half_open() {
    watched(|| {
        let log = Log::default();
        let server_log = log.clone();
        let server = net::create_server(move |socket| {
            let writer = socket.clone();
            let may_write = server_log.clone();
            let later = std::thread::spawn(move || {
                may_write.wait_for("end");
                writer.write_all("only now").unwrap();
                writer.end().unwrap();
            });
            socket.run(Recorder::new(&server_log))?;
            later.join().unwrap();
            Ok(())
        });
        let up = Up::new(server.allow_half_open(true));
        let peer = up.peer();
        peer.shutdown(Shutdown::Write).unwrap();
        assert_eq!(rest(peer), b"only now");
        assert_eq!(order_at_close(&log), ["end", "close"]);
    });
}

#[test]
fn row_n09_allow_half_open_in_a_client() {
    watched(|| {
        let log = Log::default();
        let server_log = log.clone();
        let up = Up::new(net::create_server(move |socket| {
            socket.end()?; // that was all from us
            server_log.note(String::from_utf8(rest(&socket)).unwrap());
            Ok(())
        }));
        let options = ConnectOptions {
            allow_half_open: true,
            ..ConnectOptions::default()
        };
        let client = net::connect_with(&up.address(), &options).unwrap();
        let writer = client.clone();
        let ours = Log::default();
        let has_ended = ours.clone();
        let later = std::thread::spawn(move || {
            has_ended.wait_for("end");
            writer.write_all("what the client had to say").unwrap();
            writer.end().unwrap();
        });
        client.run(Recorder::new(&ours)).unwrap();
        later.join().unwrap();
        log.wait_for("what the client had to say");
        assert_eq!(ours.all(), ["connect", "end", "close"]);
    });
}
