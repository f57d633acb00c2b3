//! What a client does again and again, and how it knows that the answer is complete.

use std::io::{Read, Write};
use std::net::TcpStream;

/// Bytes to send, and what must have come before the next step.
pub struct Step {
    send: Vec<u8>,
    /// Bytes that stand once in every answer, at its end.
    ending: Vec<u8>,
    answers: usize,
}

/// One exchange, or a few that are sent together.
pub struct Scenario {
    pub name: &'static str,
    pub requests: usize,
    steps: Vec<Step>,
}

impl Step {
    pub fn new(send: impl Into<Vec<u8>>, ending: impl Into<Vec<u8>>) -> Step {
        Step {
            send: send.into(),
            ending: ending.into(),
            answers: 1,
        }
    }

    /// The same request so many times in one write.
    fn repeat(mut self, times: usize) -> Step {
        self.send = self.send.repeat(times);
        self.answers = times;
        self
    }

    fn run(&self, client: &mut TcpStream, buf: &mut [u8]) {
        client.write_all(&self.send).expect("the server reads");
        let mut end = 0;
        while occurrences(&buf[..end], &self.ending) < self.answers {
            let n = client.read(&mut buf[end..]).expect("an answer in time");
            assert!(n > 0, "ended early: {}", buf[..end].escape_ascii());
            end += n;
        }
        assert!(buf[..end].ends_with(&self.ending));
    }
}

impl Scenario {
    /// Plays it once, on a connection that lives on.
    pub fn run(&self, client: &mut TcpStream, buf: &mut [u8]) {
        for step in &self.steps {
            step.run(client, buf);
        }
    }
}

fn occurrences(bytes: &[u8], what: &[u8]) -> usize {
    bytes.windows(what.len()).filter(|w| *w == what).count()
}

fn request(line: &str, fields: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "{line} HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: steady\r\nAccept: */*\r\n{fields}\r\n"
    );
    [head.as_bytes(), body].concat()
}

/// A handler that allocates once.
pub fn control() -> Scenario {
    Scenario {
        name: "control: a handler that allocates is caught",
        requests: 1,
        steps: vec![Step::new(
            request("GET /control", "", b""),
            "\r\n\r\n/control/control",
        )],
    }
}

/// All that must cost no allocation.
pub fn all() -> Vec<Scenario> {
    let body = [b'b'; 1024];
    let echoed = [b"\r\n\r\n".as_slice(), &body].concat();
    let known = "Content-Length: 1024\r\n";
    let asking = "Content-Length: 1024\r\nExpect: 100-continue\r\n";
    let chunks = [b"400\r\n".as_slice(), &body, b"\r\n"].concat().repeat(4);
    let chunked = [chunks.as_slice(), b"0\r\nX-Trailer: t\r\n\r\n"].concat();
    let coding = "Transfer-Encoding: chunked\r\n";
    let last_chunk = "\r\n0\r\n\r\n";

    let hello = || Step::new(request("GET /", "", b""), "\r\nHello World\n\r\n0\r\n\r\n");
    let length = || Step::new(request("GET /length", "", b""), "\r\n\r\nHello World\n");
    let echo = || Step::new(request("POST /echo", known, &body), echoed.clone());
    let ask = || {
        Step::new(
            request("POST /echo", asking, b""),
            "HTTP/1.1 100 Continue\r\n\r\n",
        )
    };
    let send = || Step::new(body, echoed.clone());
    let upload = || Step::new(request("POST /upload", coding, &chunked), "\r\n\r\n4096\n");
    let stream = || Step::new(request("GET /stream", "", b""), last_chunk);
    let large = || Step::new(request("GET /large", "", b""), last_chunk);
    let gzip = || {
        let accepting = "Accept-Encoding: gzip\r\n";
        Step::new(request("GET /gzip", accepting, b""), last_chunk)
    };

    let all = vec![
        hello(),
        length(),
        echo(),
        ask(),
        send(),
        upload(),
        stream(),
        large(),
    ];
    let scenario = |name, requests, steps| Scenario {
        name,
        requests,
        steps,
    };
    vec![
        scenario("GET, write_head and end: chunked", 1, vec![hello()]),
        scenario("GET, end alone: Content-Length", 1, vec![length()]),
        scenario("POST of 1 KiB, collected and echoed", 1, vec![echo()]),
        scenario("POST of 1 KiB, sent after a 100", 1, vec![ask(), send()]),
        scenario(
            "POST of 4 chunks and a trailer, by fill_buf",
            1,
            vec![upload()],
        ),
        scenario("GET of five pieces, each written", 1, vec![stream()]),
        scenario("GET of 64 KiB, chunked", 1, vec![large()]),
        scenario("GET of 64 KiB in gzip", 1, vec![gzip()]),
        scenario("16 GETs in one write", 16, vec![hello().repeat(16)]),
        scenario("all of these in turn", 7, all),
    ]
}
