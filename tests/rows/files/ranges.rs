//! Parts of a file (RFC 9110 §14).

use super::site::{Answer, Site, past};

const SIZE: usize = 10_000;

/// Ten thousand bytes of which no hundred are alike, served in three ways: from memory, from the
/// disk in blocks that are larger than the file, and in small ones.
fn sites() -> [Site; 3] {
    let site = Site::new("ranges");
    site.write("ten.bin", ten_thousand());
    site.set_modified("ten.bin", past(883_791_873));
    let on_disk = site.with(|files| files.cache_bytes(0));
    let in_blocks = site.with(|files| files.cache_bytes(0).high_water_mark_bytes(77));
    super::site::until(|| site.get("/ten.bin").status == 200 && site.files.cached_files() == 1);
    [site, on_disk, in_blocks]
}

fn ten_thousand() -> Vec<u8> {
    let numbers = (0..).flat_map(|n: u32| format!("{n};").into_bytes());
    numbers.take(SIZE).collect()
}

/// What the answer says it holds, as `first-last`, each checked against the file.
fn parts(answer: &Answer) -> String {
    let whole = ten_thousand();
    let pieces = match answer.status {
        200 => {
            assert_eq!(answer.body, whole);
            return "200".into();
        }
        416 => {
            assert_eq!(answer.field("Content-Range"), Some("bytes */10000"));
            return "416".into();
        }
        _ => pieces(answer),
    };
    let mut ranges = Vec::new();
    for (content_range, bytes) in pieces {
        let range = content_range.strip_prefix("bytes ").expect("bytes");
        let range = range.strip_suffix("/10000").expect("of ten thousand");
        let (first, last) = range.split_once('-').expect("a range");
        let (first, last): (usize, usize) = (first.parse().unwrap(), last.parse().unwrap());
        assert_eq!(bytes, &whole[first..=last]);
        ranges.push(range.to_owned());
    }
    ranges.join(" ")
}

/// Each `Content-Range` of a 206, and what comes with it.
fn pieces(answer: &Answer) -> Vec<(String, &[u8])> {
    assert_eq!(answer.status, 206);
    let media_type = answer.field("Content-Type").expect("a type");
    match media_type.strip_prefix("multipart/byteranges; boundary=") {
        Some(boundary) => multipart(answer, boundary),
        None => {
            let range = answer.field("Content-Range").expect("a range");
            vec![(range.to_owned(), &answer.body)]
        }
    }
}

