//! S06: messages over a socket, whatever carries it and wherever it is cut; and what is wrong with a stream
//! that has none.

use super::stage::{Up, expect, rest};
use crate::support::{Log, PATIENCE, watched};
use crate::tls::stage;
use barewire::framing::{
    Delimiter, Error, Fixed, Framer, Header16, Message, Misuse, Padding, Prefix,
};
use barewire::net::{
    self, Faults, Faulty, Framed, FramedWriter, Incoming, Pipe, Socket, Stream, pipe,
    pipe_with_capacity,
};
use barewire::tls;
use std::error;
use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

const A_MOMENT: Duration = Duration::from_millis(1);

type Lines = Framed<Delimiter<2>>;

fn lines(stream: impl Stream + 'static) -> Lines {
    Framed::new(Socket::new(Arc::new(stream)), Delimiter::CRLF)
}

/// Lines on one end, bytes on the other.
fn lines_and_peer() -> (Lines, Pipe) {
    let (here, there) = pipe();
    (lines(here), there)
}

/// What is inside of an error of the system's type.
#[track_caller]
fn inner<E: error::Error + Copy + 'static>(error: &io::Error) -> (ErrorKind, E) {
    let inner = error.get_ref().and_then(|it| it.downcast_ref());
    (error.kind(), *inner.expect("an error of the framing"))
}

fn samples() -> Vec<Vec<u8>> {
    let mut samples: Vec<Vec<u8>> =
        vec!["床前明月光".into(), vec![], b"x".to_vec(), b"\n\r".to_vec()];
    samples.extend((0..40).map(|n| vec![b'a' + n as u8 % 26; n * 3]));
    samples
}

/// There and back, with the reads of both sides cut on purpose.
fn echo(framer: impl Framer + Copy + Send + 'static) {
    for splits in ["1,...", "3,1,7,2,...", "500,1,...", "65536,..."] {
        let cut = |end| {
            let faults = Faults::default().split_reads(splits.parse::<net::Splits>().unwrap());
            Socket::new(Arc::new(Faulty::new(Arc::new(end), faults)))
        };
        let (here, there) = pipe();
        let (here, there) = (cut(here), cut(there));
        let server = thread::spawn(move || {
            Framed::new(there, framer).on_message(|writer, message| writer.send(message.to_vec()))
        });
        let (mut reader, writer) = Framed::new(here, framer).split();
        let mut receive = || reader.receive().unwrap().map(|message| message.to_vec());
        if splits == "1,..." {
            for message in samples() {
                writer.send(&message).unwrap();
                assert_eq!(receive(), Some(message));
            }
        }
        for message in samples() {
            writer.send(message).unwrap(); // they stick together
        }
        writer.end().unwrap();
        for message in samples() {
            assert_eq!(receive(), Some(message));
        }
        assert_eq!(receive(), None);
        server.join().unwrap().unwrap();
    }
}

#[test]
fn row_s06_each_framer_over_a_socket_cut_anywhere() {
    watched(|| {
        echo(Fixed::<128>::new(Padding::Strip));
        echo(Delimiter::new(b"\r\n\0"));
        echo(Header16::new());
        echo(Prefix::new());
    });
}

/// The server does not know which stream is below.
#[test]
fn row_s06_over_tcp_unix_and_tls() {
    fn serve(socket: Socket) -> io::Result<()> {
        Framed::new(socket, Delimiter::CRLF).on_message(|writer, line| writer.send(line))
    }
    fn talk(socket: Socket) {
        let mut client = Framed::new(socket, Delimiter::CRLF);
        for message in ["hello", "", "world"] {
            client.send(message).unwrap();
        }
        client.end().unwrap();
        for message in ["hello", "", "world"] {
            assert_eq!(client.receive().unwrap(), Some(message.as_bytes()));
        }
        assert_eq!(client.receive().unwrap(), None);
    }
    watched(|| {
        let name = format!("barewire-framed-{}.sock", std::process::id());
        let path = format!("unix:{}", std::env::temp_dir().join(name).display());
        for address in ["127.0.0.1:0", &path] {
            let up = Up::at(address, net::create_server(serve));
            talk(net::connect(&up.address()).unwrap());
        }
        let server = tls::create_server(&stage::server("server"), serve).unwrap();
        let handle = server.listen("127.0.0.1:0").unwrap();
        talk(tls::connect(&handle.local_addr().to_string(), &stage::client()).unwrap());
        assert_eq!(handle.shutdown(PATIENCE).cut, 0);
    });
}

#[test]
fn row_s06_an_end_inside_a_message_is_an_error() {
    watched(|| {
        let (mut lines, peer) = lines_and_peer();
        peer.write(b"one\r\ntw").unwrap();
        drop(peer);
        assert_eq!(lines.receive().unwrap(), Some(&b"one"[..]));
        for _ in 0..2 {
            let error = lines.receive().unwrap_err();
            let unfinished = Error::Unfinished { got: 2, of: None };
            assert_eq!(inner(&error), (ErrorKind::UnexpectedEof, unfinished));
        }
        let error = lines.receive_within(PATIENCE).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
    });
}

#[test]
fn row_s06_what_is_no_message_blames_the_peer_and_ends_the_stream() {
    watched(|| {
        let (here, there) = pipe();
        let socket = Socket::new(Arc::new(here));
        let mut short = Framed::new(socket, Header16::new().with_limit(4));
        there.write(b"\0\0\0\x04four\0\x01\0\x05fives").unwrap();
        assert_eq!(short.receive().unwrap().unwrap().body, b"four");
        for _ in 0..2 {
            let error = short.receive().unwrap_err();
            let too_long = Error::TooLong {
                length: 5,
                limit: 4,
            };
            assert_eq!(inner(&error), (ErrorKind::InvalidData, too_long));
        }
    });
}

