//! The first inputs of each target: the bytes of the cases in `fixtures/`.

use crate::input::written;
use crate::streams;
use crate::written::bytes;
use barewire::text::Encoding;
use std::path::Path;

/// Longer ones would be cut by the engine.
const LONGEST: usize = 2048;

fn file(name: &str) -> String {
    let fixtures = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures");
    let path = Path::new(fixtures).join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The paragraphs of a file, each with its keys and values.
fn paragraphs(text: &str) -> Vec<Vec<(&str, &str)>> {
    let mut all = vec![Vec::new()];
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        match line.split_once(':') {
            Some((key, value)) => all
                .last_mut()
                .expect("never empty")
                .push((key, value.trim())),
            None => all.push(Vec::new()),
        }
    }
    all
}

/// The values of some keys of each case, an `each:` in the place of `{}`.
fn cases(name: &str, keys: &[&str]) -> Vec<Vec<(String, String)>> {
    cases_of(&file(name), keys)
}

fn cases_of(text: &str, keys: &[&str]) -> Vec<Vec<(String, String)>> {
    let mut all = Vec::new();
    for paragraph in paragraphs(text) {
        let mut insets: Vec<&str> = values(&paragraph, "each").collect();
        if insets.is_empty() {
            insets.push("");
        }
        for inset in insets {
            let inside = inset
                .strip_prefix('"')
                .and_then(|quoted| quoted.rsplit_once('"'));
            let plain = inset.split('#').next().unwrap_or_default().trim();
            let inset = inside.map_or(plain, |(inside, _)| inside);
            let wanted = paragraph.iter().filter(|(key, _)| keys.contains(key));
            let put = |(key, value): &(&str, &str)| (key.to_string(), value.replace("{}", inset));
            all.push(wanted.map(put).collect());
        }
    }
    all.retain(|case: &Vec<_>| !case.is_empty());
    all
}

