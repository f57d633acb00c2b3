//! The formats, read back as their documentation says, and a reader that reads nothing.

use super::*;
use barewire::http::{Handled, create_server};
use std::sync::mpsc::{Receiver, channel};

const PATIENCE: Duration = Duration::from_secs(30);

/// The lines for these bytes.
fn lines(format: Format, bytes: &[u8]) -> Vec<String> {
    let log = Arc::new(Mutex::new(String::new()));
    let lines = Arc::clone(&log);
    let server = create_server(|_req, res| -> Handled { res.end("hello world\n") })
        .on_finish(move |summary| format.write(&mut lines.lock().unwrap(), summary).unwrap());
    server.answer_to(bytes);
    log.lock().unwrap().lines().map(str::to_owned).collect()
}

/// The fields of a line of the Common or the Combined Log Format, unescaped: words, `[…]` and `"…"`.
fn fields(line: &str) -> Vec<Vec<u8>> {
    let (mut fields, mut bytes) = (Vec::new(), line.bytes().peekable());
    while let Some(first) = bytes.next() {
        let end = match first {
            b'[' => b']',
            b'"' => b'"',
            _ => b' ',
        };
        let mut field = if end == b' ' { vec![first] } else { Vec::new() };
        while let Some(byte) = bytes.next_if(|byte| *byte != end) {
            let escaped = (byte == b'\\').then(|| bytes.next().expect("an escaped byte"));
            let mut hex = || char::from(bytes.next().unwrap()).to_digit(16).unwrap() as u8;
            field.push(match escaped {
                None => byte,
                Some(b'x') => hex() * 16 + hex(),
                Some(b't') => b'\t',
                Some(other) => other,
            });
        }
        if end != b' ' {
            assert_eq!(bytes.next(), Some(end), "{line}");
        }
        assert!(bytes.next().is_none_or(|blank| blank == b' '), "{line}");
        fields.push(field);
    }
    fields
}

fn text(fields: &[Vec<u8>]) -> Vec<&str> {
    fields
        .iter()
        .map(|field| str::from_utf8(field).unwrap())
        .collect()
}

#[test]
fn a_common_line_has_the_seven_fields_of_the_format() {
    let bytes = b"GET /a?b HTTP/1.1\r\nHost: a\r\n\r\nHEAD / HTTP/1.0\r\n\r\n";
    let lines = lines(Format::Common, bytes);
    let [first, second] = &lines[..] else {
        panic!("{lines:?}");
    };
    let first = fields(first);
    let first = text(&first);
    assert_eq!(first[..3], ["-", "-", "-"]); // a pipe has no address
    let parts: Vec<&str> = first[3].split(['/', ':', ' ']).collect();
    assert_eq!(
        (parts.len(), parts[6], parts[2].len()),
        (7, "+0000", 4),
        "{first:?}"
    );
    assert!("JanFebMarAprMayJunJulAugSepOctNovDec".contains(parts[1]));
    assert_eq!(first[4..], ["GET /a?b HTTP/1.1", "200", "12"]);
    let second = fields(second);
    assert_eq!(text(&second)[4..], ["HEAD / HTTP/1.0", "200", "-"]);
}

#[test]
fn the_time_is_that_of_the_format() {
    let date = Date::of(SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777));
    let parts = (
        date.day(),
        date.month(),
        date.month_number(),
        date.year(),
        date.time(),
    );
    assert_eq!(parts, ("06", "Nov", 11, "1994", "08:49:37"));
}

