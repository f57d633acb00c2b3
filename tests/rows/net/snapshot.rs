//! A server in figures: what a snapshot says of each kind of connection, and that it waits for none of them.

use super::stage::{Up, until};
use crate::https::stage::Site as Https;
use crate::support::{Client, Gate, Site, request, watched};
use crate::websocket::stage::Peer;
use barewire::http::{self, Handled, Request, Response, ServerEvents};
use barewire::net::{
    self, Gauge, Handle, Listener, Options, Service, Slot, Snapshot, Stop, StopReason, Stream,
};
use barewire::websocket;
use std::collections::BTreeMap;
use std::io::Read;
use std::sync::Arc;

/// More than the kernel takes from a writer whose peer reads nothing.
const LARGE: usize = 64 << 20;

fn count(handle: &Handle, kind: &'static str, state: &'static str) -> usize {
    let snapshot = handle.snapshot();
    let count = snapshot.by_state.get(&(kind, state));
    count.copied().unwrap_or(0)
}

/// Waits until this number of connections are in this state.
#[track_caller]
fn wait_for(handle: &Handle, kind: &'static str, state: &'static str, many: usize) {
    until(state, || count(handle, kind, state) == many);
}

struct Routes(Gate);

impl ServerEvents for Routes {
    fn request(&self, mut req: Request<'_>, res: Response<'_>) -> Handled {
        match req.path() {
            "/wait" => {
                self.0.pass();
                res.end("")
            }
            "/large" => res.end(vec![b'x'; LARGE]),
            "/echo" => res.end(req.collect()?),
            _ => Err(http::refuse(404, "")),
        }
    }

    fn upgrade(&self, req: Request<'_>, res: Response<'_>) -> Handled {
        if req.path() == "/raw" {
            let mut stream = req.upgrade(res, [("Upgrade", "raw")])?;
            stream.read_exact(&mut [0])?;
            return Ok(());
        }
        if let Some(mut ws) = websocket::accept(req, res)? {
            while let Some(data) = ws.receive()? {
                assert_eq!(data, "flood");
                let _ = ws.writer().try_send(vec![b'x'; LARGE / 8]);
            }
        }
        Ok(())
    }

    fn connect(&self, req: Request<'_>, res: Response<'_>) -> Handled {
        let mut stream = req.upgrade(res, ())?;
        stream.read_exact(&mut [0])?;
        Ok(())
    }
}

#[test]
fn row_n04_a_snapshot_counts_connections_by_kind_and_state() {
    watched(|| {
        let gate = Gate::default();
        let site = Site::new(http::create_server_with(Routes(gate.clone())));
        let handle = &site.handle;
        let asking = |bytes: &str| {
            let mut client: Client = site.client();
            client.send(bytes);
            client
        };
        let _silent = site.client();
        let mut waits = asking(&request("GET", "/wait"));
        let raw = "GET /raw HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: raw\r\n\r\n";
        let _upgraded = asking(raw);
        let _tunnel = asking("CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n");
        let _socket = Peer::open(&site);
        for (kind, state) in [
            ("http", "idle"),
            ("http", "active"),
            ("http", "upgraded"),
            ("tunnel", "open"),
            ("websocket", "open"),
        ] {
            wait_for(handle, kind, state, 1);
        }
        gate.open();
        waits.answer();
        wait_for(handle, "http", "idle", 2);
        let snapshot = handle.snapshot();
        assert_eq!(snapshot.connections, 5);
        assert_eq!(snapshot.by_state.values().sum::<usize>(), 5);
        assert!(snapshot.threads >= 5 && snapshot.queued_bytes == 0);
        let line = snapshot.to_string();
        let pairs: BTreeMap<_, _> = line
            .split(' ')
            .map(|it| it.split_once('=').unwrap())
            .collect();
        assert_eq!((pairs["connections"], pairs["http_idle"]), ("5", "2"));
        assert!(pairs.values().all(|value| value.parse::<u64>().is_ok()));
    });
}