fn values<'p>(paragraph: &'p [(&str, &'p str)], key: &str) -> impl Iterator<Item = &'p str> {
    let lines = paragraph.iter().filter(move |(other, _)| *other == key);
    lines.map(|(_, value)| *value)
}

/// The bytes that the cases of a file put on the wire, under this key and with its star.
fn wire(name: &str, key: &str) -> Vec<Vec<u8>> {
    let starred = format!("{key}*");
    let mut all = Vec::new();
    for case in cases(name, &[key, &starred]) {
        let lines = case.iter().map(|(_, value)| match value.split_once(" \"") {
            Some((times, text)) if times.parse::<usize>().is_ok() => {
                bytes(&format!("{times}*\"{text}"))
            }
            _ => bytes(value),
        });
        all.extend(
            lines
                .collect::<Option<Vec<_>>>()
                .map(|lines| lines.concat()),
        );
    }
    all
}

/// As inputs, with each of these choices.
fn inputs(all: impl IntoIterator<Item = Vec<u8>>, choices: &[u8]) -> Vec<Vec<u8>> {
    let mut all: Vec<Vec<u8>> = all
        .into_iter()
        .filter(|bytes| bytes.len() < LONGEST)
        .collect();
    all.sort();
    all.dedup();
    let with = |bytes: &Vec<u8>| {
        choices
            .iter()
            .map(|choice| written(*choice, bytes))
            .collect()
    };
    all.iter().flat_map::<Vec<_>, _>(with).collect()
}

const HTTP: [&str; 13] = [
    "chunked",
    "connection",
    "content_length",
    "examples_9110",
    "examples_9112",
    "expect",
    "fields",
    "host",
    "request_line",
    "response_body",
    "status_line",
    "target",
    "trailers",
];

fn http() -> Vec<Vec<u8>> {
    let files = HTTP.iter().chain(&["transfer_encoding"]);
    let of = |name: &&str| wire(&format!("http/{name}.txt"), "in");
    files.flat_map(of).collect()
}

/// What stands between requests and responses.
pub(crate) const BETWEEN: &[u8] = b"\0\0\0";

fn starts(bytes: &[u8]) -> bool {
    bytes.starts_with(b"HTTP/")
}

pub(crate) fn requests() -> Vec<Vec<u8>> {
    inputs(http().into_iter().filter(|bytes| !starts(bytes)), &[0, 1])
}

pub(crate) fn answers() -> Vec<Vec<u8>> {
    let ours = http().into_iter().filter(|bytes| starts(bytes));
    let files = ["chunks", "framing", "heads", "interim", "limits"];
    let theirs = files.map(|name| wire(&format!("client/{name}.txt"), "says"));
    inputs(ours.chain(theirs.concat()), &[0, 1, 4])
}

pub(crate) fn frames() -> Vec<Vec<u8>> {
    let files = ["frames", "messages", "close"];
    let files = files.map(|name| wire(&format!("websocket/{name}.txt"), "in"));
    // A server's view and a client's, without a limit; and where compression was agreed on.
    let mut all = inputs(files.concat(), &[0b1100, 0b1101]);
    let compressed = wire("websocket/deflate.txt", "in");
    let agreed = [0b1000_1100, 0b1000_1101, 0b1100_1100, 0b1100_1101];
    all.extend(inputs(compressed, &agreed));
    all
}

/// The sample, changed as each case says.
pub(crate) fn handshakes() -> Vec<Vec<u8>> {
    const SAMPLES: [(&str, &str); 2] = [
        (
            "requests",
            "GET /chat HTTP/1.1\nHost: server.example.com\nUpgrade: websocket\n\
             Connection: Upgrade\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\n\
             Sec-WebSocket-Version: 13",
        ),
        (
            "responses",
            "HTTP/1.1 101 Switching Protocols\nUpgrade: websocket\nConnection: Upgrade\n\
             Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
        ),
    ];
    let mut all = Vec::new();
    for (choice, (name, sample)) in (0..).zip(SAMPLES) {
        let keys = ["line", "without", "with", "rfc"];
        let heads = cases(&format!("websocket/{name}.txt"), &keys);
        let heads = heads.iter().map(|case| head(sample, case));
        all.extend(inputs(heads, &[choice]));
    }
    all
}

fn head(sample: &str, case: &[(String, String)]) -> Vec<u8> {
    let mut lines: Vec<&str> = sample.lines().collect();
    for (key, value) in case {
        match key.as_str() {
            "line" => lines[0] = value,
            "without" => lines.retain(|line| !line.starts_with(&format!("{value}:"))),
            "with" => lines.push(value),
            _ => {}
        }
    }
    (lines.join("\r\n") + "\r\n\r\n").into_bytes()
}

/// The quoted words of the tables of URIs, and each reference behind a base.
pub(crate) fn uris() -> Vec<Vec<u8>> {
    let quoted = |line: &str| {
        let inside = line.split('"').nth(1)?;
        bytes(&format!("\"{inside}\""))
    };
    let (uris, references) = (file("http/uri.txt"), file("http/uri_resolution.txt"));
    let alone = uris.lines().filter_map(quoted);
    let behind = references.lines().filter_map(quoted);
    let behind = behind.map(|reference| [b"http://a/b/c/d;p?q\n", &reference[..]].concat());
    inputs(alone.chain(behind), &[0, 1])
}

pub(crate) fn field_values() -> Vec<Vec<u8>> {
    let all = [
        "Sun, 06 Nov 1994 08:49:37 GMT",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
        "Sat, 31 Dec 2016 23:59:60 GMT",
        "W/\"xyzzy\"",
        "\"a,b\", W/\"\",, \"c\" ,",
        "*",
        "bytes=0-0,-1",
        "bytes=500-600,601-999,2000-",
        "bytes=1-2,4-5,7-8,10-11,13-14,0-0",
        "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==",
        "for=\"[2001:db8:cafe::17]:4711\";proto=https;by=_a, for=192.0.2.43;host=\"a:80\"",
        "Keep-Alive: timeout=5, max=100",
        "Sec-WebSocket-Extensions: foo, bar; baz; level=\"9\"",
        "Host: a\nConnection: close, upgrade\nContent-Length: 5\nX: \u{fc}",
    ];
    inputs(all.map(|value| value.as_bytes().to_vec()), &[0, 5, 10])
}

pub(crate) fn streams() -> Vec<Vec<u8>> {
    let all: [&[u8]; 6] = [
        b"HELLO\r\nHI\r\n\r\nX",
        b"one\ntwo\n\n",
        b"oneaabaatwoaabaaaabaabaa",
        b"\0\0\0\x05HELLO\0\x01\0\0",
        b"\0\x05HELLO\0\0\0\x01X",
        b"\0\0\0\0\0\x05HELLO\0\x01\0\0\0\0",
    ];
    let choices: Vec<u8> = (0..12).collect();
    inputs(all.map(<[u8]>::to_vec), &choices)
}

/// Requests, responses behind them, and frames.
pub(crate) fn conversations() -> Vec<Vec<u8>> {
    let (requests, responses): (Vec<_>, Vec<_>) =
        http().into_iter().partition(|bytes| !starts(bytes));
    let asked = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    let answered = |response: Vec<u8>| [asked, BETWEEN, &response[..]].concat();
    let messages = inputs(
        requests
            .into_iter()
            .chain(responses.into_iter().map(answered)),
        &[0],
    );
    let frames = frames().into_iter().map(|seed| seed[4..].to_vec());
    // Hellos, and a certificate behind each, as in TLS 1.2.
    let digits: String = certificates()[0][4..]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let message = without_brackets(&format!("160303 [2 0b [3 [3 [3 {digits}]]]]"));
    let message = message.as_deref().and_then(bytes).expect("digits");
    let hellos = hellos().into_iter().map(|seed| seed[4..].to_vec());
    let handshakes = hellos.flat_map(|hello| [hello.clone(), [hello, message.clone()].concat()]);
    // One choice for each framing.
    let framed = streams()
        .into_iter()
        .step_by(12)
        .map(|seed| seed[4..].to_vec());
    let framed = inputs(framed, &[3, 8, 13, 23, 43, 63]);
    [
        messages,
        inputs(frames, &[1, 2]),
        inputs(handshakes, &[0, 4]),
        framed,
    ]
    .concat()
}

pub(crate) fn hellos() -> Vec<Vec<u8>> {
    let joined = |case: &Vec<(String, String)>| {
        let lines: Vec<&str> = case.iter().map(|(_, value)| value.as_str()).collect();
        bytes(&without_brackets(&lines.join(" "))?)
    };
    let cases = cases("tls/hellos.txt", &["in"]);
    inputs(cases.iter().filter_map(joined), &[0])
}

/// `[2 …]` is what stands inside, behind its length in two bytes; the innermost first.
fn without_brackets(text: &str) -> Option<String> {
    let mut text = text.to_owned();
    while let Some(open) = text.rfind('[') {
        let close = open + text[open..].find(']')?;
        let (size, inside) = text[open + 1..close].split_at_checked(1)?;
        let (size, content) = (size.parse::<usize>().ok()?, bytes(inside)?);
        let length = content.len().to_be_bytes();
        let all = length[8 - size..].iter().chain(&content);
        let digits: String = all.map(|byte| format!("{byte:02x}")).collect();
        text.replace_range(open..=close, &format!(" {digits} "));
    }
    Some(text)
}

pub(crate) fn certificates() -> Vec<Vec<u8>> {
    let text = file("tls/certificates.txt");
    let paragraphs = paragraphs(&text);
    let names = paragraphs.iter().flat_map(|lines| values(lines, "case"));
    inputs(names.filter_map(certificate), &[0])
}

/// The first one of a PEM file.
fn certificate(name: &str) -> Option<Vec<u8>> {
    let pem = file(&format!("tls/{name}"));
    let (_, begun) = pem.split_once("-----BEGIN CERTIFICATE-----")?;
    let (body, _) = begun.split_once("-----END")?;
    let mut der = Vec::new();
    Encoding::Base64
        .encode(&body.replace('\n', ""), &mut der)
        .ok()?;
    Some(der)
}

pub(crate) fn texts() -> Vec<Vec<u8>> {
    let all: [&[u8]; 8] = [
        "窗前明月光，疑是地上霜".as_bytes(),
        "caf\u{e9} \u{1f600}".as_bytes(),
        b"\xed\xa0\x80 \xf4\x90\x80\x80 \xc0\xaf \xe6\x9c",
        b"\x3d\xd8\x00\xde\x00\xd8a\x00",
        b"Zm9vYmE=",
        b"Zm9vYg==",
        b"00ff7fAB",
        b"plain ASCII",
    ];
    inputs(all.map(<[u8]>::to_vec), &[0])
}

/// Files, and packets, with what their names stand for.
pub(crate) fn captures() -> Vec<Vec<u8>> {
    let of = |name: &str| {
        let mut text = file(name);
        while let Some((before, named)) = text.split_once("\nlet ") {
            let (line, rest) = named.split_once('\n').expect("a line");
            let (name, value) = line.split_once(" = ").expect("a name");
            text = [before, "\n", &rest.replace(&format!("{{{name}}}"), value)].concat();
        }
        let lines = cases_of(&text, &["in"]).into_iter();
        let lines = lines.filter_map(|case| {
            let lines = case.iter().map(|(_, value)| bytes(value));
            Some(lines.collect::<Option<Vec<_>>>()?.concat())
        });
        lines.collect::<Vec<_>>()
    };
    let files = inputs(of("captures/files.txt"), &[0]);
    let packets = inputs(of("captures/link_types.txt"), &[1, 5, 9, 13]);
    let written = inputs(http().into_iter().take(20), &[2]);
    [files, packets, written].concat()
}

/// Compressed streams.
pub(crate) fn compressed() -> Vec<Vec<u8>> {
    of_streams(&["stored.txt", "fixed.txt", "dynamic.txt"], 7)
}

pub(crate) fn gzip_files() -> Vec<Vec<u8>> {
    of_streams(&["gzip.txt"], 0)
}

fn of_streams(files: &[&str], choices: u8) -> Vec<Vec<u8>> {
    let cases = files.iter().flat_map(|file| streams::cases(file));
    let inputs = cases.map(|case| streams::expected(&case).input);
    let short = inputs.filter(|input| input.len() <= LONGEST);
    short.map(|input| written(choices, &input)).collect()
}

/// What can be compressed: the cases themselves.
pub(crate) fn contents() -> Vec<Vec<u8>> {
    let names = ["deflate/fixed.txt", "http/uri.txt"];
    let texts = names.map(|name| file(name).into_bytes());
    // Long ones are made of them by the engine.
    let parts = texts.iter().flat_map(|text| text.chunks(LONGEST / 8));
    (0..)
        .zip(parts)
        .map(|(choices, part)| written(choices, part))
        .collect()
}