/// Takes a multipart body apart by its boundary alone, as a client does.
fn multipart<'a>(answer: &'a Answer, boundary: &str) -> Vec<(String, &'a [u8])> {
    assert_eq!(answer.field("Content-Range"), None);
    let end = format!("\r\n--{boundary}--\r\n");
    let mut rest = answer.body.strip_suffix(end.as_bytes()).expect("an end");
    let mut pieces = Vec::new();
    let mut open = format!("--{boundary}\r\n");
    while !rest.is_empty() {
        rest = rest.strip_prefix(open.as_bytes()).expect("a boundary");
        open = format!("\r\n--{boundary}\r\n");
        let next = find(rest, open.as_bytes()).unwrap_or(rest.len());
        let (part, after) = rest.split_at(next);
        let (head, bytes) = part.split_at(find(part, b"\r\n\r\n").expect("fields") + 4);
        let head = std::str::from_utf8(head).expect("fields in UTF-8");
        let fields = "Content-Type: application/octet-stream\r\nContent-Range: ";
        let range = head.strip_prefix(fields).expect("both fields");
        pieces.push((range.trim_end().to_owned(), bytes));
        rest = after;
    }
    pieces
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

/// A `Range`, and what comes of it.
const TABLE: &str = "\
bytes=0-499 => 0-499
bytes=500-999 => 500-999
bytes=-500 => 9500-9999
bytes=9500- => 9500-9999
bytes=0-0,-1 => 0-0 9999-9999
bytes= 0-0, -1 => 0-0 9999-9999
bytes= 0-999, 4500-5499, -1000 => 0-999 4500-5499 9000-9999
bytes=500-600,601-999 => 500-999
bytes=500-700,601-999 => 500-999

bytes=0- => 0-9999
bytes=-20000 => 0-9999
bytes=9999-99999999999999999999 => 9999-9999
bytes=700-799,0-99 => 700-799 0-99
bytes=5-5,20000- => 5-5
bytes=10000- => 416
bytes=-0 => 416
bytes=20000-,30000- => 416

bytes=5-4 => 200
bytes=a-b => 200
bytes=1-2-3 => 200
lines=0-1 => 200
bytes=0-1, x => 200
bytes=0-,0-,0-,0- => 200";

/// RFC 9110 §14.1.2, all of its examples, and the edges around them.
#[test]
fn row_h12_every_example_of_the_rfc() {
    for site in sites() {
        for line in TABLE.lines().filter(|line| !line.is_empty()) {
            let (range, expected) = line.split_once(" => ").expect("a row");
            let range = format!("Range: {range}");
            let answer = site.ask("GET", "/ten.bin", &[&range]);
            assert_eq!(parts(&answer), expected, "{line}");
        }
    }
}

#[test]
fn row_h12_no_boundary_comes_twice() {
    let [site, ..] = sites();
    let types = [(); 2].map(|()| {
        let answer = site.ask("GET", "/ten.bin", &["Range: bytes=0-0,2-2"]);
        answer.field("Content-Type").map(str::to_owned)
    });
    assert_ne!(types[0], types[1]);
}

#[test]
fn row_h12_two_range_fields_are_none() {
    let [site, ..] = sites();
    let answer = site.ask("GET", "/ten.bin", &["Range: bytes=0-1", "Range: bytes=2-3"]);
    assert_eq!(parts(&answer), "200");
}

/// RFC 9110 §14.2: ranges are for GET.
#[test]
fn row_h12_head_knows_no_ranges() {
    for site in sites() {
        for range in ["Range: bytes=0-1", "Range: bytes=20000-"] {
            let answer = site.ask("HEAD", "/ten.bin", &[range]);
            assert_eq!(answer.status, 200);
            assert_eq!(answer.field("Content-Length"), Some("10000"));
            assert_eq!(answer.field("Content-Range"), None);
        }
    }
}

/// RFC 9110 §13.1.5: a part of the same state, or else the whole of the new one.
#[test]
fn row_h12_if_range() {
    let [site, ..] = sites();
    let tag = site
        .get("/ten.bin")
        .field("ETag")
        .expect("a tag")
        .to_owned();
    for (condition, expected) in [
        (tag.as_str(), "0-1"),
        ("Sat, 03 Jan 1998 01:44:33 GMT", "0-1"),
        ("\"another\"", "200"),
        (&format!("W/{tag}"), "200"),
        ("Sat, 03 Jan 1998 01:44:34 GMT", "200"),
        ("Sat, 03 Jan 1998 01:44:32 GMT", "200"),
        ("yesterday", "200"),
    ] {
        let condition = format!("If-Range: {condition}");
        let answer = site.ask("GET", "/ten.bin", &["Range: bytes=0-1", &condition]);
        assert_eq!(parts(&answer), expected, "{condition}");
        let past_the_end = site.ask("GET", "/ten.bin", &["Range: bytes=20000-", &condition]);
        let expected = if expected == "200" { "200" } else { "416" };
        assert_eq!(parts(&past_the_end), expected, "{condition}");
        let without = site.ask("GET", "/ten.bin", &[&condition]);
        assert_eq!(parts(&without), "200");
    }
}

/// RFC 9110 §15.3.7: a 206 has the fields of the 200.
#[test]
fn row_h12_the_fields_of_a_206() {
    let [site, ..] = sites();
    let whole = site.get("/ten.bin");
    let one = site.ask("GET", "/ten.bin", &["Range: bytes=0-1"]);
    for name in ["ETag", "Last-Modified", "Content-Type", "Accept-Ranges"] {
        assert_eq!(one.field(name), whole.field(name), "{name}");
    }
    assert_eq!(one.field("Content-Length"), Some("2"));
}
