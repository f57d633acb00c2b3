//! The rules of a request head a second time, as simply as possible: all bytes are here, lines are split,
//! nothing is kept between calls. It is slow and easy to check; the decoder must agree with it.

use barewire::http::wire::{Method, Target, grammar};

/// The length of the head at the start of `bytes`; `None` if it breaks a rule.
/// For bytes with an empty line, within all limits.
pub(crate) fn request_head(bytes: &[u8]) -> Option<usize> {
    let empty_lines = bytes.chunks(2).take_while(|pair| pair == b"\r\n").count();
    let start = 2 * empty_lines;
    let rest = (empty_lines <= 4).then_some(&bytes[start..])?;
    let mut lines = Vec::new();
    let mut at = 0;
    loop {
        let line = line(&rest[at..])?;
        at += line.len() + 2;
        if line.is_empty() {
            break;
        }
        lines.push(line);
    }
    let (first, fields) = lines.split_first()?;
    let http10 = start_line(first)?;
    let fields = fields
        .iter()
        .map(|line| field(line))
        .collect::<Option<Vec<_>>>()?;
    (host(&fields, http10) && options(&fields) && framing(&fields, http10) && expectation(&fields))
        .then_some(start + at)
}

/// The bytes up to the first CRLF, without a CR or LF in them.
fn line(bytes: &[u8]) -> Option<&[u8]> {
    let end = bytes
        .iter()
        .position(|byte| matches!(byte, b'\r' | b'\n'))?;
    bytes[end..].starts_with(b"\r\n").then_some(&bytes[..end])
}

/// Whether it is HTTP/1.0.
fn start_line(line: &[u8]) -> Option<bool> {
    let words: Vec<&[u8]> = line.split(|&byte| byte == b' ').collect();
    let [method, target, version] = words[..] else {
        return None;
    };
    let method = Method::new(std::str::from_utf8(method).ok()?)?;
    Target::decode(method, target).ok()?;
    let minor = version.strip_prefix(b"HTTP/1.")?;
    (minor.len() == 1 && minor[0].is_ascii_digit()).then_some(minor == b"0")
}

type Field<'a> = (String, &'a [u8]);

fn field(line: &[u8]) -> Option<Field<'_>> {
    let colon = line.iter().position(|&byte| byte == b':')?;
    let (name, value) = (&line[..colon], &line[colon + 1..]);
    let clean = value
        .iter()
        .all(|&byte| byte == b'\t' || (byte >= b' ' && byte != 0x7f));
    let name = grammar::is_token(name).then(|| String::from_utf8_lossy(name).to_lowercase())?;
    clean.then(|| (name, grammar::trim_ows(value)))
}

fn named<'a>(fields: &[Field<'a>], name: &str) -> Vec<&'a [u8]> {
    fields
        .iter()
        .filter(|(other, _)| other == name)
        .map(|(_, value)| *value)
        .collect()
}

/// The elements of all lines of this name, in lower case.
fn elements(fields: &[Field<'_>], name: &str) -> Vec<Vec<u8>> {
    named(fields, name)
        .into_iter()
        .flat_map(grammar::list)
        .map(|element| element.to_ascii_lowercase())
        .collect()
}

fn host(fields: &[Field<'_>], http10: bool) -> bool {
    match named(fields, "host")[..] {
        [] => http10,
        [host] => host_and_port(host),
        _ => false,
    }
}

/// A registered name or an IP literal, then perhaps a colon and a port.
fn host_and_port(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return false;
    };
    let host_end = match text.find(']') {
        Some(bracket) => bracket + 1,
        None => text.find(':').unwrap_or(text.len()),
    };
    let (host, port) = text.split_at(host_end);
    let number = port.strip_prefix(':');
    let number_is_one = number.is_some_and(|number| {
        let digits = number.bytes().all(|byte| byte.is_ascii_digit()) && number.len() <= 5;
        digits && number.parse::<u32>().unwrap_or(0) <= 65535
    });
    (port.is_empty() || number_is_one) && (is_ip_literal(host) || is_registered_name(host))
}

fn is_ip_literal(host: &str) -> bool {
    let inside = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    let future = |inside: &str| {
        let parts = inside
            .strip_prefix(['v', 'V'])
            .and_then(|rest| rest.split_once('.'));
        parts.is_some_and(|(version, address)| {
            let hex = !version.is_empty() && version.bytes().all(|byte| byte.is_ascii_hexdigit());
            hex && !address.contains('%') && is_registered_name(&address.replace(':', "x"))
        })
    };
    inside.is_some_and(|inside| inside.parse::<std::net::Ipv6Addr>().is_ok() || future(inside))
}

/// Every `%` starts two hex digits; the other bytes are unreserved ones and sub-delims.
fn is_registered_name(host: &str) -> bool {
    let mut parts = host.split('%');
    let plain = |part: &str| {
        part.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=".contains(&byte))
    };
    let first = parts.next().is_some_and(plain);
    let escapes = parts.all(|part| {
        part.len() >= 2 && part.as_bytes()[..2].iter().all(u8::is_ascii_hexdigit) && plain(part)
    });
    !host.is_empty() && first && escapes
}

fn options(fields: &[Field<'_>]) -> bool {
    elements(fields, "connection")
        .iter()
        .all(|option| grammar::is_token(option))
}

/// One length, or the chunked coding, and never both.
fn framing(fields: &[Field<'_>], http10: bool) -> bool {
    let (lengths, codings) = (
        named(fields, "content-length"),
        named(fields, "transfer-encoding"),
    );
    match (lengths.as_slice(), codings.as_slice()) {
        ([], []) => true,
        ([length], []) => {
            let digits = !length.is_empty() && length.iter().all(u8::is_ascii_digit);
            digits && std::str::from_utf8(length).is_ok_and(|digits| digits.parse::<u64>().is_ok())
        }
        ([], _) => !http10 && elements(fields, "transfer-encoding") == [b"chunked"],
        _ => false,
    }
}

fn expectation(fields: &[Field<'_>]) -> bool {
    elements(fields, "expect")
        .iter()
        .all(|expectation| expectation == b"100-continue")
}
