//! N08 and E10: no delay, which is not the same as no sticking.

use super::stage::{Up, expect, patient};
use crate::support::{Log, watched};
use barewire::net::{self, ConnectOptions, Socket, Tcp, pipe};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

fn no_delay(socket: &Socket) -> bool {
    let tcp = socket.stream().as_any().downcast_ref::<Tcp>();
    tcp.expect("a TCP connection").no_delay().unwrap()
}

#[test]
fn row_n08_set_no_delay_on_both_sides() {
    watched(|| {
        for on in [true, false] {
            let log = Log::default();
            let server_log = log.clone();
            let server = net::create_server(move |socket| {
                server_log.note(no_delay(&socket)); // as the server was server_log
                socket.set_no_delay(!on)?;
                server_log.note(no_delay(&socket));
                socket.write_all("hello")
            });
            let up = Up::new(server.no_delay(on));
            let options = ConnectOptions {
                no_delay: on,
                ..ConnectOptions::default()
            };
            let client = net::connect_with(&up.address(), &options).unwrap();
            assert_eq!(no_delay(&client), on);
            client.set_no_delay(!on).unwrap();
            assert_eq!(no_delay(&client), !on);
            expect(&client, "hello");
            assert_eq!(log.all(), [on.to_string(), (!on).to_string()]);
        }
    });
}

#[test]
fn row_n08_it_is_on_unless_asked_otherwise() {
    watched(|| {
        let log = Log::default();
        let server_log = log.clone();
        let up = Up::new(net::create_server(move |socket| {
            server_log.note(no_delay(&socket));
            Ok(())
        }));
        assert!(no_delay(&net::connect(&up.address()).unwrap()));
        log.wait_for("true");
    });
}

/// Where nothing is delayed there is nothing to set.
#[test]
fn row_n08_no_delay_elsewhere() {
    let socket = Socket::new(Arc::new(pipe().0));
    socket.set_no_delay(true).unwrap();
    socket.set_no_delay(false).unwrap();
}

/// The 64 characters that the notes send 18 times.
const MESSAGE: &str = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-\n";
const TIMES: usize = 18;

/// How many times `data` is called for 18 messages that have all arrived when it begins.
fn chunks(socket: &Socket) -> (usize, Vec<u8>) {
    let log = Log::default();
    let events = super::stage::Recorder::new(&log);
    let bytes = events.bytes();
    socket.run(events).unwrap();
    let all = bytes.lock().unwrap().clone();
    (log.count("data"), all)
}

/// The notes say that `setNoDelay(true)` cures the sticking of small packets. It sends them at
/// once; but the reader reads when it can, and finds what has come by then. TCP has no messages.
#[test]
fn erratum_e10_no_delay_cures_no_sticking() {
    watched(|| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let client = net::connect(&address).unwrap();
        client.set_no_delay(true).unwrap();
        let accepted = patient(listener.accept().unwrap().0);
        for _ in 0..TIMES {
            client.write_all(MESSAGE).unwrap();
        }
        client.end().unwrap();
        wait_for(&accepted, MESSAGE.len() * TIMES);
        let (chunks, all) = chunks(&Socket::new(Arc::new(Tcp::from(accepted))));
        assert_eq!(all, MESSAGE.repeat(TIMES).as_bytes());
        assert!(chunks < TIMES, "{chunks} events for {TIMES} writes");
    });
}

/// Waits until this many bytes can be read, and reads nothing.
fn wait_for(stream: &TcpStream, bytes: usize) {
    let mut seen = vec![0; bytes];
    while stream.peek(&mut seen).unwrap() < bytes {
        thread::yield_now();
    }
}

/// The same without a network: it is the reading that glues, not the wire.
#[test]
fn erratum_e10_in_memory() {
    watched(|| {
        let (here, there) = pipe();
        let (here, there) = (Socket::new(Arc::new(here)), Socket::new(Arc::new(there)));
        for _ in 0..TIMES {
            assert!(here.write(MESSAGE));
        }
        here.end().unwrap();
        let (chunks, all) = chunks(&there);
        assert_eq!(all, MESSAGE.repeat(TIMES).as_bytes());
        assert!(chunks < TIMES, "{chunks} events for {TIMES} writes");
    });
}
