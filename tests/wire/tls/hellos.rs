//! The cases of hellos: the result is the same for bytes in any pieces.

use super::format::{self, Case};
use super::random::Random;
use barewire::tls::wire::{ClientHello, Error, HandshakeDecoder, RecordHeader, Rule, ServerHello};

const KEYS: [&str; 16] = [
    "rfc",
    "from",
    "in",
    "each",
    "random",
    "session",
    "suites",
    "extensions",
    "host",
    "alpn",
    "versions",
    "groups",
    "version",
    "suite",
    "retry",
    "error",
];

/// The length of the message and its fields; or the rule that was broken, and where.
type Outcome = Result<Option<(usize, Fields)>, (Rule, usize)>;
type Fields = Vec<(&'static str, String)>;

#[test]
fn hellos() {
    let cases = format::cases("hellos.txt");
    println!("{} cases", cases.len());
    for case in &cases {
        case.only(&KEYS);
        assert!(case.get("rfc").starts_with("RFC "), "{}", case.place);
        let input = case.input();
        let whole = decode(case, &[&input]);
        match case.error() {
            Some(rule) => {
                let (found, _) = whole.clone().expect_err(&case.place);
                assert_eq!(found, rule, "{}", case.place);
            }
            None => check(case, whole.clone().expect(&case.place)),
        }
        in_every_piece(case, &input, &whole);
    }
}

fn check(case: &Case, outcome: Option<(usize, Fields)>) {
    let (used, fields) = outcome.expect(&case.place);
    assert_eq!(used, case.input().len(), "{}", case.place);
    for (key, value) in fields {
        assert_eq!(case.get(key), value, "{}: {key}", case.place);
    }
}

fn in_every_piece(case: &Case, input: &[u8], whole: &Outcome) {
    let place = &case.place;
    let each: Vec<&[u8]> = (1..=input.len()).map(|end| &input[..end]).collect();
    assert_eq!(&decode(case, &each), whole, "{place}: byte by byte");
    for at in 0..input.len() {
        let cut = decode(case, &[&input[..at], input]);
        assert_eq!(&cut, whole, "{place}: cut at {at}");
        if whole.is_ok() {
            assert_eq!(
                decode(case, &[&input[..at]]),
                Ok(None),
                "{place}: {at} bytes"
            );
        }
    }
    let longer = [input, b"\x16\x03\x03\0\x01\x0b more"].concat();
    if whole.is_ok() {
        assert_eq!(
            &decode(case, &[&longer]),
            whole,
            "{place}: with bytes behind"
        );
        in_other_records(case, input, whole);
    }
}

/// The same message in records of other lengths has the same fields.
fn in_other_records(case: &Case, input: &[u8], whole: &Outcome) {
    let fields = |outcome: &Outcome| {
        outcome
            .clone()
            .map(|outcome| outcome.map(|(_, fields)| fields))
    };
    let mut decoder = HandshakeDecoder::new();
    decoder.decode(input).expect("good").expect("whole");
    let message = decoder.message();
    for length in 1..message.len() {
        let records: Vec<u8> = message.chunks(length).flat_map(record).collect();
        let outcome = decode(case, &[&records]);
        assert_eq!(
            fields(&outcome),
            fields(whole),
            "{}: records of {length}",
            case.place
        );
    }
}

fn record(content: &[u8]) -> Vec<u8> {
    let [high, low] = (content.len() as u16).to_be_bytes();
    [&[22, 3, 3, high, low], content].concat()
}

/// The outcome of decoding after each of these reads.
fn decode(case: &Case, reads: &[&[u8]]) -> Outcome {
    let is_server = case.find("from") == Some("server");
    let mut decoder = HandshakeDecoder::new();
    let mut read = |bytes: &&[u8]| read(&mut decoder, bytes, is_server).transpose();
    let outcome = reads.iter().find_map(&mut read).transpose();
    outcome.map_err(|error| (error.rule(), error.at()))
}

fn read(
    decoder: &mut HandshakeDecoder,
    bytes: &[u8],
    is_server: bool,
) -> Result<Option<(usize, Fields)>, Error> {
    let Some(used) = decoder.decode(bytes)? else {
        return Ok(None);
    };
    let message = decoder.message();
    let fields = match is_server {
        true => server(ServerHello::decode(message)?),
        false => client(ClientHello::decode(message)?),
    };
    Ok(Some((used, fields)))
}

fn client(hello: ClientHello<'_>) -> Fields {
    let alpn = hello
        .alpn()
        .map(|name| String::from_utf8_lossy(name).into());
    vec![
        ("random", hex(hello.random())),
        ("session", hex(hello.session_id())),
        ("suites", numbers(hello.cipher_suites())),
        (
            "extensions",
            numbers(hello.extensions().map(|extension| extension.kind)),
        ),
        ("host", hello.server_name().unwrap_or("-").into()),
        ("alpn", list(alpn)),
        ("versions", numbers(hello.supported_versions())),
        ("groups", numbers(hello.key_share_groups())),
    ]
}

fn server(hello: ServerHello<'_>) -> Fields {
    let retry = if hello.is_hello_retry_request() {
        "yes"
    } else {
        "no"
    };
    vec![
        ("random", hex(hello.random())),
        ("session", hex(hello.session_id())),
        ("version", numbers([hello.version()].into_iter())),
        ("suite", numbers([hello.cipher_suite()].into_iter())),
        (
            "extensions",
            numbers(hello.extensions().map(|extension| extension.kind)),
        ),
        ("retry", retry.into()),
    ]
}

fn hex(bytes: &[u8]) -> String {
    let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    if digits.is_empty() {
        "-".into()
    } else {
        digits
    }
}

fn numbers(numbers: impl Iterator<Item = u16>) -> String {
    list(numbers.map(|number| format!("{number:04x}")))
}

fn list(words: impl Iterator<Item = String>) -> String {
    let words: Vec<String> = words.collect();
    if words.is_empty() {
        "-".into()
    } else {
        words.join(" ")
    }
}

/// No bytes make the decoder panic, and it never consumes more than there are.
#[test]
fn changed_bytes_never_panic() {
    let mut random = Random(0x5eed_7151);
    for case in format::cases("hellos.txt")
        .iter()
        .filter(|case| case.error().is_none())
    {
        let good = case.input();
        for round in 0..500 {
            let mut input = good.clone();
            for _ in 0..=random.below(4) {
                let at = random.below(input.len());
                input[at] = random.below(256) as u8;
            }
            if let Ok(Some((used, _))) = decode(case, &[&input]) {
                assert!(used <= input.len(), "{} {round}", case.place);
            }
        }
    }
}

/// A declared length allocates nothing: memory grows with the bytes that have come.
#[test]
fn a_message_that_does_not_come_takes_no_memory() {
    let mut decoder = HandshakeDecoder::new();
    let long = [0x16, 3, 1, 0x40, 0, 1, 0, 0xff, 0xfc];
    assert_eq!(decoder.decode(&long), Ok(None));
    assert_eq!(decoder.message().len(), long.len() - RecordHeader::LENGTH);
}
