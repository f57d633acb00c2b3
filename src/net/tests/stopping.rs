use super::*;
use std::net::TcpListener;
use std::sync::Barrier;
use std::time::Instant;

/// The names of the hooks that were called, and what they were called for.
type Calls = Sender<(&'static str, &'static str)>;

struct Hook {
    name: &'static str,
    calls: Calls,
    /// Shut when drained: the polite way out of a read.
    stream: Option<Arc<dyn Stream>>,
}

impl Stop for Hook {
    fn drain(&self, _: StopReason) {
        self.calls.send((self.name, "drain")).unwrap();
        if let Some(stream) = &self.stream {
            stream.shutdown(std::net::Shutdown::Read).unwrap();
        }
    }

    fn cut(&self) {
        self.calls.send((self.name, "cut")).unwrap();
    }
}

fn hook(name: &'static str, calls: &Calls, stream: Option<Arc<dyn Stream>>) -> Arc<Hook> {
    Arc::new(Hook {
        name,
        calls: calls.clone(),
        stream,
    })
}

#[test]
fn stop_wakes_every_thread_that_accepts() {
    within(PATIENCE, || {
        let path = socket_files::path("wakes").1;
        for address in ["127.0.0.1:0", "[::1]:0", &path] {
            let (server, events) = serve_at(address, Options::default(), |_, _| ());
            server.stop();
            server.wait();
            assert_eq!(server.threads(), 0);
            assert_eq!(events.try_recv(), Ok(Event::Closed));
        }
    });
}

#[test]
fn stop_frees_the_port_while_connections_live_on() {
    within(PATIENCE, || {
        const SPARE: usize = 4;
        let together = Arc::new(Barrier::new(SPARE));
        let options = Options {
            spare_threads: SPARE,
            ..Options::default()
        };
        let (server, _) = serve(options, move |stream, slot| {
            if stream.read(&mut [0; 1]).unwrap() == 0 {
                together.wait(); // this many threads at once, all of which stay
            } else {
                echo(stream, slot);
            }
        });
        drop((0..SPARE).map(|_| dial(&server)).collect::<Vec<_>>());
        until(|| server.connections() == 0 && server.threads() == SPARE);
        let mut lives = dial(&server);
        lives.write_all(b"x").unwrap();
        is_echoed(&mut lives);

        server.stop();
        until(|| server.threads() == 1);
        let free = TcpListener::bind(server.local_addr().ip().unwrap()).unwrap();
        is_echoed(&mut lives);
        drop((lives, free));
        server.wait();
    });
}

#[test]
fn row_n04_close_fires_once_after_the_last_connection() {
    within(PATIENCE, || {
        let (server, events, taken) = serve_elsewhere(Options::default());
        let _client = dial(&server);
        let (stream, slot) = taken.recv().unwrap();
        assert!(!slot.is_stopping());
        server.stop();
        server.stop();
        until(|| server.threads() == 0);
        assert!(slot.is_stopping());
        assert!(events.try_recv().is_err());
        drop(stream);
        drop(slot);
        server.wait();
        assert_eq!(events.try_iter().collect::<Vec<_>>(), [Event::Closed]);
        assert_eq!(
            server.shutdown(Duration::ZERO),
            Report { drained: 0, cut: 0 }
        );
    });
}

#[test]
fn the_report_counts_what_has_drained_and_what_was_cut() {
    within(PATIENCE, || {
        let (calls, called) = mpsc::channel();
        let (server, _) = serve(Options::default(), move |stream, slot| {
            let mut first = [0; 1];
            stream.read(&mut first).unwrap();
            let polite = first == *b"p";
            if polite {
                slot.on_stop(hook("polite", &calls, Some(Arc::clone(&stream))));
            }
            stream.write(&first).unwrap();
            echo(stream, slot);
        });
        let mut clients = [dial(&server), dial(&server), dial(&server)];
        for (client, name) in clients.iter_mut().zip(["p", "p", "stubborn"]) {
            client.write_all(name.as_bytes()).unwrap();
            client.read_exact(&mut [0; 1]).unwrap();
        }
        let report = server.shutdown(Duration::from_millis(100));
        assert_eq!(report, Report { drained: 2, cut: 1 });
        assert_eq!(server.connections(), 0);
        assert_eq!(
            called.try_iter().collect::<Vec<_>>(),
            [("polite", "drain"); 2]
        );
    });
}

#[test]
fn the_hook_set_last_is_the_one_that_is_told() {
    within(PATIENCE, || {
        let (server, _events, taken) = serve_elsewhere(Options::default());
        let _client = dial(&server);
        let (_stream, slot) = taken.recv().unwrap();
        let (calls, called) = mpsc::channel();
        slot.on_stop(hook("first", &calls, None));
        slot.on_stop(hook("second", &calls, None));
        server.stop();
        slot.on_stop(hook("drained at once", &calls, None));
        let cutting = thread::spawn(move || server.shutdown(Duration::ZERO));
        assert_eq!(called.recv().unwrap(), ("second", "drain"));
        assert_eq!(called.recv().unwrap(), ("drained at once", "drain"));
        assert_eq!(called.recv().unwrap(), ("drained at once", "cut"));
        slot.on_stop(hook("cut at once", &calls, None));
        assert_eq!(called.recv().unwrap(), ("cut at once", "cut"));
        drop(slot);
        assert_eq!(cutting.join().unwrap(), Report { drained: 0, cut: 1 });
    });
}

