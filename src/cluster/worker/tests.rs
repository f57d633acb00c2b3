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
        parent: None,
        file: None,
    };
    let read = Start::decode(&start.encode()).expect("a start");
    assert!(read.deadline > Duration::from_secs(3600 * 24 * 365 * 1000));
}

/// A worker that takes turns, and the parent's end of its control stream, which never waits.
fn taking_turns() -> (Worker, UnixStream) {
    let start = Start::decode("1 true true 10000 - -").expect("a start");
    let (stream, parent) = UnixStream::pair().expect("a pair");
    parent.set_nonblocking(true).expect("a socket");
    let inner = Arc::new(Inner::new(start, stream).expect("a socket"));
    (Worker { inner }, parent)
}

/// Whether the worker has written this line, and nothing else.
#[track_caller]
fn says(mut parent: &UnixStream, verb: Option<&str>) {
    let mut buf = [0; 64];
    let said = match parent.read(&mut buf) {
        Err(e) if e.kind() == ErrorKind::WouldBlock => Vec::new(),
        read => buf[..read.expect("a stream")].to_vec(),
    };
    let line = verb.map(|verb| lines::line(verb, "").expect("it is short"));
    assert_eq!(said, line.unwrap_or_default(), "not {verb:?}");
}

fn until_it_is_wanted(worker: &Worker) {
    while *lock(&worker.inner.turn) != OwnTurn::Wanted {
        thread::yield_now();
    }
}

/// The others would wait for a worker that does not hear of its turn.
#[test]
fn a_worker_asks_for_the_turn_once_it_serves() {
    let (worker, parent) = taking_turns();
    let server = crate::net::create_server(|_| Ok(()));
    let handle = server.listen("127.0.0.1:0").expect("an address");
    assert!(!worker.inner.acquire(), "nobody has given it");
    says(&parent, None);
    worker.serves(&handle);
    thread::scope(|scope| {
        let waits = scope.spawn(|| worker.inner.acquire());
        until_it_is_wanted(&worker);
        thread::sleep(MOMENT * 2); // it looks whether the server stops, and goes on
        says(&parent, Some(lines::WANT_TURN)); // once
        assert!(!waits.is_finished(), "its turn may come at this moment");
        worker.follow(lines::TURN, "", &handle);
        assert!(waits.join().expect("no panic"));
    });
    says(&parent, None);
    worker.inner.release(true);
    says(&parent, Some(lines::PASS_TURN));
}

/// The program of a worker may stop its server itself, while the parent has been asked for the turn.
#[test]
fn a_turn_that_comes_after_the_stop_is_passed_on() {
    let (worker, parent) = taking_turns();
    let server = crate::net::create_server(|_| Ok(()));
    let handle = server.listen("127.0.0.1:0").expect("an address");
    worker.serves(&handle);
    thread::scope(|scope| {
        let waits = scope.spawn(|| worker.inner.acquire());
        until_it_is_wanted(&worker);
        handle.stop();
        assert!(!waits.join().expect("no panic"), "the server stops");
    });
    says(&parent, Some(lines::WANT_TURN));
    worker.follow(lines::TURN, "", &handle);
    says(&parent, Some(lines::PASS_TURN));
    assert!(!worker.inner.acquire());
    says(&parent, None); // not once more
}

#[test]
fn what_a_worker_knows_at_its_start_comes_back() {
    for round_robin in [true, false] {
        let start = Start {
            id: 3,
            round_robin,
            owns_socket: !round_robin,
            deadline: Duration::from_secs(10),
            parent: Process::this(),
            file: round_robin.then_some((2049, u64::MAX)),
        };
        assert_eq!(Start::decode(&start.encode()), Some(start));
    }
    for garbage in [
        "",
        "1",
        "1 both true 2 - -",
        "x true true 2 - -",
        "1 true true -2 - -",
        "1 true 2 - -",
        "1 true true 2",
        "1 true true 2 -",
        "1 true true 2 - 3",
        "1 true true 2 - 3:x",
        "1 true true 2 4294967296:1 -",
        "1 true true 2 - - -",
    ] {
        assert_eq!(Start::decode(garbage), None, "{garbage:?}");
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
        let start = format!("1 false true 0 - {device}:{inode}");
        let start = Start::decode(&start).expect("a start");
        drop(start.file(&listener.local_addr().expect("an address")));
        assert_eq!(path.exists(), !is_ours);
    }
}
