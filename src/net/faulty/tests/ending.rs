use super::*;

#[test]
fn a_reset_after_so_many_bytes_were_read() {
    let (there, here) = faulty(split([2]).reset_after_reading(5));
    there.write(b"abcdefgh").unwrap();
    assert_eq!(read(&*here), b"ab");
    here.write(b"heard").unwrap();
    assert_eq!(read(&*here), b"cde");
    is_reset(&*here);
    assert_eq!(read(&there), b"heard");
    assert_eq!(read(&there), b"");
    assert_eq!(kind(there.write(b"x")), ErrorKind::BrokenPipe);
}

#[test]
fn a_reset_after_so_many_bytes_were_written() {
    let (there, here) = faulty(Faults::default().reset_after_writing(5));
    there.write(b"unread").unwrap();
    let bufs = [&b"cd"[..], b"efg"].map(IoSlice::new);
    assert_eq!(here.write(b"ab").unwrap(), 2);
    assert_eq!(here.write_vectored(&bufs).unwrap(), 2);
    assert_eq!(here.write(b"efg").unwrap(), 1);
    is_reset(&*here);
    assert_eq!(read(&there), b"abcde");
    assert_eq!(read(&there), b"");
}

#[test]
fn a_reset_at_once() {
    is_reset(&*faulty(Faults::default().reset_after_reading(0)).1);
    is_reset(&*faulty(Faults::default().reset_after_writing(0)).1);
}

#[test]
fn a_reset_wakes_whoever_sleeps_in_the_other_direction() {
    within(PATIENCE, || {
        let (_there, here, calls) = reporting(split([2]).reset_after_writing(1));
        let reader = Arc::clone(&here);
        let reader = thread::spawn(move || reader.read(&mut [0; 8]));
        assert_eq!(calls.recv(), Ok("read"));
        assert_eq!(here.write(b"xyz").unwrap(), 1);
        assert_eq!(kind(reader.join().unwrap()), ErrorKind::ConnectionReset);

        let (there, here, calls) = reporting(Faults::default().reset_after_reading(1));
        here.write(b"full").unwrap();
        let writer = Arc::clone(&here);
        let writer = thread::spawn(move || writer.write(b"more"));
        assert_eq!((calls.recv(), calls.recv()), (Ok("write"), Ok("write")));
        there.write(b"xyz").unwrap();
        assert_eq!(read(&*here), b"x");
        assert_eq!(kind(writer.join().unwrap()), ErrorKind::ConnectionReset);
    });
}

#[test]
fn an_end_too_early_is_an_end_of_reading_only() {
    let (there, here) = faulty(split([2, 2, 2]).end_after(3).reset_after_reading(4));
    there.write(b"abcdef").unwrap();
    for piece in [&b"ab"[..], b"c", b"", b""] {
        assert_eq!(read(&*here), piece);
    }
    assert_eq!(try_read(&*here).unwrap(), b"");
    assert_eq!(here.write(b"still").unwrap(), 5);
    assert_eq!(read(&there), b"still");
}

fn is_reset(stream: &dyn Stream) {
    for _ in 0..2 {
        assert_eq!(kind(stream.read(&mut [0; 8])), ErrorKind::ConnectionReset);
        assert_eq!(
            kind(stream.try_read(&mut [0; 8])),
            ErrorKind::ConnectionReset
        );
        assert_eq!(kind(stream.write(b"x")), ErrorKind::ConnectionReset);
    }
}
