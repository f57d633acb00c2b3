use super::*;
use std::os::unix::net::UnixStream;

#[test]
fn row_s01_100_and_200_bytes_arrive_as_50_and_250() {
    within(PATIENCE, || {
        let memory = pipe();
        let kernel = UnixStream::pair().unwrap();
        let kernel = (Unix::from(kernel.0), Unix::from(kernel.1));
        let pairs: [(Arc<dyn Stream>, Arc<dyn Stream>); 2] = [
            (Arc::new(memory.0), Arc::new(memory.1)),
            (Arc::new(kernel.0), Arc::new(kernel.1)),
        ];
        for (here, there) in pairs {
            let there = Arc::new(patient_faulty(there, split([50, 250])));
            let reader = Arc::clone(&there);
            let reader = thread::spawn(move || (read(&*reader), read(&*reader)));
            here.write_all(&[b'a'; 100]).unwrap();
            here.write_all(&[b'b'; 200]).unwrap();
            let (first, second) = reader.join().unwrap();
            assert_eq!(first, [b'a'; 50]);
            assert_eq!(second, [&[b'a'; 50][..], &[b'b'; 200]].concat());
            here.write(b"as they come").unwrap();
            assert_eq!(read(&*there), b"as they come");
        }
    });
}

#[test]
fn byte_by_byte_to_the_end() {
    let (there, here) = faulty(Faults::default().split_reads(Splits::from([1]).repeated()));
    there.write(b"abc").unwrap();
    drop(there);
    for byte in [&b"a"[..], b"b", b"c", b"", b""] {
        assert_eq!(read(&*here), byte);
    }
}

#[test]
fn a_reader_with_little_room_never_reaches_into_the_next_piece() {
    let (there, here) = faulty(split([3, 3]));
    there.write(b"abcdefgh").unwrap();
    let mut buf = [0; 2];
    for piece in [&b"ab"[..], b"c", b"de", b"f", b"gh"] {
        let n = here.read(&mut buf).unwrap();
        assert_eq!(&buf[..n], piece);
    }
}

#[test]
fn what_is_left_at_the_end_is_a_smaller_piece() {
    let (there, here) = faulty(split([8]));
    there.write(b"abc").unwrap();
    there.shutdown(Shutdown::Write).unwrap();
    assert_eq!(read(&*here), b"abc");
    assert_eq!(read(&*here), b"");
    assert_eq!(here.write(b"still open").unwrap(), 10);
}

#[test]
fn an_error_comes_behind_the_bytes_before_it() {
    let (there, below) = faulty(Faults::default().reset_after_reading(3));
    let here = patient_faulty(below, split([2, 8]));
    there.write(b"abcdef").unwrap();
    assert_eq!(read(&here), b"ab");
    assert_eq!(read(&here), b"c");
    assert_eq!(kind(here.read(&mut [0; 8])), ErrorKind::ConnectionReset);
}

#[test]
fn both_ways_at_once_every_byte_arrives() {
    within(PATIENCE, || {
        let text: Vec<u8> = (0..100_000_u32).map(|n| n.to_le_bytes()[0]).collect();
        let faults = Faults::default()
            .split_reads(Splits::from([1, 500, 7]).repeated())
            .short_writes(333);
        let (one, other) = pipe_with_capacity(64);
        let ends = [one, other].map(|end| patient_faulty(Arc::new(end), faults.clone()));
        thread::scope(|scope| {
            for end in &ends {
                scope.spawn(|| send(end, &text));
                scope.spawn(|| assert_eq!(read_all(end), text));
            }
        });
    });
}

fn send(stream: &Faulty, text: &[u8]) {
    let stream: &dyn Stream = stream;
    stream.write_all(text).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
}

fn read_all(stream: &dyn Stream) -> Vec<u8> {
    let mut all = Vec::new();
    loop {
        match read(stream) {
            piece if piece.is_empty() => return all,
            piece => all.extend(piece),
        }
    }
}

#[test]
fn try_read_has_whole_pieces_and_keeps_nothing_back() {
    let (there, here) = faulty(split([4, 2]));
    assert_eq!(try_read(&*here), None);
    there.write(b"abc").unwrap();
    assert_eq!(try_read(&*here), None);
    there.write(b"defghi").unwrap();
    let mut buf = [0; 3];
    assert_eq!(here.try_read(&mut buf).unwrap(), Some(3));
    assert_eq!(&buf, b"abc");
    assert_eq!(read(&*here), b"d");
    assert_eq!(try_read(&*here).unwrap(), b"ef");
    assert_eq!(try_read(&*here).unwrap(), b"ghi");
    drop(there);
    assert_eq!(try_read(&*here).unwrap(), b"");
    assert_eq!(here.try_read(&mut []).unwrap(), Some(0));
}

#[test]
fn short_writes_take_the_front() {
    let (there, here) = faulty(Faults::default().short_writes(3));
    let bufs = [b"", &b"ab"[..], b"cdef"].map(IoSlice::new);
    assert_eq!(here.write(b"12345").unwrap(), 3);
    assert_eq!(here.write_vectored(&bufs).unwrap(), 2);
    assert_eq!(here.write_vectored(&bufs[..2]).unwrap(), 2);
    assert_eq!(here.write(b"").unwrap(), 0);
    assert_eq!(read(&there), b"123abab");
    (&*here as &dyn Stream).write_all(b"all of it").unwrap();
    assert_eq!(read(&there), b"all of it");
}

#[test]
fn it_says_what_it_is() {
    let (_there, here) = faulty(Faults::default());
    let stream: Arc<dyn Stream> = here;
    let faulty = stream.as_any().downcast_ref::<Faulty>().unwrap();
    assert!(faulty.below().as_any().is::<Pipe>());
    assert_eq!(stream.local_addr().unwrap(), Addr::Pipe);
    assert_eq!(stream.peer_addr().unwrap(), Addr::Pipe);
}
