//! S07: where a stream needs no framing, because its end is the end of the message.
//!
//! (The third case, UDP, is in the chapter on datagrams: there each send is a message.)

use super::stage::{Up, rest};
use crate::support::{Log, watched};
use barewire::net;
use std::fs::File;
use std::io;

/// One message for each connection: the FIN ends it, in however many pieces it came.
#[test]
fn row_s07_one_message_a_connection() {
    watched(|| {
        let log = Log::default();
        let server_log = log.clone();
        let up = Up::new(net::create_server(move |socket| {
            server_log.note(String::from_utf8(rest(&socket)).unwrap());
            socket.write_all("ok")
        }));
        for pieces in [
            &["whole"][..],
            &["in", " ", "pieces"],
            &["一", "二", "三"],
            &[""],
        ] {
            let client = net::connect(&up.address()).unwrap();
            for piece in pieces {
                client.write_all(piece).unwrap();
            }
            client.end().unwrap();
            assert_eq!(rest(&client), b"ok");
        }
        assert_eq!(log.all(), ["whole", "in pieces", "一二三", ""]);
    });
}

/// A file is bytes: where it was cut on its way does not matter.
#[test]
fn row_s07_a_file_through_pipe() {
    watched(|| {
        let bytes: Vec<u8> = (0..3_000_001_u32)
            .map(|i| (i.wrapping_mul(i) >> 7) as u8)
            .collect();
        let path = std::env::temp_dir().join(format!("barewire-net-{}.file", std::process::id()));
        std::fs::write(&path, &bytes).unwrap();
        let up = Up::new(net::create_server(|socket| socket.pipe(&socket).map(drop)));
        let client = net::connect(&up.address()).unwrap();
        let sender = client.clone();
        let file = path.clone();
        let sending = std::thread::spawn(move || -> io::Result<u64> {
            let sent = io::copy(&mut File::open(file)?, &mut &sender)?;
            sender.end().map(|()| sent)
        });
        assert!(rest(&client) == bytes);
        assert_eq!(sending.join().unwrap().unwrap(), bytes.len() as u64);
        std::fs::remove_file(path).unwrap();
    });
}