/// Whatever a client sends, its line is one, and its fields can be taken apart.
#[test]
fn what_a_client_sends_stays_in_its_field() {
    let agent = b"a\" \"b\\x41\t\x80\xff\xe4\xb8\xad";
    let head = b"GET /%22\"\\ HTTP/1.1\r\nHost: a\r\n\r\n";
    assert!(lines(Format::Combined, head).len() <= 1);
    let bytes = [
        &b"GET /a HTTP/1.1\r\nHost: a\r\nReferer: http://b/\"\r\nUser-Agent: "[..],
        agent,
        b"\r\n\r\n",
    ];
    let all = lines(Format::Combined, &bytes.concat());
    let [line] = &all[..] else {
        panic!("{all:?}");
    };
    assert!(
        line.bytes().all(|byte| matches!(byte, b' '..=b'~')),
        "{line}"
    );
    let fields = fields(line);
    assert_eq!(
        (fields.len(), &fields[7][..], &fields[8][..]),
        (9, &b"http://b/\""[..], &agent[..])
    );
    assert!(
        line.ends_with(r#" "http://b/\"" "a\" \"b\\x41\t\x80\xff\xe4\xb8\xad""#),
        "{line}"
    );

    let json = lines(Format::Json, &bytes.concat()).remove(0);
    assert!(
        json.starts_with("{\"time\":\"") && json.ends_with('}'),
        "{json}"
    );
    let user_agent = r#""user_agent":"a\" \"b\\x41\u0009��中","#;
    assert!(json.contains(user_agent), "{json}");
    assert!(
        json.contains(r#""connection":1,"request":1,"method":"GET","target":"/a""#),
        "{json}"
    );
    assert!(json.contains(r#""status":200,"bytes_in":"#), "{json}");
    assert!(
        json.ends_with(r#""end":"complete","refused":null}"#),
        "{json}"
    );
}

#[test]
fn bytes_that_are_no_request_have_a_line_too() {
    let common = lines(Format::Common, b"\x16\x03\x01");
    let fields = fields(&common[0]);
    assert_eq!(text(&fields)[4..6], ["-", "400"]);
    let json = lines(Format::Json, b"GET / HTTP/1.1\r\n\r\n").remove(0);
    assert!(
        json.ends_with(r#""end":"complete","refused":"HostMissing"}"#),
        "{json}"
    );
    assert!(json.contains(r#""version":null"#), "{json}");
}

/// A file whose disk, or a pipe whose reader, waits before each write for a word of the test, or for the test's end.
struct Stopped(Receiver<()>, Arc<Mutex<Vec<u8>>>);

impl Write for Stopped {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let _ = self.0.recv_timeout(PATIENCE);
        self.1.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_reader_that_reads_nothing_costs_lines_and_no_time() {
    let (go, stopped) = channel();
    let written = Arc::new(Mutex::new(Vec::new()));
    let queue = Queue::start(Box::new(Stopped(stopped, Arc::clone(&written)))).unwrap();
    let line = "x".repeat(1023) + "\n";
    let append = || queue.append(|lines| lines.write_str(&line)); // returns, although nothing is read
    append();
    while queue.lock().writing == 0 {
        std::thread::yield_now(); // the first line is being written, and no other is taken until then
    }
    let (fit, lost) = (MOST_BYTES / line.len(), 1000);
    (0..fit + lost).for_each(|_| append());
    assert_eq!(queue.lock().lost, lost as u64);
    assert_eq!(queue.lock().lines.len(), MOST_BYTES);
    drop(go);
    let until = std::time::Instant::now() + PATIENCE;
    while queue.lock().lost > 0 || written.lock().unwrap().len() < (1 + fit) * line.len() {
        assert!(std::time::Instant::now() < until);
        std::thread::sleep(Duration::from_millis(1));
    }
    assert_eq!(written.lock().unwrap().len(), (1 + fit) * line.len());
}

#[test]
fn a_flush_waits_for_the_lines() {
    let (go, held) = channel();
    let written = Arc::new(Mutex::new(Vec::new()));
    let queue = Queue::start(Box::new(Stopped(held, Arc::clone(&written)))).unwrap();
    queue.flush(PATIENCE); // nothing is pending
    queue.append(|line| line.write_str("one\n"));
    go.send(()).unwrap();
    assert_eq!(queue.flush(PATIENCE), 0);
    assert_eq!(*written.lock().unwrap(), b"one\n");
}

/// What is counted as lost is what the reader does not get, but for the piece that is being written.
#[test]
fn a_flush_counts_the_lines_that_it_has_not_waited_for() {
    let (go, held) = channel();
    let written = Arc::new(Mutex::new(Vec::new()));
    let queue = Queue::start(Box::new(Stopped(held, Arc::clone(&written)))).unwrap();
    let line = "x".repeat(1023) + "\n";
    let append = |lines: usize| {
        (0..lines).for_each(|_| queue.append(|pending| pending.write_str(&line)));
    };
    append(1);
    while queue.lock().writing == 0 {
        std::thread::yield_now(); // the first line is being written
    }
    append(9);
    go.send(()).unwrap(); // the first line
    go.send(()).unwrap(); // a piece of four
    while queue.lock().writing != 5 {
        std::thread::yield_now();
    }
    assert_eq!(queue.flush(Duration::from_millis(20)), 5);
    drop(go);
    while Arc::strong_count(&queue) > 1 {
        std::thread::yield_now(); // the thread has not ended
    }
    assert_eq!(written.lock().unwrap().len(), 9 * line.len());
}

#[test]
fn a_piece_has_whole_lines_and_fits_into_a_pipe() {
    let short = "x".repeat(99) + "\n";
    let long = "y".repeat(PIECE_BYTES) + "\n";
    let lines = short.repeat(41) + &long + &short;
    let all: Vec<usize> = pieces(&lines).map(str::len).collect();
    assert_eq!(all, [4000, 100, PIECE_BYTES + 1, 100]);
    assert_eq!(pieces("").count(), 0);
}
