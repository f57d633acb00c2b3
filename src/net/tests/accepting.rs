use super::*;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Barrier, Mutex};

fn at_most(max_connections: usize) -> Options {
    Options {
        max_connections,
        ..Options::default()
    }
}

#[test]
fn row_n09_addresses_of_both_families_and_port_0() {
    within(PATIENCE, || {
        for address in ["127.0.0.1:0", "[::1]:0", "localhost:0"] {
            let (addresses, seen) = mpsc::channel();
            let (server, _) = serve_at(address, Options::default(), move |stream, _slot| {
                let both = (stream.local_addr().unwrap(), stream.peer_addr().unwrap());
                addresses.send(both).unwrap();
            });
            assert_ne!(server.local_addr().port(), Some(0));
            let client = dial(&server);
            let (local, peer) = seen.recv().unwrap();
            assert_eq!(local, server.local_addr());
            assert_eq!(peer, Addr::Ip(client.local_addr().unwrap()));
        }
    });
}

#[test]
fn row_n09_max_connections_holds_newcomers_back() {
    within(PATIENCE, || {
        let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (counted, highest) = (Arc::clone(&now), Arc::clone(&most));
        let (server, _) = serve(at_most(2), move |stream, slot| {
            most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            let _ = stream.read(&mut [0; 1]);
            now.fetch_sub(1, Ordering::SeqCst);
            drop(slot);
        });
        let clients: Vec<_> = (0..40).map(|_| dial(&server)).collect();
        until(|| server.connections() == 2);
        for mut client in clients {
            client.write_all(b"x").unwrap();
            assert_eq!(client.read(&mut [0; 1]).unwrap(), 0);
        }
        assert_eq!(highest.load(Ordering::SeqCst), 2);
        until(|| server.connections() == 0 && counted.load(Ordering::SeqCst) == 0);
        server.shutdown(PATIENCE);
    });
}

#[test]
fn a_slot_that_was_handed_on_still_counts() {
    within(PATIENCE, || {
        let options = Options {
            spare_threads: 1,
            ..at_most(1)
        };
        let (server, _events, taken) = serve_elsewhere(options);
        let mut clients = [dial(&server), dial(&server), dial(&server)];
        for client in &mut clients {
            let (stream, slot) = taken.recv().unwrap();
            until(|| server.threads() == 1 && server.parked() == 1);
            assert_eq!(server.connections(), 1);
            assert!(taken.try_recv().is_err());
            is_served_by(&*stream, client);
            drop((stream, slot));
        }
        server.shutdown(PATIENCE);
    });
}

fn is_served_by(stream: &dyn Stream, client: &mut TcpStream) {
    client.write_all(b"x").unwrap();
    assert_eq!(stream.read(&mut [0; 2]).unwrap(), 1);
    stream.write(b"x").unwrap();
    client.read_exact(&mut [0; 1]).unwrap();
}

#[test]
fn a_panic_ends_its_own_connection_only() {
    within(PATIENCE, || {
        let (server, _) = serve(at_most(1), |stream, slot| {
            let mut first = [0; 1];
            stream.read(&mut first).unwrap();
            assert_ne!(first, *b"!", "a panic on purpose");
            stream.write(&first).unwrap();
            echo(stream, slot);
        });
        for _ in 0..3 {
            let mut bad = dial(&server);
            bad.write_all(b"!").unwrap();
            assert_eq!(bad.read(&mut [0; 1]).unwrap(), 0);
        }
        is_echoed(&mut dial(&server));
        server.shutdown(PATIENCE);
    });
}

#[test]
fn after_a_burst_only_the_spare_threads_stay() {
    within(PATIENCE, || {
        const BURST: usize = 60;
        let all_here = Arc::new(Barrier::new(BURST));
        let options = Options {
            spare_threads: 3,
            ..Options::default()
        };
        let (server, _) = serve(options, move |_, _| {
            all_here.wait();
        });
        let clients: Vec<_> = (0..BURST).map(|_| dial(&server)).collect();
        for mut client in clients {
            assert_eq!(client.read(&mut [0; 1]).unwrap(), 0);
        }
        until(|| server.connections() == 0 && server.threads() == 3);
        server.shutdown(PATIENCE);
    });
}

#[test]
fn no_delay_is_the_listeners_choice_for_all() {
    within(PATIENCE, || {
        for no_delay in [true, false] {
            let (tell, is_set) = mpsc::channel();
            let options = Options {
                no_delay,
                ..Options::default()
            };
            let (server, _) = serve(options, move |stream, _slot| {
                let tcp: &Tcp = stream.as_any().downcast_ref().unwrap();
                tell.send(tcp.no_delay().unwrap()).unwrap();
            });
            let _client = dial(&server);
            assert_eq!(is_set.recv().unwrap(), no_delay);
        }
    });
}

#[test]
fn row_n04_a_used_port_is_an_error_that_names_it() {
    let taken = Listener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let error = Listener::bind(&address).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::AddrInUse);
    assert!(error.to_string().contains(&address), "{error}");
}

#[test]
fn what_is_no_address_is_told_the_form_of_one() {
    for address in ["8124", "", "unix:", "127.0.0.1:http"] {
        let error = Listener::bind(address).unwrap_err();
        assert!(
            error.to_string().contains("host:port or unix:/path"),
            "{error}"
        );
    }
}

#[test]
fn a_listener_from_elsewhere_serves_too() {
    within(PATIENCE, || {
        let inherited = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        inherited.set_nonblocking(true).unwrap();
        let (events, _received) = mpsc::channel();
        let service = Serve {
            connection: echo,
            events,
        };
        let server = Listener::from(inherited)
            .serve(Options::default(), service)
            .unwrap();
        is_echoed(&mut dial(&server));
        server.shutdown(PATIENCE);
    });
}

#[test]
fn many_clients_at_once_are_all_served() {
    within(PATIENCE, || {
        let served = Arc::new(Mutex::new(0));
        let count = Arc::clone(&served);
        let (server, _) = serve(at_most(50), move |stream, slot| {
            *count.lock().unwrap() += 1;
            echo(stream, slot);
        });
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| (0..100).for_each(|_| is_echoed(&mut dial(&server))));
            }
        });
        assert_eq!(*served.lock().unwrap(), 800);
        server.shutdown(PATIENCE);
    });
}
