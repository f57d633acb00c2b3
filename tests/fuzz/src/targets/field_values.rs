//! Values of fields: dates, entity tags, ranges, preconditions, hints and credentials.
//!
//! - A date that is read is written in the one form, and read as the same second.
//! - A tag has one form, and a list of tags has what it was checked for.
//! - A range that is selected lies inside; no two parts touch.
//! - Preconditions are evaluated without a panic, and an absent representation is never "not modified".
//! - Credentials that are read can be written and read again.
//! - What proxies say of a request can be written and read again.
//! - A list of fields is its own encoding: read back, it is the same list.

use crate::input::Input;
use barewire::http::wire::{
    ByteRange, Current, DateError, EntityTag, EntityTags, FieldList, ForwardedElement, HttpDate,
    KeepAlive, Limits, Node, Outcome, Preconditions, Ranges, ResponseDecoder, Selection, basic,
    decode_basic, forwarded_elements, grammar, if_range,
};
use barewire::websocket::wire::extensions;
use std::net::IpAddr;
use std::time::Duration;

/// 7 May 2022, when the book's transcripts were made.
const NOW: u64 = 1_651_887_963;

pub(crate) fn run(input: &Input<'_>) {
    let now = HttpDate::from_unix_seconds(NOW).expect("before 10000");
    let value = input.bytes;
    date(value, now);
    tags(value);
    range(value);
    preconditions(input, now);
    credentials(value);
    forwarded(value);
    field_list(value);
}

fn date(value: &[u8], now: HttpDate) {
    match HttpDate::decode(value, now) {
        Ok(date) => {
            let written = date.to_bytes();
            assert_eq!(HttpDate::decode(&written, now), Ok(date));
            assert_eq!(date.to_string().as_bytes(), written);
            assert!(date <= HttpDate::MAX);
            let leap = value.windows(3).any(|part| part == b":60");
            assert!(leap || value.len() != 29 || value == written);
        }
        Err(DateError::Form) => {}
        Err(_) => assert!(
            (24..=33).contains(&value.len()),
            "it has the form of a date"
        ),
    }
    if let Some(&seconds) = value.first_chunk() {
        let date = HttpDate::from_unix_seconds(u64::from_le_bytes(seconds) >> 20);
        let read = date.map(|date| HttpDate::decode(&date.to_bytes(), now));
        assert_eq!(read, date.map(Ok));
    }
}

fn tags(value: &[u8]) {
    if let Some(tag) = EntityTag::decode(value) {
        let mut again = Vec::new();
        tag.encode(&mut again);
        assert_eq!(again, value);
        assert!(tag.weak_eq(tag) && tag.strong_eq(tag) != tag.is_weak());
    }
    let Some(EntityTags::Listed(list)) = EntityTags::decode(value) else {
        return;
    };
    let mut written = Vec::new();
    for tag in list {
        tag.encode(&mut written);
        written.extend_from_slice(b", ");
    }
    let Some(EntityTags::Listed(again)) = EntityTags::decode(&written) else {
        panic!("{}", written.escape_ascii());
    };
    let parts = |tag: EntityTag<'_>| (tag.is_weak(), tag.opaque().to_vec());
    assert!(again.map(parts).eq(list.map(parts)));
    apart(value);
}

/// What stands outside the quotes of a list: commas between two tags, blanks, and `W/` before one.
fn apart(value: &[u8]) {
    let outside: Vec<&[u8]> = value.split(|byte| *byte == b'"').step_by(2).collect();
    let last = outside.len() - 1;
    for (at, part) in outside.into_iter().enumerate() {
        let part = match at < last {
            true => part.strip_suffix(b"W/").unwrap_or(part),
            false => part,
        };
        assert!(part.iter().all(|byte| b" \t,".contains(byte)));
        assert!(at == 0 || at == last || part.contains(&b','));
    }
}

fn range(value: &[u8]) {
    let Some(ranges) = Ranges::decode(value) else {
        return;
    };
    for length in [0, 1, 2, 10, 1000, u64::MAX] {
        let parts = match ranges.satisfy(length) {
            Selection::Whole | Selection::Unsatisfiable => continue,
            Selection::One(part) => vec![part],
            Selection::Many(parts) => parts,
        };
        for part in &parts {
            let (first, last) = (part.first(), part.last());
            assert_eq!(ByteRange::new(first, last, length), Some(*part));
            assert!(part.length() >= 1 && part.complete_length() == length);
        }
        let mut sorted: Vec<(u64, u64)> = parts.iter().map(|p| (p.first(), p.last())).collect();
        sorted.sort_unstable();
        let apart = sorted.windows(2).all(|two| two[0].1 + 1 < two[1].0);
        assert!(apart, "{sorted:?}");
    }
}