/// A thread that writes to a peer that reads nothing holds the lock of the response queue: the snapshot only tries it.
#[test]
fn row_n04_a_snapshot_waits_for_no_thread_that_writes() {
    watched(|| {
        let site = Site::new(http::create_server_with(Routes(Gate::default())));
        let mut stuck: Client = site.client();
        stuck.send(request("GET", "/large"));
        wait_for(&site.handle, "http", "sending", 1);

        let mut socket = Peer::open(&site);
        let flood = [&b"\x81\x85\0\0\0\0"[..], b"flood"].concat();
        socket.send(&flood);
        until("a full queue", || site.handle.snapshot().queued_bytes > 0);
        assert_eq!(count(&site.handle, "websocket", "open"), 1);
        assert_eq!(count(&site.handle, "http", "sending"), 1);

        let up = Up::new(net::create_server(|socket| {
            socket.write(vec![b'x'; 8 << 20]);
            socket.pipe(&socket).map(drop)
        }));
        let _reads_nothing = up.peer();
        until("a full queue", || up.snapshot().queued_bytes > 0);
        assert_eq!(up.snapshot().by_state[&("socket", "open")], 1);
    });
}

#[test]
fn row_n04_refusals_are_counted_by_rule() {
    watched(|| {
        let site = Site::new(http::create_server_with(Routes(Gate::default())));
        for bytes in [
            "GET / HTTP/1.1\r\n\r\n",
            "GET / HTTP/1.1\r\n\r\n",
            "GET /none HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
            "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
        ] {
            let mut client: Client = site.client();
            client.send(bytes);
            client.rest();
        }
        let mut socket = Peer::open(&site);
        socket.send(b"\x81\x00"); // without a mask
        socket.exactly(4);
        until("all of them", || site.handle.snapshot().refusals.len() == 4);
        let snapshot = site.handle.snapshot();
        let refusals: Vec<_> = snapshot
            .refusals
            .iter()
            .map(|(rule, n)| (*rule, *n))
            .collect();
        let expected = [
            ("ChunkSizeInvalid", 1),
            ("Handler", 1),
            ("HostMissing", 2),
            ("MaskMissing", 1),
        ];
        assert_eq!(refusals, expected);
        assert!(snapshot.to_string().contains(" refused_HostMissing=2 "));
    });
}

#[test]
fn row_n04_a_handshake_has_its_state_and_a_failed_one_its_code() {
    watched(|| {
        let site = Https::new(http::create_server(|_req, res| res.end("")));
        let silent = site.tcp();
        wait_for(&site.handle, "tls", "handshake", 1);
        drop(silent);
        until("its end", || site.handle.connections() == 0);
        let refusals = site.handle.snapshot().refusals;
        assert_eq!(refusals.values().sum::<u64>(), 1, "{refusals:?}");
    });
}

struct Bad;

impl Stop for Bad {
    fn drain(&self, _: StopReason) {}

    fn cut(&self) {}

    fn gauge(&self) -> Gauge {
        panic!("on purpose");
    }
}

/// A service of one's own: without a hook, with one that has no gauge, and with one that panics.
#[test]
fn row_n04_a_connection_without_a_gauge_is_another_open_one() {
    struct Holding(Gate);

    impl Service for Holding {
        fn connection(&self, _stream: Arc<dyn Stream>, slot: Slot) {
            slot.refused("Mood");
            slot.on_stop(Arc::new(Bad));
            self.0.pass();
        }
    }

    watched(|| {
        let gate = Gate::default();
        let listener = Listener::bind("127.0.0.1:0").unwrap();
        let handle = listener
            .serve(Options::default(), Holding(gate.clone()))
            .unwrap();
        let _client = net::connect(&handle.local_addr().to_string()).unwrap();
        until("a refusal", || !handle.snapshot().refusals.is_empty());
        let snapshot: Snapshot = handle.snapshot();
        let line = snapshot.to_string();
        assert!(line.starts_with("connections=1 threads=2 "), "{line}");
        assert!(
            line.ends_with(" queued_bytes=0 other_open=1 refused_Mood=1"),
            "{line}"
        );
        gate.open();
        handle.shutdown(std::time::Duration::from_secs(5));
        assert_eq!(handle.snapshot().connections, 0);
    });
}
