//! Rows N01, N02, N03 and N07.

use crate::place::Place;
use crate::stage::{Ended, Running, printed, refuses, run};
use crate::support::{PATIENCE, watched};
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

const GREETING: &str = "欢迎光临《深入浅出Node.js》示例：\n";

/// What the book's client prints, talking with the book's server.
const CLIENT: &str = "\
client connected
欢迎光临《深入浅出Node.js》示例：
你好
client disconnected
";

/// What the book's server prints, with one client.
const SERVER: &str = "\
server bound
连接断开
";

fn server(args: &[&str]) -> Running {
    Running::start("tcp_echo", &[&["server"], args].concat())
}

fn peer(address: &str) -> TcpStream {
    let peer = TcpStream::connect(address).expect("a server");
    peer.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    peer
}

#[track_caller]
fn expect(mut peer: &TcpStream, text: &str) {
    let mut got = vec![0; text.len()];
    peer.read_exact(&mut got).expect("bytes");
    assert_eq!(String::from_utf8_lossy(&got), text);
}

#[track_caller]
fn expect_end(mut peer: &TcpStream) {
    assert_eq!(peer.read(&mut [0; 1]).expect("a FIN"), 0);
}

#[test]
fn row_n01_n03_the_books_words() {
    watched(|| {
        let server = server(&["--listen", "127.0.0.1:0"]);
        let client = printed("tcp_echo", &["client", &server.address()]);
        assert_eq!(client, CLIENT);
        assert_eq!(server.stop_after(2), SERVER);
    });
}

#[test]
fn row_n01_every_chunk_is_answered() {
    watched(|| {
        let server = server(&["--listen", "127.0.0.1:0"]);
        let mut peer = peer(&server.address());
        expect(&peer, GREETING);
        for _ in 0..3 {
            peer.write_all(b"hi").expect("a server that reads");
            expect(&peer, "你好");
        }
        peer.shutdown(Shutdown::Write).expect("a connection");
        expect_end(&peer);
        assert_eq!(server.stop_after(2), SERVER);
    });
}

#[test]
fn row_n02_the_same_over_a_unix_socket() {
    watched(|| {
        let place = Place::new("row-n02-same");
        let address = place.address();
        let server = server(&["--listen", &address]);
        assert_eq!(server.address(), address);
        assert_eq!(printed("tcp_echo", &["client", &address]), CLIENT);
        assert_eq!(server.stop_after(2), SERVER);
    });
}

#[test]
fn row_n02_a_stale_file_is_replaced_and_a_live_one_is_not() {
    watched(|| {
        let place = Place::new("row-n02-stale");
        let address = place.address();
        let first = server(&["--listen", &address]);
        first.address();
        drop(first); // killed: its file stays
        assert!(place.path().exists());

        let second = server(&["--listen", &address]);
        second.address();
        let Ended { code, out, err } = run("tcp_echo", &["server", "--listen", &address]);
        assert_eq!((code, out.as_str()), (Some(1), ""));
        assert!(err.contains(&address), "{err}");
        assert_eq!(printed("tcp_echo", &["client", &address]), CLIENT);
        assert_eq!(second.stop_after(2), SERVER);
    });
}

/// A server that sends these pieces: the first at once, the others once our client has ended.
/// The client prints the same however it was cut.
#[track_caller]
fn client_prints(pieces: &[&[u8]], expected: &str) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    let printed = thread::scope(|scope| {
        let client = scope.spawn(|| printed("tcp_echo", &["client", &address]));
        let (mut peer, _) = listener.accept().expect("a client");
        peer.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        expect(&peer, "world!\r\n");
        peer.write_all(pieces[0]).expect("a client that reads");
        expect_end(&peer);
        for piece in &pieces[1..] {
            peer.write_all(piece).expect("a client that still reads");
        }
        drop(peer);
        client.join().expect("a transcript")
    });
    assert_eq!(printed, expected);
}

#[test]
fn row_n03_it_half_closes_at_the_first_data_and_prints_the_rest() {
    watched(|| {
        let answer = "你好".as_bytes();
        client_prints(&[GREETING.as_bytes(), answer], CLIENT);
        client_prints(&[format!("{GREETING}你好").as_bytes()], CLIENT);
        client_prints(&[format!("{GREETING}你好\n").as_bytes()], CLIENT);
        client_prints(
            &["欢迎".as_bytes()],
            "client connected\n欢迎\nclient disconnected\n",
        );
    });
}