fn preconditions(input: &Input<'_>, now: HttpDate) {
    let value = input.bytes;
    let mut given = Preconditions {
        get_or_head: input.choice(0, 2) == 0,
        ..Preconditions::default()
    };
    match input.choice(1, 4) {
        0 => given.if_match = Some(value),
        1 => given.if_none_match = Some(value),
        2 => given.if_modified_since = Some(value),
        _ => given.if_unmodified_since = Some(value),
    }
    let current = Current {
        etag: EntityTag::strong(b"a"),
        last_modified: HttpDate::from_unix_seconds(NOW - 100),
    };
    let outcome = given.evaluate(Some(current), now);
    assert!(given.get_or_head || outcome != Outcome::NotModified);
    assert_ne!(given.evaluate(None, now), Outcome::NotModified);
    let same = if_range(value, current, now);
    assert!(!same || EntityTag::decode(value).is_some() || HttpDate::decode(value, now).is_ok());
}

fn credentials(value: &[u8]) {
    if let Some((user, password)) = decode_basic(value) {
        let written = basic(&user, &password).expect("what was read");
        assert_eq!(decode_basic(written.as_bytes()), Some((user, password)));
    }
}

/// Each element, with all its values in quotes.
fn forwarded(value: &[u8]) {
    let elements: Result<Vec<_>, _> = forwarded_elements(value).collect();
    let Ok(elements) = elements else {
        return;
    };
    let mut written = String::new();
    for ForwardedElement {
        forwarded_for,
        by,
        host,
        proto,
    } in &elements
    {
        for (name, said) in [
            ("for", forwarded_for),
            ("by", by),
            ("host", host),
            ("proto", proto),
        ] {
            let Some(said) = said.as_deref() else {
                continue;
            };
            let is_broken = |text| matches!(Node::decode(text), Some(Node::Address(ip)) if ip.parse::<IpAddr>().is_err());
            assert!(!is_broken(said), "{said}: an address that is none");
            let quoted: String = said.chars().map(|c| format!("\\{c}")).collect();
            written += &format!("{name}=\"{quoted}\";");
        }
        written += ";,";
    }
    let again: Result<Vec<_>, _> = forwarded_elements(written.as_bytes()).collect();
    assert_eq!(again, Ok(elements));
}

/// The input as lines, each a field: those that can be sent arrive.
fn field_list(lines: &[u8]) {
    let mut list = FieldList::new();
    for line in lines.split(|&byte| byte == b'\n').take(99) {
        let colon = line.iter().position(|&byte| byte == b':');
        let (name, value) = line.split_at(colon.unwrap_or(0));
        let value = value.strip_prefix(b":").unwrap_or(value);
        let good = grammar::is_token(name) && grammar::is_field_value(value);
        assert_eq!(list.append(name, value).is_ok(), good);
    }
    let mut bytes = b"HTTP/1.1 200 OK\r\n".to_vec();
    list.encode(&mut bytes);
    bytes.extend_from_slice(b"\r\n");
    let mut decoder = ResponseDecoder::new(Limits::default());
    // Only Connection is checked with the head, and there it may be refused.
    let Ok(length) = decoder.decode(&bytes) else {
        assert!(list.view().contains("Connection"));
        return;
    };
    assert_eq!(length, Some(bytes.len()));
    let head = decoder.head(&bytes);
    assert!(head.fields().iter().eq(list.view().iter()));
    meant(&list);
}

/// The decoded values of the fields with a meaning.
fn meant(list: &FieldList) {
    let hint = KeepAlive::of(list.view());
    let ours = Duration::from_secs(4);
    assert!(hint.idle_limit(ours, Duration::from_secs(1)) <= ours);

    let Ok(found) = extensions(list.view()) else {
        return;
    };
    let mut written = Vec::new();
    for extension in &found {
        assert!(grammar::is_token(extension.name.as_bytes()));
        written.push(extension.name.to_string());
        for param in &extension.params {
            let value = param.value.as_deref();
            assert!(value.is_none_or(|value| grammar::is_token(value.as_bytes())));
            let value = value.map_or(String::new(), |value| format!("=\"{value}\""));
            written.push(format!(";{}{value}", param.name));
        }
        written.push(",".into());
    }
    let mut again = FieldList::new();
    let put = again.append("Sec-WebSocket-Extensions", written.concat());
    assert_eq!((put, extensions(again.view())), (Ok(()), Ok(found)));

    let mut changed = list.clone();
    for (name, _) in list.view().iter() {
        let there = changed.view().contains(name);
        assert_eq!(changed.remove(name), there);
        assert!(!changed.view().contains(name));
    }
    assert!(changed.view().is_empty());
}