/// A hook that sends which connection it is of, and why it was called.
struct Asked(usize, Sender<(usize, Option<StopReason>)>);

impl Stop for Asked {
    fn drain(&self, reason: StopReason) {
        self.1.send((self.0, Some(reason))).unwrap();
    }

    fn cut(&self) {
        self.1.send((self.0, None)).unwrap();
    }
}

type Connected = (Vec<TcpStream>, Vec<(Arc<dyn Stream>, Slot)>);

fn connected(
    server: &Handle,
    taken: &PassedOn,
    calls: &Sender<(usize, Option<StopReason>)>,
) -> Connected {
    let connect = |number| {
        let client = dial(server);
        let served = taken.recv().unwrap();
        served.1.on_stop(Arc::new(Asked(number, calls.clone())));
        (client, served)
    };
    (0..3).map(connect).unzip()
}

/// Evenly over half of the deadline; a connection that has ended is not asked, and keeps nobody waiting.
#[test]
fn a_restart_asks_one_after_the_other_and_the_oldest_first() {
    within(PATIENCE, || {
        let (server, _events, taken) = serve_elsewhere(Options::default());
        let (calls, called) = mpsc::channel();
        let (_clients, mut served) = connected(&server, &taken, &calls);
        drop(served.remove(1));
        let began = Instant::now();
        let restarting = {
            let server = server.clone();
            thread::spawn(move || server.shutdown(Shutdown::restart(Duration::from_millis(200))))
        };
        for (number, at_least) in [(0, 50), (2, 100)] {
            let reason = Some(StopReason::Restart);
            assert_eq!(called.recv().unwrap(), (number, reason));
            assert!(began.elapsed() >= Duration::from_millis(at_least));
        }
        drop(served);
        assert_eq!(restarting.join().unwrap(), Report { drained: 2, cut: 0 });
        assert!(called.try_recv().is_err());
    });
}

/// What the restart has not asked yet is asked at once; a deadline that is earlier cuts.
#[test]
fn a_stop_or_a_shutdown_ends_the_patience_of_a_restart() {
    within(PATIENCE, || {
        let (server, _events, taken) = serve_elsewhere(Options::default());
        let (calls, called) = mpsc::channel();
        let (_clients, served) = connected(&server, &taken, &calls);
        let restarting = {
            let server = server.clone();
            thread::spawn(move || server.shutdown(Shutdown::restart(PATIENCE * 1000)))
        };
        until(|| served[0].1.is_stopping());
        server.stop();
        for number in 0..3 {
            let asked = |(n, reason)| n == number && reason == Some(StopReason::GoingAway);
            assert!(called.iter().any(asked));
        }
        let cutting = thread::spawn(move || server.shutdown(Duration::ZERO));
        assert!(
            called
                .iter()
                .any(|(number, reason)| number == 2 && reason.is_none())
        );
        drop(served);
        assert_eq!(cutting.join().unwrap().cut, 3);
        restarting.join().unwrap();
    });
}

#[test]
fn a_restart_without_connections_takes_no_time() {
    within(PATIENCE, || {
        let (server, _) = serve(Options::default(), echo);
        let report = server.shutdown(Shutdown::restart(PATIENCE * 2));
        assert_eq!(report, Report::default());
    });
}

#[test]
fn a_hook_that_panics_does_not_spare_the_next() {
    struct Bad;
    impl Stop for Bad {
        fn drain(&self, _: StopReason) {
            panic!("a panic on purpose");
        }
        fn cut(&self) {}
    }
    within(PATIENCE, || {
        let (server, _events, taken) = serve_elsewhere(Options::default());
        let (calls, called) = mpsc::channel();
        let _clients = [dial(&server), dial(&server)];
        let [(_, first), (_, second)] = [taken.recv().unwrap(), taken.recv().unwrap()];
        first.on_stop(Arc::new(Bad));
        second.on_stop(hook("next", &calls, None));
        server.stop();
        assert_eq!(called.recv().unwrap(), ("next", "drain"));
    });
}

#[test]
fn a_hook_may_ask_the_server_while_it_is_dropped() {
    struct Curious(Handle);
    impl Stop for Curious {
        fn drain(&self, _: StopReason) {}
        fn cut(&self) {}
    }
    impl Drop for Curious {
        fn drop(&mut self) {
            assert!(self.0.connections() <= 1);
        }
    }
    within(PATIENCE, || {
        let (server, _events, taken) = serve_elsewhere(Options::default());
        let _client = dial(&server);
        let (_stream, slot) = taken.recv().unwrap();
        slot.on_stop(Arc::new(Curious(server.clone())));
        slot.on_stop(Arc::new(Curious(server.clone())));
        drop(slot);
        server.shutdown(PATIENCE);
    });
}

#[test]
fn a_connection_may_shut_its_own_server_down() {
    within(PATIENCE, || {
        let (give, take) = mpsc::channel::<Handle>();
        let take = std::sync::Mutex::new(take);
        let (report_to, reported) = mpsc::channel();
        let (server, _) = serve(Options::default(), move |_stream, _slot| {
            let server = take.lock().unwrap().recv().unwrap();
            report_to.send(server.shutdown(Duration::ZERO)).unwrap();
        });
        give.send(server.clone()).unwrap();
        let _client = dial(&server);
        assert_eq!(reported.recv().unwrap(), Report { drained: 0, cut: 1 });
        server.wait();
    });
}
