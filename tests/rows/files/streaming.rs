//! Large files: through one block, whatever happens to the file meanwhile.

use super::site::{Site, request, watched};
use barewire::net::{Pipe, Stream, pipe_with_capacity};
use std::fs::{self, File};
use std::io::Write;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

const MIB: u64 = 1024 * 1024;
const BLOCK: u64 = 4 * 1024;

/// An answer that is under way: the head has been read, the body waits.
struct UnderWay {
    client: Pipe,
    serving: JoinHandle<()>,
    length: u64,
}

impl UnderWay {
    /// Of a file of one MiB, in small blocks, over a connection that holds few of them.
    fn new(site: &Site, fields: &[&str]) -> UnderWay {
        site.write("file.bin", vec![b'a'; MIB as usize]);
        let site = site.with(|files| files.high_water_mark_bytes(BLOCK as usize));
        let (client, server) = pipe_with_capacity(BLOCK as usize);
        let serving = thread::spawn(move || site.server().serve(Arc::new(server)));
        let get = request("GET", "/file.bin", fields);
        client.write(get.as_bytes()).expect("a request");
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            assert_eq!(client.read(&mut byte).expect("a head"), 1);
            head.push(byte[0]);
        }
        let head = String::from_utf8(head).expect("a head");
        let (_, length) = head.split_once("\r\nContent-Length: ").expect("a length");
        let (length, _) = length.split_once("\r\n").expect("its end");
        let length = length.parse().expect("a number");
        UnderWay {
            client,
            serving,
            length,
        }
    }

    /// The rest of the body, until the connection ends or the body does.
    fn body(self) -> Vec<u8> {
        let mut body = Vec::new();
        let mut buffer = [0; 8192];
        while (body.len() as u64) < self.length {
            match self.client.read(&mut buffer) {
                Ok(n @ 1..) => body.extend_from_slice(&buffer[..n]),
                _ => break,
            }
        }
        drop(self.client);
        self.serving.join().expect("the server lives on");
        body
    }
}

/// Never a broken wire: nothing is made up for the bytes that are gone. It shows too that the
/// file was not in memory.
#[test]
fn row_h12_a_file_that_shrinks_cuts_the_connection() {
    watched(|| {
        let site = Site::new("shrinks");
        let answer = UnderWay::new(&site, &[]);
        let file = File::options().write(true).open(site.path("file.bin"));
        file.expect("the file")
            .set_len(MIB / 2)
            .expect("half of it");
        let body = answer.body();
        assert_eq!(body.len() as u64, MIB / 2);
        assert!(body.iter().all(|&byte| byte == b'a'));
    });
}

/// No boundary takes the place of the bytes that are gone.
#[test]
fn row_h12_parts_of_a_file_that_shrinks_are_cut_too() {
    watched(|| {
        let site = Site::new("parts");
        let answer = UnderWay::new(&site, &["Range: bytes=0-599999,700000-"]);
        let file = File::options().write(true).open(site.path("file.bin"));
        file.expect("the file").set_len(500_000).expect("less");
        let body = answer.body();
        let first = body.windows(4).position(|four| four == b"\r\n\r\n");
        let part = &body[first.expect("the fields of a part") + 4..];
        assert!(!part.is_empty() && part.len() <= 500_000);
        assert!(part.iter().all(|&byte| byte == b'a'));
    });
}

/// What was declared is sent, and the rest with the next answer.
#[test]
fn row_h12_a_file_that_grows_is_sent_as_declared() {
    watched(|| {
        let site = Site::new("grows");
        let answer = UnderWay::new(&site, &[]);
        let file = File::options().append(true).open(site.path("file.bin"));
        file.expect("the file")
            .write_all(&[b'b'; 4096])
            .expect("more");
        let body = answer.body();
        assert_eq!(body.len() as u64, MIB);
        assert!(body.iter().all(|&byte| byte == b'a'));
        assert_eq!(site.get("/file.bin").body.len() as u64, MIB + 4096);
    });
}

/// Who replaces a file by another of its name disturbs no answer that is under way.
#[test]
fn row_h12_a_file_that_is_replaced_is_sent_as_it_was() {
    watched(|| {
        let site = Site::new("replaced");
        let answer = UnderWay::new(&site, &[]);
        site.write("new", vec![b'b'; 100]);
        fs::rename(site.path("new"), site.path("file.bin")).expect("another file");
        let body = answer.body();
        assert_eq!(body.len() as u64, MIB);
        assert!(body.iter().all(|&byte| byte == b'a'));
        assert_eq!(site.get("/file.bin").body, [b'b'; 100]);
    });
}

/// The last piece leaves with the head, and an answer behind it finds its place.
#[test]
fn row_h12_pipelined_answers_from_memory_and_from_the_disk() {
    let site = Site::new("pipelined").with(|files| files.high_water_mark_bytes(10));
    site.write("a.txt", "a".repeat(25));
    site.write("b.txt", "b".repeat(10));
    let bytes = ["/a.txt", "/b.txt", "/a.txt", "/missing", "/b.txt"]
        .map(|path| request("GET", path, &[]))
        .concat();
    let answers = site.server().answer_to(bytes.as_bytes());
    let answers = String::from_utf8(answers).expect("text");
    let bodies = answers.split("HTTP/1.1 ").skip(1).map(|answer| {
        let (_, body) = answer.split_once("\r\n\r\n").expect("a body");
        body.chars().next().map(|first| (first, body.len()))
    });
    let bodies: Vec<_> = bodies.flatten().collect();
    assert_eq!(bodies[..3], [('a', 25), ('b', 10), ('a', 25)]);
    assert_eq!(bodies[4], ('b', 10));
}
