//! Random messages and random damage, the same in every run: the seed is printed.

use super::format::{FieldLines, Kind};
use super::oracle;
use super::reader::{Message, Progress, Reader};
use crate::support::Random;
use barewire::http::wire::{ChunkedDecoder, FieldList, Limits, RequestDecoder, encode_last};

impl Random {
    fn pick<'p, T: ?Sized>(&mut self, from: &[&'p T]) -> &'p T {
        from[self.below(from.len())]
    }

    /// `least..most` bytes from an alphabet.
    fn bytes_of(&mut self, alphabet: &[u8], least: usize, most: usize) -> Vec<u8> {
        let length = least + self.below(most - least);
        (0..length)
            .map(|_| alphabet[self.below(alphabet.len())])
            .collect()
    }

    fn text_of(&mut self, alphabet: &[u8], least: usize, most: usize) -> String {
        String::from_utf8(self.bytes_of(alphabet, least, most)).expect("an ASCII alphabet")
    }
}

const TOKEN: &[u8] = b"!#$%&'*+-.^_`|~09azAZmM";
const PATH: &[u8] = b"/azAZ09-._~!$&'()*+,;=:@/";
const VALUE: &[u8] = b"azAZ09 \t\"\\,;:=()<>@[]{}?/\x80\xc3\xa4\xff";
const BLANK: &[u8] = b" \t";

/// A request of random parts, and its bytes.
pub(crate) fn request(random: &mut Random) -> (Message, Vec<u8>) {
    let mut bytes = b"\r\n".repeat(random.below(5));
    let method = random.text_of(TOKEN, 1, 12);
    let mut target = format!("/{}", random.text_of(PATH, 0, 40));
    if random.one_in(3) {
        target += &format!("%{:02x}", random.below(256));
    }
    if random.one_in(2) {
        target += &format!("?{}", random.text_of(PATH, 0, 40));
    }
    bytes.extend_from_slice(format!("{method} {target} HTTP/1.1\r\n").as_bytes());

    let mut fields: FieldLines = (0..random.below(12))
        .map(|_| {
            (
                format!("X-{}", random.text_of(TOKEN, 0, 20)),
                trimmed(random.bytes_of(VALUE, 0, 90)),
            )
        })
        .collect();
    let at = random.below(fields.len() + 1);
    fields.insert(at, ("Host".to_string(), b"a.example".to_vec()));
    let content = random.bytes_of(b"\r\n05ab;\x00\xff", 0, 300);
    let framing = random.below(3);
    match framing {
        0 => fields.push((
            "Content-Length".to_string(),
            content.len().to_string().into_bytes(),
        )),
        1 => fields.push(("tRANSFER-eNCODING".to_string(), b"Chunked".to_vec())),
        _ => {}
    }
    for (name, value) in &fields {
        let (before, after) = (random.bytes_of(BLANK, 0, 4), random.bytes_of(BLANK, 0, 4));
        bytes.extend([name.as_bytes(), b":", &before, value, &after, b"\r\n"].concat());
    }
    bytes.extend_from_slice(b"\r\n");

    let mut trailers = FieldLines::new();
    match framing {
        0 => bytes.extend_from_slice(&content),
        1 => trailers = chunks(random, &content, &mut bytes),
        _ => {}
    }
    let message = Reader::new(&Kind::Request, Limits::default(), false).receive(&bytes);
    let message = message.unwrap_or_else(|refusal| panic!("{refusal:?}: {}", bytes.escape_ascii()));
    let message = message.unwrap_or_else(|| panic!("not yet: {}", bytes.escape_ascii()));
    let content = if framing == 2 { Vec::new() } else { content };
    let says = (
        &message.method,
        &message.target_str,
        &message.fields,
        &message.content,
        &message.trailers,
    );
    assert_eq!(
        says,
        (&method, &target, &fields, &content, &trailers),
        "{}",
        bytes.escape_ascii()
    );
    (message, bytes)
}

fn trimmed(bytes: Vec<u8>) -> Vec<u8> {
    bytes.trim_ascii().to_vec()
}

/// The content in chunks of random sizes, some with extensions; then the trailers.
fn chunks(random: &mut Random, content: &[u8], out: &mut Vec<u8>) -> FieldLines {
    let mut rest = content;
    while !rest.is_empty() {
        let (chunk, behind) = rest.split_at(1 + random.below(rest.len()));
        let extension = random.pick(&[
            "",
            "",
            ";a",
            ";a=b",
            " ; a = \"b;\\\"\"",
            ";a;b=c;d=\"\"",
            "\t;\ta",
        ]);
        let zeros = "0".repeat(random.below(4));
        out.extend_from_slice(format!("{zeros}{:X}{extension}\r\n", chunk.len()).as_bytes());
        out.extend_from_slice(chunk);
        out.extend_from_slice(b"\r\n");
        rest = behind;
    }
    let mut list = FieldList::new();
    for _ in 0..random.below(4) {
        let (name, value) = (
            format!("T-{}", random.text_of(TOKEN, 0, 9)),
            trimmed(random.bytes_of(VALUE, 0, 30)),
        );
        list.append(name, value).expect("a good field");
    }
    encode_last(&list, out);
    super::reader::lines(list.view())
}

