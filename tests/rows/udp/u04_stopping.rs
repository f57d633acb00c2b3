use super::{bind, socket, socket_at, socket_in_place_of, socket_of_its_own, unless_lacking};
use crate::support::watched;
use barewire::udp::{ReceiveBuffer, Socket, is_closed};
use std::fs;
use std::sync::mpsc;
use std::thread;

/// Threads that wait in `recv`, and what it returned in the end.
const RECEIVERS: usize = 4;

#[test]
fn row_u04_close_wakes_every_receiver() {
    watched(|| {
        wakes(&socket_of_its_own(6));
        for place in ["0.0.0.0:0", "[::1]:0", "[::]:0"] {
            let Some(socket) = unless_lacking("IPv6", bind(place)) else {
                continue;
            };
            wakes(&socket);
        }
    });
}

#[test]
fn row_u04_close_wakes_a_connected_socket_too() {
    watched(|| {
        let (socket, peer) = (socket_of_its_own(5), socket());
        socket
            .connect(peer.local_addr().port(), "127.0.0.1")
            .unwrap();
        wakes(&socket);
    });
}

fn wakes(socket: &Socket) {
    socket.set_read_timeout(None).unwrap(); // nothing else could wake them
    let (begins, begun) = mpsc::channel();
    thread::scope(|scope| {
        for _ in 0..RECEIVERS {
            let begins = begins.clone();
            scope.spawn(move || {
                begins.send(fs::read_link("/proc/thread-self")).unwrap();
                let e = socket.recv(&mut ReceiveBuffer::new()).unwrap_err();
                assert!(is_closed(&e), "{e}");
            });
        }
        for thread in begun.iter().take(RECEIVERS) {
            until_asleep(thread.map(|path| format!("/proc/{}/stat", path.display())));
        }
        socket.close();
    });
    drop(socket_in_place_of(socket));
}

/// Waits until a thread sleeps in the kernel, where one can know.
fn until_asleep(stat: std::io::Result<String>) {
    let Ok(stat) = stat else { return };
    let state = |stat: String| {
        stat.rsplit_once(") ")
            .map(|(_, state)| state.starts_with('S'))
    };
    while fs::read_to_string(&stat).ok().and_then(state) == Some(false) {
        thread::yield_now();
    }
}

#[test]
fn row_u04_close_frees_the_port_while_clones_live() {
    watched(|| {
        for _ in 0..100 {
            let socket = socket_of_its_own(7);
            let clones = [socket.clone(), socket.clone()];
            clones[0].close();
            drop(socket_in_place_of(&socket));
            assert!(clones[1].is_closed());
            assert_eq!(clones[1].local_addr(), socket.local_addr());
        }
    });
}

#[test]
fn row_u04_the_last_clone_closes_too() {
    watched(|| {
        let socket = socket_of_its_own(8);
        let (address, clone) = (socket.local_addr().to_string(), socket.clone());
        drop(socket);
        assert!(bind(&address).is_err());
        drop(clone);
        socket_at(&address);
    });
}

#[test]
fn row_u04_any_thread_may_close_while_others_work() {
    watched(|| {
        for _ in 0..50 {
            let socket = &socket_of_its_own(9);
            thread::scope(|scope| {
                for _ in 0..2 {
                    scope.spawn(|| while socket.recv(&mut ReceiveBuffer::new()).is_ok() {});
                    scope.spawn(|| while socket.send_to(b"x", socket.local_addr()).is_ok() {});
                }
                for _ in 0..3 {
                    scope.spawn(|| {
                        socket.close();
                        is_shut(socket); // for each caller, also the second
                    });
                }
            });
            drop(socket_in_place_of(socket));
        }
    });
}

fn is_shut(socket: &Socket) {
    assert!(is_closed(
        &socket.recv(&mut ReceiveBuffer::new()).unwrap_err()
    ));
    let sent = socket.send(b"x", 0, 1, 9, "127.0.0.1");
    assert!(is_closed(&sent.unwrap_err()));
}
