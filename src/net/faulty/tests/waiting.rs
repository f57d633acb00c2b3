use super::*;

#[test]
fn a_timeout_loses_nothing() {
    let (there, here) = faulty(split([6]));
    here.set_read_timeout(Some(MOMENT)).unwrap();
    for part in [b"ab", b"cd"] {
        there.write(part).unwrap();
        assert!(is_timeout(&here.read(&mut [0; 8]).unwrap_err()));
        assert_eq!(try_read(&*here), None);
    }
    there.write(b"efg").unwrap();
    assert_eq!(read(&*here), b"abcdef");
    assert_eq!(try_read(&*here).unwrap(), b"g");
}

#[test]
fn a_timeout_holds_for_the_whole_piece() {
    within(PATIENCE, || {
        let (there, below) = pipe();
        let before = move |_| drop(there.write(b"x")); // there is always one byte more
        let below = Arc::new(Hooked { below, before });
        let here = patient_faulty(below, split([usize::MAX]));
        for timeout in [Duration::ZERO, MOMENT] {
            here.set_read_timeout(Some(timeout)).unwrap();
            assert!(is_timeout(&here.read(&mut [0; 8]).unwrap_err()));
        }
    });
}

#[test]
fn one_reads_and_another_waits_its_turn_no_longer_than_its_timeout() {
    within(PATIENCE, || {
        let (there, here, calls) = reporting(split([2]));
        let first = Arc::clone(&here);
        let first = thread::spawn(move || read(&*first));
        assert_eq!(calls.recv(), Ok("read")); // it sleeps there, or soon will
        here.set_read_timeout(Some(MOMENT)).unwrap();
        assert!(is_timeout(&here.read(&mut [0; 8]).unwrap_err()));
        assert_eq!(try_read(&*here), None);
        there.write(b"ab").unwrap();
        assert_eq!(first.join().unwrap(), b"ab");
    });
}

#[test]
fn a_sleeping_reader_hinders_no_writer() {
    within(PATIENCE, || {
        let (there, here, calls) = reporting(split([2]));
        let reader = Arc::clone(&here);
        let reader = thread::spawn(move || read(&*reader));
        assert_eq!(calls.recv(), Ok("read"));
        assert_eq!(here.write(b"ping").unwrap(), 4);
        assert_eq!(read(&there), b"ping");
        there.write(b"pong").unwrap();
        assert_eq!(reader.join().unwrap(), b"po");
    });
}

#[test]
fn a_sleeping_writer_hinders_no_reader() {
    within(PATIENCE, || {
        let (there, here, calls) = reporting(split([2]));
        here.write(b"full").unwrap();
        let writer = Arc::clone(&here);
        let writer = thread::spawn(move || writer.write(b"more").unwrap());
        assert_eq!((calls.recv(), calls.recv()), (Ok("write"), Ok("write")));
        there.write(b"pong").unwrap();
        assert_eq!(read(&*here), b"po");
        assert_eq!(try_read(&*here).unwrap(), b"ng");
        assert_eq!(read(&there), b"full");
        assert_eq!(writer.join().unwrap(), 4);
    });
}

#[test]
fn a_delay_is_waited_for() {
    within(PATIENCE, || {
        let delays = Faults::default().delay_reads(MOMENT).delay_writes(MOMENT);
        let (there, here) = faulty(delays);
        let began = Instant::now();
        for calls in [2, 4] {
            assert_eq!(here.write(b"ping").unwrap(), 4);
            there.write(b"pong").unwrap();
            assert_eq!(read(&*here), b"pong");
            assert!(began.elapsed() >= calls * MOMENT);
        }
    });
}

#[test]
fn a_delay_longer_than_the_timeout_passes_all_the_same() {
    within(PATIENCE, || {
        let delay = 5 * MOMENT;
        let (there, here) = faulty(Faults::default().delay_reads(delay).delay_writes(delay));
        here.set_read_timeout(Some(Duration::ZERO)).unwrap();
        here.set_write_timeout(Some(Duration::ZERO)).unwrap();
        there.write(b"pong").unwrap();
        let mut buf = [0; 4];
        assert_eq!(patiently(|| here.read(&mut buf)), 4);
        assert_eq!(patiently(|| here.write(b"ping")), 4);
        there.write(b"!").unwrap();
        while try_read(&*here).is_none() {}
    });
}

fn patiently(mut call: impl FnMut() -> io::Result<usize>) -> usize {
    loop {
        match call() {
            Err(e) if is_timeout(&e) => {}
            other => return other.unwrap(),
        }
    }
}

#[test]
fn a_timeout_ends_before_a_delay_does() {
    let (there, here) = faulty(Faults::default().delay_reads(HOUR).delay_writes(HOUR));
    here.set_read_timeout(Some(MOMENT)).unwrap();
    here.set_write_timeout(Some(MOMENT)).unwrap();
    there.write(b"late").unwrap();
    assert!(is_timeout(&here.read(&mut [0; 8]).unwrap_err()));
    assert!(is_timeout(&here.write(b"later").unwrap_err()));
    assert_eq!(try_read(&*here), None);
    assert_eq!(try_read(&there), None);
}

#[test]
fn a_delay_does_not_outlast_the_stream() {
    within(PATIENCE, || {
        let (there, here) = faulty(Faults::default().delay_reads(HOUR).delay_writes(HOUR));
        there.write(b"late").unwrap();
        let (reader, writer) = (Arc::clone(&here), Arc::clone(&here));
        let reader = thread::spawn(move || read(&*reader));
        let writer = thread::spawn(move || writer.write(b"later"));
        while here.reading.try_take().is_some() || here.writing.try_take().is_some() {
            thread::sleep(Duration::from_millis(1));
        }
        here.shutdown(Shutdown::Both).unwrap();
        assert_eq!(reader.join().unwrap(), b"late");
        assert_eq!(kind(writer.join().unwrap()), ErrorKind::BrokenPipe);
    });
}
