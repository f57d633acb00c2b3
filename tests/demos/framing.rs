//! Rows S01 to S05 and S07.

use crate::stage::{Ended, Running, printed, refuses, run};
use crate::support::{PATIENCE, watched};
use crate::transcript::replays;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};

const MESSAGE: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

#[test]
fn row_s01_messages_stick_and_are_cut() {
    watched(|| replays("none.txt"));
}

#[test]
fn row_s02_fixed_on_show() {
    watched(|| replays("fixed.txt"));
}

#[test]
fn row_s03_delimiter_on_show() {
    watched(|| replays("delimiter.txt"));
}

#[test]
fn row_s04_header_on_show() {
    watched(|| replays("header.txt"));
}

#[test]
fn row_s05_ring_on_show() {
    watched(|| replays("ring.txt"));
}

#[test]
fn row_s07_one_message_a_connection_and_udp() {
    watched(|| replays("anyway.txt"));
}

#[test]
fn row_s07_a_file() {
    watched(|| {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/demos/header.txt");
        let bytes = std::fs::metadata(path).expect("a file").len();
        let out = printed("framing", &["file", path]);
        let (head, reads) = out.split_once(", reads: ").expect(&out);
        let expected = format!(
            "file: no messages in it, only bytes in order\nbytes sent: {bytes}, received: {bytes}"
        );
        assert_eq!(head, expected);
        let reads = reads.strip_suffix("; the same\n").expect(&out);
        assert_ne!(reads.parse(), Ok(0));
    });
}

#[test]
fn all_of_them_one_after_the_other() {
    watched(|| {
        let each = ["none", "fixed", "delimiter", "header", "ring"];
        let each = each.map(|framing| printed("framing", &[framing]));
        assert_eq!(printed("framing", &[]), each.concat());
    });
}

/// The book's server and client in two processes: what both print.
fn session(framing: &str, server_lines: usize) -> (String, String) {
    let server = Running::start("framing", &["server", framing, "--listen", "127.0.0.1:0"]);
    let Ended { code, out, err } = run("framing", &["client", framing, &server.address()]);
    assert_eq!(code, Some(0), "{err}");
    (server.stop_after(server_lines), out)
}

fn eighteen(line: impl Fn(usize) -> String) -> String {
    (0..18).map(line).collect()
}

/// What the client prints of its echoed messages.
fn client(lines: &str) -> String {
    format!("client connected\n{lines}client disconnected\n")
}

#[test]
fn row_s01_the_book_without_framing() {
    watched(|| {
        let (server, out) = session("none", 2);
        assert_eq!(server, "server bound\n连接断开\n");
        // One 你好 for each read of the server: how many there are is what cannot be known.
        let said = out
            .replace("你好", "")
            .replace(" -------客户端data-----\n", "");
        assert_eq!(said, client(""));
        let answers = out.matches("你好").count();
        assert!((1..=18).contains(&answers), "{out}");
    });
}

#[test]
fn row_s02_the_book_with_cells() {
    watched(|| {
        let (server, out) = session("fixed", 2);
        assert_eq!(server, "server bound\n连接断开\n");
        assert_eq!(out, client(&eighteen(|_| format!("{MESSAGE}\n"))));
    });
}

#[test]
fn row_s03_the_book_with_delimiters() {
    watched(|| {
        let (server, out) = session("delimiter", 20);
        let lines = eighteen(|_| format!("{MESSAGE}\n"));
        assert_eq!(server, format!("server bound\n{lines}连接断开\n"));
        assert_eq!(out, client(&lines));
    });
}

#[test]
fn row_s04_the_book_with_headers() {
    watched(|| {
        let (server, out) = session("header", 20);
        let told = |n| format!("{{ serialNum: {n}, bodyLength: 64, body: '{MESSAGE}' }}\n");
        assert_eq!(
            server,
            format!("server bound\n{}连接断开\n", eighteen(told))
        );
        assert_eq!(out, client(&eighteen(|_| format!("{MESSAGE}\n"))));
    });
}

