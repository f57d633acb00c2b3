//! What strangers may not do with bytes: endless heads, endless chunks, lengths that lie.
//!
//! Each client here sends until the server has had enough. Where a limit did not hold there
//! would be no answer.

use crate::support::{
    Answer, Broken, Client, Log, Reporting, Script, Site, answer, over_pipe, post, watched,
};
use barewire::http::{self, Request, Server, ServerEvents};
use std::io::{BufRead, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread;

fn collecting() -> Server<impl ServerEvents> {
    http::create_server(|mut req: Request<'_>, res| res.end(req.collect()?))
}

/// What stands for "endless": beyond every limit here, and no danger to the machine if one fails.
const ENDLESS: usize = 64 << 20;

/// Sends `head` and then `more` again and again, until there is an answer.
fn pour(server: Server<impl ServerEvents>, head: &str, more: &str) -> Answer {
    let site = Site::new(server.linger_bytes(u64::MAX));
    let mut client = site.client();
    client.send(head);
    let mut sender = Client::over(client.stream().clone());
    let more = more.repeat(1 + 4096 / more.len());
    let answered = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..ENDLESS / more.len() {
                if answered.load(Ordering::Relaxed) || sender.try_send(&more).is_err() {
                    return;
                }
            }
        });
        let answer = client.try_answer();
        answered.store(true, Ordering::Relaxed);
        answer.expect("an answer")
    })
}

#[track_caller]
fn refused(head: &str, more: &str, status: u16) {
    let (head, more) = (head.to_owned(), more.to_owned());
    watched(move || {
        let answer = pour(collecting(), &head, &more);
        assert_eq!(answer.status, status, "{}", answer.text());
        assert!(answer.says_close());
    });
}

const CHUNKED: &str = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";

#[test]
fn limit_of_an_endless_start_line() {
    refused("GET /", "x", 414);
}

#[test]
fn limit_of_an_endless_method() {
    refused("", "X", 414);
}

#[test]
fn limit_of_an_endless_field_value() {
    refused("GET / HTTP/1.1\r\nHost: a\r\nX: ", "x", 431);
}

#[test]
fn limit_of_an_endless_field_name() {
    refused("GET / HTTP/1.1\r\nHost: a\r\n", "x", 431);
}

#[test]
fn limit_of_endless_fields() {
    refused("GET / HTTP/1.1\r\nHost: a\r\n", "X: y\r\n", 431);
}

#[test]
fn limit_of_endless_empty_lines() {
    refused("", "\r\n", 400);
}

#[test]
fn limit_of_an_endless_chunk_extension() {
    refused(&format!("{CHUNKED}1;note="), "x", 413);
}

/// Spread over many small chunks it is as endless.
#[test]
fn limit_of_endless_chunk_extensions() {
    refused(CHUNKED, "1;note=abcdefgh\r\nx\r\n", 413);
}

#[test]
fn limit_of_endless_trailers() {
    refused(&format!("{CHUNKED}0\r\n"), "X: y\r\n", 431);
}

#[test]
fn limit_of_an_endless_trailer() {
    refused(&format!("{CHUNKED}0\r\nX: "), "x", 431);
}

#[test]
fn limit_of_an_endless_collected_body() {
    refused(CHUNKED, "5\r\nhello\r\n", 413);
}

/// One byte for each chunk is as good as any other: bytes are counted, not chunks.
#[test]
fn limit_of_a_collected_body_counts_bytes() {
    let server = collecting().collected_body_bytes(10);
    let post = |length: usize| {
        let body = "x".repeat(length);
        format!("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n{body}")
    };
    let chunks = |length: usize| format!("{CHUNKED}{}0\r\n\r\n", "1\r\nx\r\n".repeat(length));
    for (bytes, status) in [
        (post(10), 200),
        (post(11), 413),
        (chunks(10), 200),
        (chunks(11), 413),
    ] {
        assert_eq!(answer(server.answer_to(bytes.as_bytes())).status, status);
    }
}

/// A body that is read as it comes has no limit: what becomes of it is the handler's business.
#[test]
fn limit_of_a_collected_body_is_none_of_a_read_one() {
    let counting = http::create_server(|mut req: Request<'_>, res| -> http::Handled {
        let bytes = std::io::copy(&mut req, &mut std::io::sink())?;
        res.end(bytes.to_string())
    });
    let server = counting.collected_body_bytes(10);
    let chunks = format!(
        "{CHUNKED}{}0\r\n\r\n",
        "3e8\r\n".to_owned() + &"x".repeat(1000) + "\r\n"
    );
    assert_eq!(answer(server.answer_to(chunks.as_bytes())).text(), "1000");
}