#[test]
fn row_n03_no_character_is_cut() {
    watched(|| {
        let all = format!("{GREETING}你好");
        for cut in 3..9 {
            let (head, tail) = all.as_bytes().split_at(cut);
            client_prints(&[head, tail], CLIENT);
        }
    });
}

#[test]
fn row_n03_a_server_that_says_nothing() {
    watched(|| {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let client = thread::spawn(move || printed("tcp_echo", &["client", &address]));
        let (peer, _) = listener.accept().expect("a client");
        expect(&peer, "world!\r\n");
        drop(peer);
        let printed = client.join().expect("a transcript");
        assert_eq!(printed, "client connected\nclient disconnected\n");
    });
}

#[test]
fn row_n07_echo_by_pipe() {
    watched(|| {
        let server = server(&["--listen", "127.0.0.1:0", "--pipe"]);
        let address = server.address();
        let mut peer = peer(&address);
        expect(&peer, "Echo server\r\n");
        for text in ["hi", "你好", "\0\r\n"] {
            peer.write_all(text.as_bytes())
                .expect("a server that reads");
            expect(&peer, text);
        }
        peer.shutdown(Shutdown::Write).expect("a connection");
        expect_end(&peer);

        let client = printed("tcp_echo", &["client", &address]);
        let words = "client connected\nEcho server\r\nworld!\r\nclient disconnected\n";
        assert_eq!(client, words);
        assert_eq!(server.stop_after(1), "server bound\n");
    });
}

#[test]
fn row_n04_a_used_address_and_a_missing_server_are_errors() {
    watched(|| {
        let holder = TcpListener::bind("127.0.0.1:0").expect("a port");
        let used = holder.local_addr().expect("an address").to_string();
        let Ended { code, out, err } = run("tcp_echo", &["server", "--listen", &used]);
        assert_eq!((code, out.as_str()), (Some(1), ""));
        assert!(
            err.starts_with("tcp_echo: ") && err.contains(&used),
            "{err}"
        );
        assert_eq!(err.lines().count(), 1, "{err}");

        let nobody = Place::new("row-n04").address();
        let Ended { code, out, err } = run("tcp_echo", &["client", &nobody]);
        assert_eq!((code, out.as_str()), (Some(1), ""));
        assert!(
            err.starts_with("tcp_echo: ") && err.contains("/echo.sock: "),
            "{err}"
        );
    });
}

#[test]
fn usage() {
    watched(|| {
        for (args, why) in [
            (&[][..], "a command is missing"),
            (&["nothing"], "there is no command \"nothing\""),
            (&["server", "--listen"], "--listen needs a value"),
            (&["server", "8124"], "there is no command \"server 8124\""),
            (&["client", "--pipe"], "--pipe does not apply here"),
            (
                &["client", "a:1", "b:2"],
                "there is no command \"client a:1 b:2\"",
            ),
        ] {
            refuses("tcp_echo", args, why);
        }
        for args in [&["--help"][..], &["server", "-h"], &["client", "--help"]] {
            assert!(printed("tcp_echo", args).starts_with("usage: tcp_echo server "));
        }
    });
}

/// Resets a connection: it is closed with bytes that nobody has read.
fn reset(address: &str) {
    let mut peer = peer(address);
    peer.write_all(b"hi").expect("a server that reads");
    let mut first = [0; 1];
    peer.read_exact(&mut first).expect("its first word");
    assert_eq!(peer.peek(&mut first).expect("more of it"), 1);
}

#[test]
fn fault_b09_peers_that_leave_are_not_on_the_log() {
    watched(|| {
        let framing = ["server", "none", "--listen", "127.0.0.1:0"];
        for (demo, args) in [
            ("tcp_echo", &["server", "--listen", "127.0.0.1:0"][..]),
            ("tcp_echo", &["server", "--pipe", "--listen", "127.0.0.1:0"]),
            ("framing", &framing),
        ] {
            let server = Running::start(demo, args);
            let address = server.address();
            for _ in 0..20 {
                reset(&address);
            }
            // The server has seen what came before.
            let mut last = peer(&address);
            last.write_all(b"hi").expect("a server that reads");
            last.read_exact(&mut [0; 1]).expect("its first word");
            let err = server.err_after(Duration::from_millis(100));
            let other: Vec<&str> = err
                .lines()
                .filter(|line| !line.contains(": listening on ") && !line.starts_with("read "))
                .collect();
            assert!(other.is_empty(), "{demo} {args:?}: {other:?}");
        }
    });
}