#[test]
fn row_s06_what_cannot_be_framed_blames_the_caller_and_sends_nothing() {
    watched(|| {
        let (lines, peer) = lines_and_peer();
        let error = lines.send("two\r\nlines").unwrap_err();
        let misuse = Misuse::DelimiterInside { at: 3 };
        assert_eq!(inner(&error), (ErrorKind::InvalidInput, misuse));
        lines.send("one line").unwrap();
        lines.end().unwrap();
        let peer = Socket::new(Arc::new(peer));
        assert_eq!(rest(&peer), b"one line\r\n");
    });
}

#[test]
fn row_s06_a_wait_with_a_limit_keeps_what_has_come() {
    watched(|| {
        let (mut lines, peer) = lines_and_peer();
        assert_eq!(lines.receive_within(A_MOMENT).unwrap(), Incoming::Nothing);
        peer.write(b"hel").unwrap();
        assert_eq!(lines.receive_within(A_MOMENT).unwrap(), Incoming::Nothing);
        peer.write(b"lo\r\nworld\r\n").unwrap();
        let hello = Incoming::Came(&b"hello"[..]);
        assert_eq!(lines.receive_within(Duration::MAX).unwrap(), hello);
        let world = Incoming::Came(&b"world"[..]);
        assert_eq!(lines.receive_within(Duration::ZERO).unwrap(), world);
        drop(peer);
        assert_eq!(lines.receive_within(PATIENCE).unwrap(), Incoming::Closed);
        assert_eq!(lines.receive().unwrap(), None);
    });
}

/// The limit is for the whole message: a peer that sends a byte now and then does not extend it.
#[test]
fn row_s06_a_slow_message_does_not_extend_the_limit() {
    watched(|| {
        let (mut lines, peer) = lines_and_peer();
        let is_done = Log::default();
        let stop = is_done.clone();
        let drip = thread::spawn(move || {
            while stop.all().is_empty() {
                peer.write(b".").unwrap();
                thread::sleep(A_MOMENT);
            }
        });
        let limit = Duration::from_millis(50);
        let began = Instant::now();
        assert_eq!(lines.receive_within(limit).unwrap(), Incoming::Nothing);
        assert!(began.elapsed() >= limit);
        is_done.note("done");
        drip.join().unwrap();
    });
}

/// A message of which a part has left cannot be followed by another: the peer would take it for the rest.
#[test]
fn row_s06_after_a_cut_message_nothing_more_is_sent() {
    watched(|| {
        let (here, there) = pipe_with_capacity(4);
        let lines = lines(here);
        lines.socket().set_write_timeout(Some(A_MOMENT)).unwrap();
        let error = lines.send("longer than four").unwrap_err();
        assert!(net::is_timeout(&error));
        expect(&Socket::new(Arc::new(there)), "long");
        let error = lines.writer().send("another").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BrokenPipe);
        assert_eq!(error.to_string(), "a message before this one was cut");
    });
}

#[test]
fn row_s06_messages_of_many_threads_arrive_whole_and_numbered() {
    const EACH: usize = 200;
    watched(|| {
        let (here, there) = pipe_with_capacity(100);
        let mut reader = Framed::new(Socket::new(Arc::new(here)), Header16::new());
        let writer = Framed::new(Socket::new(Arc::new(there)), Header16::new()).writer();
        let send = |writer: &FramedWriter<Header16>, byte: u8| {
            for n in 0..EACH {
                writer.send(vec![byte; n]).unwrap();
            }
        };
        thread::scope(|scope| {
            for byte in [b'a', b'b', b'c'] {
                let writer = writer.clone();
                scope.spawn(move || send(&writer, byte));
            }
            let mut next = [0; 3];
            for serial in 0..3 * EACH {
                let packet = reader.receive().unwrap().unwrap();
                assert_eq!(
                    usize::from(packet.serial),
                    serial,
                    "in the order of their numbers"
                );
                let first = packet.body.first().copied();
                assert!(packet.body.iter().all(|byte| Some(*byte) == first));
                if let Some(byte) = first {
                    let next = &mut next[usize::from(byte - b'a')];
                    *next += 1;
                    assert_eq!(packet.body.len(), *next);
                }
            }
        });
    });
}

/// The limits of the socket hold: here, a peer that does not read.
#[test]
fn row_s06_a_peer_that_does_not_read_is_cut() {
    watched(|| {
        let log = Log::default();
        let server_log = log.clone();
        let server = net::create_server(move |socket| {
            let flood = Framed::new(socket, Delimiter::CRLF);
            let error = loop {
                if let Err(error) = flood.send([b'.'; 60_000]) {
                    break error;
                }
            };
            server_log.note(format!("{:?}", error.kind()));
            Err(error)
        });
        let up = Up::new(server.stall_timeout(Duration::from_millis(50)));
        let _peer = up.peer();
        log.wait_for("ConnectionAborted");
    });
}

#[test]
fn row_s06_an_error_of_the_handler_ends_the_loop() {
    watched(|| {
        let (lines, peer) = lines_and_peer();
        peer.write(b"a\r\nb\r\nc\r\n").unwrap();
        let mut seen = Vec::new();
        let ended = lines.on_message(|_writer, line| {
            seen.push(line.to_vec());
            match line {
                b"b" => Err(io::Error::other("enough")),
                _ => Ok(()),
            }
        });
        assert_eq!(ended.unwrap_err().to_string(), "enough");
        assert_eq!(seen, [b"a", b"b"]);
    });
}