/// Two bodies that are being collected share the memory; the one that would exceed it is refused, and the
/// other is not disturbed. What has ended is given back.
#[test]
fn fault_e12_all_collected_bodies_share_a_budget() {
    watched(|| {
        let server = collecting().total_collected_bytes(256 << 10);
        let body = "x".repeat(100 << 10);
        let whole = post("/", &body);
        for _ in 0..3 {
            // Little fits into the pipe: when all but a byte is sent, nearly all is collected.
            over_pipe(&server, 1000, |mut one| {
                one.send(&whole[..whole.len() - 1]);
                let refused = answer(server.answer_to(whole.as_bytes()));
                assert_eq!(refused.status, 503);
                assert!(refused.says_close());
                assert!(refused.text().ends_with("(RFC 9110 §15.6.4)\n"));
                one.send("x");
                assert_eq!(one.answer().text(), body);
            });
            assert_eq!(answer(server.answer_to(whole.as_bytes())).text(), body);
        }
    });
}

/// A body that comes whole with its head lies in the read buffer already: it is never refused.
#[test]
fn fault_e12_a_body_that_came_whole_needs_no_budget() {
    let server = collecting().total_collected_bytes(0);
    let chunked = format!("{CHUNKED}3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n");
    for bytes in [post("/", "hello"), chunked] {
        let whole = answer(server.answer_to(bytes.as_bytes()));
        assert_eq!((whole.status, whole.text()), (200, "hello"));
        // Refused before anything more is read, and before a 100 asks for it.
        let (head, _) = bytes.split_once("\r\n\r\n").expect("a head");
        let refused = server.answer_to(format!("{head}\r\n\r\n").as_bytes());
        assert_eq!(answer(refused).status, 503);
        let asked = format!("{head}\r\nExpect: 100-continue\r\n\r\n");
        assert_eq!(answer(server.answer_to(asked.as_bytes())).status, 503);
    }
}

/// A budget is a server's: a handler that fails, a client that leaves and one that is cut give back
/// what they had.
#[test]
fn fault_e12_a_connection_that_ends_gives_its_part_back() {
    watched(|| {
        let log = Log::default();
        let notes = log.clone();
        let events = Reporting::new(&log, move |mut req: Request<'_>, res| {
            let body = req.collect()?;
            notes.note("collected");
            assert!(body != b"panic".repeat(2000), "on purpose");
            res.end("well")
        });
        let server = http::create_server_with(events).total_collected_bytes(64 << 10);
        let site = Site::new(server);
        let whole = post("/", &"panic".repeat(2000));
        for n in 0..12 {
            let mut client = site.client();
            match n % 3 {
                0 => {
                    client.send(&whole[..whole.len() - 1]);
                    while site.handle.connections() == 0 {
                        thread::yield_now();
                    } // and leaves
                }
                1 => {
                    client.send(&whole[..whole.len() - 1]);
                    client.finish();
                    assert_eq!(client.answer().status, 400);
                }
                _ => {
                    client.send(&whole);
                    assert_eq!(client.answer().status, 500);
                }
            }
            drop(client);
            while site.handle.connections() > 0 {
                thread::yield_now();
            }
        }
        assert_eq!(log.count("collected"), 4);
    });
}

/// The largest length there is: if any memory were set aside for it, none would be left.
#[test]
fn limit_a_declared_length_costs_nothing() {
    let post = format!(
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\nhello",
        u64::MAX
    );
    let chunked = format!("{CHUNKED}ffffffffffffffff\r\nhello");
    let reading = http::create_server(|mut req: Request<'_>, res| -> http::Handled {
        let mut five = [0; 5];
        req.read_exact(&mut five)?;
        res.end(five)
    });
    for bytes in [post, chunked] {
        // Read as it comes, the five bytes are there.
        let read = answer(reading.answer_to(bytes.as_bytes()));
        assert_eq!((read.status, read.text()), (200, "hello"));
        // Collected, it is refused before anything is collected.
        assert_eq!(answer(collecting().answer_to(bytes.as_bytes())).status, 413);
        // And with no limit at all it takes what comes, and then finds that the rest is missing.
        let unlimited = collecting().collected_body_bytes(usize::MAX);
        let truncated = answer(unlimited.answer_to(bytes.as_bytes()));
        assert_eq!(truncated.status, 400, "{}", truncated.text());
    }
}

