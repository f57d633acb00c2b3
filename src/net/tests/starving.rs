//! Threads that cannot be started for a while, and addresses at their limit.

use super::*;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Whether threads can be started.
#[derive(Clone, Default)]
struct Threads {
    gone: Arc<AtomicBool>,
    refused: Arc<AtomicUsize>,
}

impl Threads {
    fn set(&self, there_are: bool) {
        self.gone.store(!there_are, Ordering::SeqCst);
    }

    fn refused(&self) -> usize {
        self.refused.load(Ordering::SeqCst)
    }

    /// A server whose threads are these.
    fn serve<F>(&self, options: Options, connection: F) -> (Handle, Receiver<Event>)
    where
        F: Fn(Arc<dyn Stream>, Slot) + Send + Sync + 'static,
    {
        let threads = self.clone();
        let start = move |builder: thread::Builder, engine: Arc<Engine>| {
            if threads.gone.load(Ordering::SeqCst) {
                threads.refused.fetch_add(1, Ordering::SeqCst);
                return Err(std::io::ErrorKind::WouldBlock.into());
            }
            Engine::start_thread(builder, engine)
        };
        let system = System {
            start_thread: Box::new(start),
            ..System::default()
        };
        serve_on(system, options, connection)
    }
}

/// The one thread serves as long as its client stays. No connection ends, and still others are served once
/// threads can be started again.
#[test]
fn fault_a07_a_server_is_not_deaf_when_threads_are_back() {
    within(PATIENCE, || {
        let threads = Threads::default();
        let (server, events) = threads.serve(Options::default(), echo);
        threads.set(false);
        let mut first = dial(&server);
        is_echoed(&mut first); // at once: it does not wait for a thread
        assert_eq!(events.recv().unwrap(), Event::AcceptError);
        let refused = threads.refused();
        let mut second = dial(&server);
        until(|| threads.refused() > refused + 1); // the clock has tried, too
        threads.set(true);
        is_echoed(&mut second);
        is_echoed(&mut first);
        drop((first, second));
        assert_eq!(events.try_iter().count(), 0, "reported once");
        server.shutdown(PATIENCE);
    });
}

/// It serves with the threads it has, as connections end.
#[test]
fn fault_a07_without_threads_one_connection_follows_another() {
    within(PATIENCE, || {
        let threads = Threads::default();
        let (server, _events) = threads.serve(Options::default(), echo);
        threads.set(false);
        for _ in 0..3 {
            is_echoed(&mut dial(&server));
        }
        assert_eq!(server.threads(), 1);
        server.shutdown(PATIENCE);
    });
}

#[test]
fn fault_a07_a_server_that_lacks_threads_can_be_stopped() {
    within(PATIENCE, || {
        let threads = Threads::default();
        let (server, events) = threads.serve(Options::default(), echo);
        threads.set(false);
        let mut client = dial(&server);
        is_echoed(&mut client);
        let refused = threads.refused();
        until(|| threads.refused() > refused);
        server.stop();
        drop(client);
        server.wait();
        assert_eq!(events.try_iter().last(), Some(Event::Closed));
        assert_eq!((server.threads(), server.connections()), (0, 0));
    });
}

fn per_address(most: usize) -> Options {
    Options {
        max_connections_per_address: Some(most),
        ..Options::default()
    }
}

/// Over IPv4 and IPv6 of one socket: each address has its own count. A connection beyond it is closed, and
/// the next one is served when one of the others has ended.
#[test]
fn fault_e12_an_address_has_so_many_connections() {
    within(PATIENCE, || {
        let (server, _events) = serve_at("[::]:0", per_address(2), echo);
        let port = server.local_addr().port().unwrap();
        for host in ["127.0.0.1", "::1"] {
            let dial = || TcpStream::connect((host, port)).unwrap();
            let mut clients = [dial(), dial()];
            clients.iter_mut().for_each(is_echoed);
            for _ in 0..3 {
                assert_eq!(dial().read(&mut [0; 1]).unwrap(), 0, "closed at once");
            }
            let threads = server.threads();
            clients.iter_mut().for_each(is_echoed);
            assert_eq!(server.threads(), threads, "no thread was spent");
            let connections = server.connections();
            drop(clients);
            until(|| server.connections() == connections - 2);
            is_echoed(&mut dial());
            until(|| server.connections() == connections - 2);
        }
        server.shutdown(PATIENCE);
    });
}

/// Unix sockets have no address.
#[test]
fn fault_e12_unix_sockets_are_not_counted() {
    within(PATIENCE, || {
        let path = std::env::temp_dir().join(format!("barewire-e12-{}", std::process::id()));
        let address = format!("unix:{}", path.display());
        let (server, _events) = serve_at(&address, per_address(1), echo);
        let dial = || std::os::unix::net::UnixStream::connect(&path).unwrap();
        let mut clients = [dial(), dial(), dial()];
        clients.iter_mut().for_each(is_echoed);
        drop(clients);
        server.shutdown(PATIENCE);
    });
}

/// The count goes with the slot.
#[test]
fn fault_e12_a_slot_that_was_handed_on_still_counts() {
    within(PATIENCE, || {
        let (server, _events, taken) = serve_elsewhere(per_address(1));
        let _first = dial(&server);
        let first = taken.recv().unwrap();
        assert_eq!(dial(&server).read(&mut [0; 1]).unwrap(), 0);
        drop(first);
        let _second = dial(&server);
        drop(taken.recv().unwrap());
        server.shutdown(PATIENCE);
    });
}