/// The outcome of `bytes` in pieces of random sizes.
fn in_random_pieces(random: &mut Random, kind: &Kind, bytes: &[u8]) -> Progress {
    let most = 1 + random.below(40);
    let mut reader = Reader::new(kind, Limits::default(), random.one_in(2));
    let mut rest = bytes;
    while !rest.is_empty() {
        let (piece, behind) = rest.split_at((1 + random.below(most)).min(rest.len()));
        rest = behind;
        match reader.receive(piece) {
            Ok(None) => {}
            outcome => return outcome,
        }
    }
    Ok(None)
}

#[test]
fn random_requests_decode_the_same_however_they_are_cut() {
    let mut random = Random::new(0x9112);
    for _ in 0..3000 {
        let (message, bytes) = request(&mut random);
        for _ in 0..4 {
            let again = in_random_pieces(&mut random, &Kind::Request, &bytes);
            assert_eq!(again, Ok(Some(message.clone())), "{}", bytes.escape_ascii());
        }
    }
}

/// Changes, adds, removes or doubles some bytes, or replaces them by bytes with a meaning.
pub(crate) fn damage(random: &mut Random, bytes: &mut Vec<u8>) {
    const TELLING: &[&[u8]] = &[
        b"\r",
        b"\n",
        b"\r\n",
        b"\r\n\r\n",
        b" ",
        b"\t",
        b":",
        b";",
        b",",
        b"\0",
        b"\x7f",
        b"\xff",
        b"%",
        b"0",
        b"f",
        b"\r\n ",
        b"Host: a\r\n",
        b"Content-Length: 3\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"chunked",
        b"[",
        b"@",
        b"Connection: close\r\n",
        b"Expect: 100-continue\r\n",
        b"HTTP/1.0",
        b"HTTP/1.1",
        b"\"",
        b"\\",
        b"*",
        b"?",
        b"//",
    ];
    for _ in 0..1 + random.below(3) {
        let at = random.below(bytes.len() + 1);
        let end = (at + random.below(6)).min(bytes.len());
        match random.below(5) {
            0 if at < bytes.len() => bytes[at] = random.next() as u8,
            1 => drop(bytes.drain(at..end)),
            2 => {
                let doubled = bytes[at..end].to_vec();
                bytes.splice(at..at, doubled);
            }
            3 => drop(bytes.splice(at..end, random.pick(TELLING).iter().copied())),
            _ => drop(bytes.splice(at..at, random.pick(TELLING).iter().copied())),
        }
    }
}

/// No damage makes a decoder panic, loop, or decide differently when the bytes are cut differently.
#[test]
fn damaged_cases_decode_the_same_however_they_are_cut() {
    let mut random = Random::new(0x6a09_e667);
    let cases: Vec<_> = super::all_cases()
        .filter(|case| case.input.len() < 1024)
        .collect();
    for _ in 0..60 {
        for case in &cases {
            let mut bytes = case.input.clone();
            damage(&mut random, &mut bytes);
            let whole = Reader::new(&case.kind, Limits::default(), false).receive(&bytes);
            let pieces = in_random_pieces(&mut random, &case.kind, &bytes);
            // If the first pieces hold a complete message, the others belong to the next one.
            assert_eq!(pieces, whole, "{}: {}", case.place, bytes.escape_ascii());
        }
    }
}

/// The decoder and the slow rules accept the same heads, and find the same end.
#[test]
fn the_decoder_agrees_with_the_slow_rules_on_damaged_heads() {
    let mut random = Random::new(0xbb67_ae85);
    let cases: Vec<_> = super::all_cases()
        .filter(|case| matches!(case.kind, Kind::Request))
        .collect();
    let limits = Limits {
        fields: usize::MAX,
        ..Limits::default()
    };
    let (mut good, mut bad) = (0, 0);
    for round in 0..60 {
        for case in cases.iter().filter(|case| case.input.len() < 1024) {
            let mut bytes = case.input.clone();
            if round > 0 {
                damage(&mut random, &mut bytes);
            }
            // So every head is complete.
            bytes.extend_from_slice(b"\r\n\r\n\r\n\r\n");
            let decoded = RequestDecoder::new(limits).decode(&bytes);
            let expected = oracle::request_head(&bytes);
            assert_eq!(
                decoded.ok().flatten(),
                expected,
                "{decoded:?}: {}",
                bytes.escape_ascii()
            );
            *if expected.is_some() {
                &mut good
            } else {
                &mut bad
            } += 1;
        }
    }
    println!("{good} good heads, {bad} bad ones");
    assert!(good > 1000 && bad > 1000);
}

/// A decoder that is used again keeps nothing of the last body.
#[test]
fn one_decoder_reads_body_after_body() {
    let mut random = Random::new(0x3c6e_f372);
    let mut decoder = ChunkedDecoder::new(Limits::default());
    for _ in 0..2000 {
        let content = random.bytes_of(b"\r\n05ab", 0, 60);
        let mut bytes = Vec::new();
        let trailers = chunks(&mut random, &content, &mut bytes);
        let (mut at, mut data) = (0, Vec::new());
        loop {
            let step = decoder
                .decode(&bytes[at..])
                .unwrap_or_else(|error| panic!("{error}: {}", bytes.escape_ascii()));
            at += step.consumed;
            data.extend_from_slice(&bytes[at - step.data..at]);
            if step.ended {
                break;
            }
        }
        let read = super::reader::lines(decoder.trailers());
        assert_eq!(
            (at, data, read),
            (bytes.len(), content, trailers),
            "{}",
            bytes.escape_ascii()
        );
        decoder = decoder.restarted();
        assert!(decoder.trailers().is_empty() && decoder.content_ahead() == 0);
    }
}
