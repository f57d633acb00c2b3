//! A head that has come whole is decoded on a shorter way than one that comes in pieces: it must lead to the same end.
//!
//! Byte by byte only the long way is taken, cut in two both are. What is compared is all of a good head, or the rule
//! that is broken and at which byte.

use barewire::http::wire::{Error, Limits, RequestDecoder, ResponseDecoder, Rule};
use barewire::trace::wire::{Conversation, Direction, Label};
use std::time::Duration;

const BROWSER: &[u8] =
    b"POST /wp-content/2010/03/it's_(new)+~x;y@z!$.jpg?a=b&c_d=%c3%A4&e?f HTTP/1.1\r\n\
Host: www.example.com:8080\r\n\
User-Agent: Mozilla/5.0 (Macintosh; U; Intel Mac OS X 10.6)\r\n\
X-Forwarded-For2: 127.0.0.1\r\n\
sec_ch.ua:  \"Chromium\";v=\"130\"\t\r\n\
A:\r\n\
Content-Length: 12\r\n\
Connection:keep-alive\r\n\
Connection: \t \r\n\
connection: TE, close\r\n\
X-Upgrade-Insecure-Requests: 1\r\n\
Cookie: name=\xc3\xa4; \x80\xff some words\tand a tab, and more than one block \r\n\
\r\n";

/// Each is good, and has something that one of the ways looks at.
const REQUESTS: &[&[u8]] = &[
    b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET /a HTTP/1.0\r\n\r\n",
    b"G / HTTP/1.1\r\nHost:\tlocalhost\r\nA:b\r\n\r\n",
    b"CONNECT a.example:80 HTTP/1.1\r\nHost: a\r\n\r\n",
    b"OPTIONS * HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n",
    b"X-METHOD http://a.example/b?c HTTP/1.9\r\nHost: a\r\nUpgrade: x\r\n\r\n",
    b"\r\n\r\nGET /?[ HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET /a[1]|b HTTP/1.1\r\nHost: a\r\n\r\n",
    BROWSER,
];

const RESPONSES: &[&[u8]] = &[
    b"HTTP/1.1 200 OK\r\n\r\n",
    b"HTTP/1.0 200 OK\r\n\r\n",
    b"HTTP/1.1 999 A reason \xc3\xa4 that\tis long and holds a tab \r\n\r\n",
    b"HTTP/1.1 204 \r\nA : b\r\nContent-Type: text/html\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nA: b\r\n \t c\r\nDate: d\r\n\r\n",
];

/// One of each class of bytes, and the neighbours of the ranges that are compared.
const STRANGE: &[u8] = b"\0\x08\t\n\x0b\r\x1f !\"#%&',-./09:;<=?@AZ[\\^_`az{|~\x7f\x80\xad\xba\xff";

/// What a decoder says of a head: all of it, or the rule that is broken, and where.
type End = Result<Option<String>, (Rule, usize)>;

/// The end of the bytes that come in these pieces: what `decode` makes of the first piece that has all.
fn end_of<'p>(
    pieces: impl Iterator<Item = &'p [u8]>,
    decode: impl FnMut(&'p [u8]) -> Result<Option<String>, Error>,
) -> End {
    let first = pieces.map(decode).find_map(Result::transpose);
    first
        .transpose()
        .map_err(|error| (error.rule(), error.at()))
}

/// The same, as the next message of a decoder.
fn request<'p>(decoder: &mut RequestDecoder, pieces: impl Iterator<Item = &'p [u8]>) -> End {
    decoder.restart();
    end_of(pieces, |bytes| {
        let length = decoder.decode(bytes)?;
        Ok(length.map(|length| {
            let head = decoder.head(&bytes[..length]);
            format!(
                "{length} {:?} {:?} {:?}",
                (head.method(), head.target(), head.path(), head.version()),
                (head.fields(), head.body_length(), head.is_persistent()),
                (head.expects_continue(), head.offers_upgrade()),
            )
        }))
    })
}

fn response<'p>(decoder: &mut ResponseDecoder, pieces: impl Iterator<Item = &'p [u8]>) -> End {
    decoder.restart();
    end_of(pieces, |bytes| {
        let length = decoder.decode(bytes)?;
        Ok(length.map(|length| {
            let head = decoder.head(&bytes[..length]);
            format!(
                "{length} {:?} {:?} {:?}",
                (head.status(), head.reason(), head.version()),
                head.fields(),
                head.is_persistent(),
            )
        }))
    })
}

/// Both ways must lead to the same end, which is returned.
fn end(is_request: bool, limits: Limits, bytes: &[u8], cuts: impl Iterator<Item = usize>) -> End {
    let decode = |ends: &mut dyn Iterator<Item = usize>| {
        let pieces = ends.map(|end| &bytes[..end]);
        match is_request {
            true => request(&mut RequestDecoder::new(limits), pieces),
            false => response(&mut ResponseDecoder::new(limits), pieces),
        }
    };
    let long = decode(&mut (0..=bytes.len()));
    for cut in cuts {
        let short = decode(&mut [cut, bytes.len()].into_iter());
        assert_eq!(short, long, "cut at {cut}: {}", bytes.escape_ascii());
    }
    long
}

