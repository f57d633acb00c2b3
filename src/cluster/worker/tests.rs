//! A worker's machine, without a process of its own.

use super::*;

/// Without a start, the process would take itself for the parent.
#[test]
fn a_deadline_that_never_comes_is_a_deadline() {
    let start = Start {
        id: 1,
        round_robin: false,
        owns_socket: false,
        deadline: Duration::MAX,
        file: None,
    };
    let read = Start::decode(&start.encode()).expect("a start");
    assert!(read.deadline > Duration::from_secs(3600 * 24 * 365 * 1000));
}

/// The others would wait for a worker that does not hear of its turn.
#[test]
fn a_worker_asks_for_the_turn_once_it_serves() {
    let start = Start::decode("1 true true 10000").expect("a start");
    let (stream, mut parent) = UnixStream::pair().expect("a pair");
    parent.set_nonblocking(true).expect("a socket");
    let inner = Inner::new(start, stream).expect("a socket");
    let mut buf = [0; 64];
    assert!(!inner.acquire(), "nobody has given it");
    let early = parent.read(&mut buf).map_err(|e| e.kind());
    assert_eq!(early, Err(ErrorKind::WouldBlock));
    *lock(&inner.turn) = TurnState::Passed;
    assert!(!inner.acquire() && !inner.acquire());
    let n = parent.read(&mut buf).expect("a line");
    let asked = lines::line(lines::WANT_TURN, "").expect("it is short");
    assert_eq!(buf[..n], asked, "once");
}

/// The program of a worker may stop its server itself, while the parent has been asked for the turn.
#[test]
fn a_turn_that_comes_after_the_stop_is_passed_on() {
    let start = Start::decode("1 true true 10000").expect("a start");
    let (stream, mut parent) = UnixStream::pair().expect("a pair");
    parent.set_nonblocking(true).expect("a socket");
    let inner = Arc::new(Inner::new(start, stream).expect("a socket"));
    let worker = Worker { inner };
    let server = crate::net::create_server(|_| Ok(()));
    let handle = server.listen("127.0.0.1:0").expect("an address");
    let mut buf = [0; 64];
    worker.follow(lines::TURN, "", &handle);
    let kept = parent.read(&mut buf).map_err(|e| e.kind());
    assert_eq!(kept, Err(ErrorKind::WouldBlock), "it will accept");
    handle.stop();
    worker.follow(lines::TURN, "", &handle);
    let n = parent.read(&mut buf).expect("a line");
    let passed = lines::line(lines::PASS_TURN, "").expect("it is short");
    assert_eq!(buf[..n], passed);
    assert!(!worker.inner.acquire());
    let asked = parent.read(&mut buf).map_err(|e| e.kind());
    assert_eq!(asked, Err(ErrorKind::WouldBlock), "once more");
}

#[test]
fn what_a_worker_knows_at_its_start_comes_back() {
    for round_robin in [true, false] {
        let start = Start {
            id: 3,
            round_robin,
            owns_socket: !round_robin,
            deadline: Duration::from_secs(10),
            file: round_robin.then_some((2049, u64::MAX)),
        };
        assert_eq!(Start::decode(&start.encode()), Some(start));
    }
    for garbage in [
        "",
        "1",
        "1 both true 2",
        "x true true 2",
        "1 true true -2",
        "1 true 2",
        "1 true true 2 3",
        "1 true true 2 3:x",
    ] {
        assert_eq!(Start::decode(garbage), None, "{garbage:?}");
    }
}

/// A control stream ends while the parent lives if the worker was too slow to read. A parent's number may be 1.
#[test]
fn only_a_worker_with_another_parent_is_an_orphan() {
    let start = Start::decode("1 false true 0").expect("a start");
    let (stream, _) = UnixStream::pair().expect("a pair");
    let mut inner = Inner::new(start, stream).expect("a socket");
    assert!(!inner.is_orphan(), "its parent lives");
    for gone in [None, Some(parent_id() + 1)] {
        inner.parent = gone;
        assert!(inner.is_orphan(), "{gone:?}");
    }
}

/// A worker that begins to serve after its parent was killed may find the file of the server that follows.
#[test]
fn the_file_of_another_server_is_not_the_workers() {
    let path = env::temp_dir().join(format!("barewire-file-{}.sock", std::process::id()));
    let address = format!("unix:{}", path.display());
    let listener = Listener::bind(&address).expect("an address");
    let (device, inode) = listener.file_id().expect("a file");
    for (inode, is_ours) in [(inode + 1, false), (inode, true)] {
        let start = format!("1 false true 0 {device}:{inode}");
        let start = Start::decode(&start).expect("a start");
        drop(start.file(&listener.local_addr().expect("an address")));
        assert_eq!(path.exists(), !is_ours);
    }
}