/// RFC 9112 §7.1: no overflow, whatever the digits say.
#[test]
fn limit_of_the_digits_of_a_chunk_size() {
    for size in [
        "10000000000000000",
        "00000000000000001",
        "fffffffffffffffff",
    ] {
        let bytes = format!("{CHUNKED}{size}\r\nhello");
        assert_eq!(
            answer(collecting().answer_to(bytes.as_bytes())).status,
            400,
            "{size}"
        );
    }
}

/// A head may come byte by byte: it costs what it costs in one piece, and the limits are the same.
#[test]
fn limits_count_bytes_however_they_come() {
    let head = format!(
        "GET / HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n",
        "x".repeat(70_000)
    );
    let script = Arc::new(Script::new(head.as_bytes().chunks(1)));
    collecting().serve(script.clone());
    assert_eq!(answer(script.written()).status, 431);
}

/// If the client reads no responses, the server stops reading requests: its memory stays bounded.
#[test]
fn limit_of_responses_that_the_client_does_not_read() {
    watched(|| {
        let log = Log::default();
        let notes = log.clone();
        let events = Reporting::new(&log, move |_req, res| {
            notes.note("answered");
            res.end(vec![b'x'; 10_000])
        });
        let server = http::create_server_with(events).pending_bytes(20_000);
        over_pipe(&server, 50_000, |mut client| {
            let request = crate::support::request("GET", "/");
            client.send(request.repeat(1000));
            for read in 0..1000 {
                // Room for five in the pipe and seven in our reader; two pending, one at hand.
                let made = log.all().len();
                assert!(made <= read + 15, "{made} made, {read} read");
                assert_eq!(client.answer().body.len(), 10_000);
            }
        });
        assert_eq!(log.count("answered"), 1000);
    });
}

/// The stranger hangs up in the middle of everything: nothing waits for what will not come.
#[test]
fn limit_of_patience_with_what_is_cut_off() {
    watched(|| {
        let whole = format!("{CHUNKED}5\r\nhello\r\n0\r\nX: y\r\n\r\n");
        for end in 1..whole.len() {
            let mut reader =
                crate::support::Reader::of(collecting().answer_to(&whole.as_bytes()[..end]));
            match reader.answer("POST") {
                Ok(answer) => assert_eq!(answer.status, 400, "cut at {end}"),
                Err(Broken::Cut) => panic!("no answer when cut at {end}"),
                Err(wrong) => panic!("{wrong}"),
            }
        }
    });
}

/// How much comes at once is as large as the buffer that it comes into: a fast upload has a large one, until it is slow.
#[test]
fn an_upload_that_becomes_slow_holds_no_large_buffer() {
    const SMALL: usize = 16 << 10;
    const LARGE: usize = 1 << 20;
    watched(|| {
        let (told, pieces) = mpsc::channel();
        let server = http::create_server(move |mut req: Request<'_>, res| -> http::Handled {
            loop {
                let piece = req.fill_buf()?.len();
                req.consume(piece);
                told.send(piece).expect("the test listens");
                if piece == 0 {
                    return res.end("");
                }
            }
        });
        over_pipe(&server, 4 * LARGE, |mut client| {
            client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10000000\r\n\r\n");
            let mut sizes = |bytes: usize| {
                client.send(vec![b'x'; bytes]);
                let (mut sizes, mut left) = (Vec::new(), bytes);
                while left > 0 {
                    sizes.push(pieces.recv().expect("it is read"));
                    left -= sizes[sizes.len() - 1];
                }
                sizes
            };
            assert_eq!(sizes(4 * LARGE).into_iter().max(), Some(LARGE));
            for _ in 1..16 {
                assert_eq!(sizes(1), [1]);
            }
            assert_eq!(sizes(LARGE), [LARGE], "it was not slow for long");
            for _ in 0..16 {
                assert_eq!(sizes(1), [1]);
            }
            assert_eq!(sizes(LARGE)[0], SMALL);
        });
    });
}