#[test]
fn row_s05_the_book_with_a_ring() {
    watched(|| {
        let server = Running::start("framing", &["server", "ring", "--listen", "127.0.0.1:0"]);
        let address = server.address();
        let Ended { code, out, .. } = run("framing", &["client", "ring", &address]);
        assert_eq!((code, out.as_str()), (Some(0), "disconnect from server\n"));
        let (_, port) = address.rsplit_once(':').expect("a port");
        let lines = eighteen(|_| format!("recv data: {MESSAGE}\n"));
        let all = format!("tcp_server listening on {port}\n{lines}client disconnected\n");
        assert_eq!(server.stop_after(20), all);
    });
}

/// Sends, half-closes, and returns all that arrives.
fn exchange(address: &str, sent: &[u8]) -> Vec<u8> {
    let mut peer = TcpStream::connect(address).expect("a server");
    peer.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    peer.write_all(sent).expect("a server that reads");
    peer.shutdown(Shutdown::Write).expect("a connection");
    let mut got = Vec::new();
    peer.read_to_end(&mut got).expect("a FIN");
    got
}

#[test]
fn row_s04_a_reply_carries_the_number_of_what_it_replies_to() {
    watched(|| {
        let server = Running::start("framing", &["server", "header", "--listen", "127.0.0.1:0"]);
        let sent = b"\xff\xff\x00\x02hi\x00\x07\x00\x00\x00\x00\x00\x01\x1b";
        assert_eq!(exchange(&server.address(), sent), sent);
        let all = "server bound
{ serialNum: 65535, bodyLength: 2, body: 'hi' }
{ serialNum: 7, bodyLength: 0, body: '' }
{ serialNum: 0, bodyLength: 1, body: '\\u{1b}' }
连接断开
";
        assert_eq!(server.stop_after(5), all);
    });
}

#[test]
fn row_s05_a_client_that_leaves_inside_a_message() {
    watched(|| {
        let server = Running::start("framing", &["server", "ring", "--listen", "127.0.0.1:0"]);
        let address = server.address();
        assert_eq!(exchange(&address, b"\x00\x00\x00\x02hi\x00\x05a"), b"");
        let (_, port) = address.rsplit_once(':').expect("a port");
        let all = format!(
            "tcp_server listening on {port}
recv data: 
recv data: hi
error:客户端异常断开: the stream ended inside a message: 3 of its 7 bytes had arrived
client disconnected
"
        );
        assert_eq!(server.stop_after(5), all);
    });
}

#[test]
fn usage() {
    watched(|| {
        for (args, why) in [
            (&["nothing"][..], "there is no framing \"nothing\""),
            (&["--loud"], "there is no option --loud"),
            (&["none", "--split"], "--split needs a value"),
            (
                &["none", "--split", "50,x"],
                "--split \"x\" is no number of bytes",
            ),
            (&["server"], "there is no command \"server\""),
            (&["server", "none", "--listen"], "--listen needs a value"),
            (
                &["server", "none", "8124"],
                "there is no command \"server none 8124\"",
            ),
            (&["client"], "there is no command \"client\""),
            (
                &["client", "none", "a:1", "b:2"],
                "there is no command \"client none a:1 b:2\"",
            ),
            (&["file"], "there is no command \"file\""),
            (&["udp", "fin"], "there is no command \"udp fin\""),
        ] {
            refuses("framing", args, why);
        }
        for args in [
            &["--help"][..],
            &["none", "-h"],
            &["server", "--help"],
            &["client", "--help"],
            &["fin", "--help"],
        ] {
            assert!(printed("framing", args).starts_with("usage: framing "));
        }
    });
}

#[test]
fn an_unreadable_file_is_an_error() {
    watched(|| {
        let Ended { code, err, .. } = run("framing", &["file", "/no/such/file"]);
        assert_eq!(code, Some(1));
        assert!(err.starts_with("framing: /no/such/file: "), "{err}");
    });
}