fn heads() -> impl Iterator<Item = (bool, &'static [u8])> {
    let requests = REQUESTS.iter().map(|head| (true, *head));
    requests.chain(RESPONSES.iter().map(|head| (false, *head)))
}

#[test]
fn both_ways_lead_to_the_same_end_wherever_the_head_is_cut() {
    for (is_request, head) in heads() {
        let followed = [head, b"GET / HTTP/1.1\r\n"].concat();
        let whole = end(is_request, Limits::default(), head, 0..=head.len());
        let is_unencoded = matches!(whole, Err((Rule::TargetUnencoded, _)));
        assert!(matches!(whole, Ok(Some(_))) || is_unencoded, "{whole:?}");
        let again = end(is_request, Limits::default(), &followed, 0..=followed.len());
        if !is_unencoded {
            assert_eq!(again.map(|it| it.is_some()), Ok(true));
        }
    }
}

#[test]
fn both_ways_find_each_strange_byte_at_the_same_place() {
    for (is_request, head) in heads() {
        for at in 0..head.len() {
            for &strange in STRANGE {
                let mut bytes = head.to_vec();
                bytes[at] = strange;
                _ = end(is_request, Limits::default(), &bytes, [0, at].into_iter());
                bytes.insert(at, head[at]);
                _ = end(is_request, Limits::default(), &bytes, [0].into_iter());
            }
        }
    }
}

#[test]
fn both_ways_find_each_limit_at_the_same_place() {
    for (is_request, head) in heads() {
        for most in 0..=head.len() {
            let line = Limits {
                start_line_bytes: most,
                ..Limits::default()
            };
            let section = Limits {
                field_section_bytes: most,
                ..Limits::default()
            };
            let fields = Limits {
                fields: most.min(20),
                ..Limits::default()
            };
            for limits in [line, section, fields] {
                _ = end(is_request, limits, head, [0, head.len() / 2].into_iter());
            }
        }
    }
}

/// Each head follows each other one, which has come whole or with a NUL in it.
fn each_pair<D>(
    heads: &[&[u8]],
    new: impl Fn() -> D,
    decode: impl Fn(&mut D, &mut dyn Iterator<Item = &[u8]>) -> End,
) {
    let whole = |decoder: &mut D, bytes: &[u8]| decode(decoder, &mut [bytes].into_iter());
    let mut used = new();
    for before in heads {
        for at in 0..=before.len() {
            let mut damaged = before.to_vec();
            if let Some(byte) = damaged.get_mut(at) {
                *byte = 0;
            }
            for next in heads {
                let expected = whole(&mut new(), next);
                _ = whole(&mut used, &damaged);
                assert_eq!(whole(&mut used, next), expected);
                _ = whole(&mut used, &damaged);
                let mut pieces = (0..=next.len()).map(|end| &next[..end]);
                assert_eq!(decode(&mut used, &mut pieces), expected);
            }
        }
    }
}

#[test]
fn both_ways_are_those_of_a_new_decoder_behind_any_head() {
    each_pair(
        REQUESTS,
        || RequestDecoder::new(Limits::default()),
        |decoder, pieces| request(decoder, pieces),
    );
    each_pair(
        RESPONSES,
        || ResponseDecoder::new(Limits::default()),
        |decoder, pieces| response(decoder, pieces),
    );
}

/// What the leaves of two heads are, which come one after the other: behind these empty lines.
fn leaves_of_two(empty_lines: &[u8]) -> Vec<(Label, String)> {
    let twice = |head: &[u8]| [empty_lines, head, head].concat();
    let mut conversation = Conversation::new();
    let mut leaves = Vec::new();
    for (from, head) in [
        (Direction::FromClient, REQUESTS[0]),
        (Direction::FromServer, b"HTTP/1.1 204 \r\n\r\n"),
    ] {
        for explained in conversation.receive(from, Duration::ZERO, &twice(head)) {
            let parts = explained.span.leaves();
            leaves.extend(parts.map(|leaf| (leaf.label, leaf.value.clone())));
        }
    }
    leaves.retain(|(label, _)| *label != Label::EmptyLines);
    leaves
}

#[test]
fn the_places_of_a_head_are_its_own_behind_one_with_empty_lines() {
    assert_eq!(leaves_of_two(b"\r\n\r\n"), leaves_of_two(b""));
}

#[test]
fn names_and_values_of_each_length_are_what_was_sent() {
    let (names, values) = ("Na-me".repeat(8), "some value; ".repeat(6));
    for name in (1..=names.len()).map(|length| &names[..length]) {
        for value in (0..=values.len()).map(|length| &values[..length]) {
            let head = format!("GET / HTTP/1.1\r\nHost: a\r\n{name}: {value}\r\n\r\n");
            let mut decoder = RequestDecoder::new(Limits::default());
            assert_eq!(decoder.decode(head.as_bytes()), Ok(Some(head.len())));
            let lines: Vec<_> = decoder.head(head.as_bytes()).fields().iter().collect();
            let sent = (name, value.trim_end().as_bytes());
            assert_eq!(lines, [("Host", &b"a"[..]), sent]);
        }
    }
}
