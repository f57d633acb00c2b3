//! Encoding back: a decoded message is sent again, and decodes to the same message.

use super::check::{show_fields, shown};
use super::format::{Case, FieldLines, Kind};
use super::reader::{Message, Reader};
use barewire::http::wire::{
    BodyLength, Connection, FieldList, Limits, Method, RequestDecoder, RequestOut, ResponseOut,
    Role, Target, encode_chunk, encode_last, grammar,
};

type Found = Vec<String>;

/// What differs when `message` is sent again.
pub(crate) fn check(case: &Case, message: &Message) -> Found {
    let mut found = field_list(message);
    found.extend(match &case.kind {
        Kind::Chunked => chunked(case, message),
        // A request without Host was HTTP/1.0, which is not sent here.
        Kind::Request if message.authority.is_empty() => Vec::new(),
        Kind::Request => request(case, message),
        Kind::Response(method) => response(case, message, method),
    });
    found
}

/// A list encodes its field lines as `name: value`, in their order.
fn field_list(message: &Message) -> Found {
    let mut encoded = Vec::new();
    list(&message.fields, &[]).encode(&mut encoded);
    differs("field lines", &encoded, &plain(&message.fields))
}

/// The fields without what a server does not send beside its `Connection: close`.
fn consistent(fields: &FieldList, persistent: bool) -> FieldList {
    let mut kept = FieldList::new();
    for (name, value) in fields.view().iter() {
        let is_connection = name.eq_ignore_ascii_case("Connection");
        let options = grammar::list(value).filter(|option| *option != b"keep-alive");
        let value = match is_connection && !persistent {
            true => options.collect::<Vec<_>>().join(&b", "[..]),
            false => value.to_vec(),
        };
        kept.append(name, value).expect("it was decoded before");
    }
    kept
}

fn list(fields: &FieldLines, without: &[&str]) -> FieldList {
    let mut list = FieldList::new();
    for (name, value) in fields
        .iter()
        .filter(|(name, _)| !without.iter().any(|other| name.eq_ignore_ascii_case(other)))
    {
        list.append(name, value)
            .expect("what was decoded may be sent");
    }
    list
}

fn plain(fields: &FieldLines) -> Vec<u8> {
    let line =
        |(name, value): &(String, Vec<u8>)| [name.as_bytes(), b": ", value, b"\r\n"].concat();
    fields.iter().flat_map(line).collect()
}

fn differs(what: &str, is: &[u8], should: &[u8]) -> Found {
    if is == should {
        Vec::new()
    } else {
        vec![format!("{what}: is {}, not {}", shown(is), shown(should))]
    }
}

// ---- chunked bodies -------------------------------------------------------------------------

/// Chunks of several sizes carry the same content and trailers.
fn chunked(case: &Case, message: &Message) -> Found {
    let mut found = Vec::new();
    for size in [1, 3, 16, 4096, usize::MAX] {
        let mut out = Vec::new();
        for chunk in message.content.chunks(size) {
            encode_chunk(chunk, &mut out);
        }
        encode_last(&list(&message.trailers, &[]), &mut out);
        let again = Reader::new(&case.kind, Limits::default(), false).receive(&out);
        match again {
            Ok(Some(again))
                if (&again.content, &again.trailers) == (&message.content, &message.trailers) => {}
            again => found.push(format!("chunks of {size}: {again:?}")),
        }
    }
    found
}

// ---- requests -------------------------------------------------------------------------------

fn request(case: &Case, message: &Message) -> Found {
    let method = Method::new(&message.method).expect("a token");
    let target =
        Target::decode(method, message.target_str.as_bytes()).expect("it was decoded before");
    let mut spelt = Vec::new();
    target.encode(&mut spelt);
    // Only a port may be written in another way: 080 is 80.
    let mut found = match target {
        Target::Authority { .. } => Vec::new(),
        _ => differs("target", &spelt, message.target_str.as_bytes()),
    };
    let again = Target::decode(method, &spelt);
    if again != Ok(target) {
        found.push(format!("target {} decodes to {again:?}", shown(&spelt)));
    }

    let fields = list(&message.fields, &["transfer-encoding"]);
    let head = RequestOut::new(method, target, &fields);
    let head = if message.body == BodyLength::Chunked {
        head.streaming()
    } else {
        head
    };
    let mut connection = Connection::new(Role::Client);
    let mut out = Vec::new();
    connection
        .send_request(&head, &mut out)
        .expect("what was decoded may be sent");
    let mut line = [message.method.as_bytes(), b" ", &spelt, b" HTTP/1.1\r\n"].concat();
    fields.encode(&mut line);
    if message.body == BodyLength::Chunked {
        line.extend_from_slice(b"Transfer-Encoding: chunked\r\n");
    }
    found.extend(differs(
        "request head",
        &out,
        &[&line[..], b"\r\n"].concat(),
    ));
    found.extend(send_body(&mut connection, message, &mut out));

    match Reader::new(&case.kind, Limits::default(), false).receive(&out) {
        Ok(Some(again)) if same_request(&again, message) && again.length == out.len() => {}
        other => found.push(format!("the request that was sent is {other:?}")),
    }
    found
}

fn same_request(again: &Message, message: &Message) -> bool {
    let parts = |m: &Message| {
        (
            m.method.clone(),
            m.authority.clone(),
            m.content.clone(),
            m.trailers.clone(),
        )
    };
    // HTTP/1.0 is sent as HTTP/1.1, which may mean more.
    let http11 = |m: &Message| (m.expects, m.upgrade, m.persistent);
    parts(again) == parts(message)
        && (message.version == "HTTP/1.0" || http11(again) == http11(message))
}

fn send_body(connection: &mut Connection, message: &Message, out: &mut Vec<u8>) -> Found {
    if !message.content.is_empty() {
        match connection.begin_data(message.content.len(), out) {
            Ok(true) => out.extend_from_slice(&message.content),
            other => return vec![format!("its content is not taken: {other:?}")],
        }
        connection.end_data(out);
    }
    let ended = connection.send_end(&list(&message.trailers, &[]), out);
    ended
        .err()
        .map(|misuse| format!("its end is not taken: {misuse}"))
        .into_iter()
        .collect()
}

// ---- responses ------------------------------------------------------------------------------

fn response(case: &Case, message: &Message, method: &str) -> Found {
    let mut connection = asked(method, message.body == BodyLength::UntilClose);
    let mut out = Vec::new();
    let framing: &[&str] = &["transfer-encoding", "content-length"];
    let tunnel = method == "CONNECT" && (200..300).contains(&message.status);
    let switch = message.status == 101 || tunnel;
    // A tunnel is opened with 200, whichever 2xx it was.
    let status = if tunnel { 200 } else { message.status };
    let without = if matches!(message.status, 100..=199 | 204) || tunnel {
        framing
    } else {
        &framing[..1]
    };
    let fields = list(&message.fields, without);
    let sent = match message.status {
        _ if switch => connection.send_switch(&fields, &mut out),
        100..=199 => connection.send_informational(message.status, &fields, &mut out),
        status => {
            let reason = std::str::from_utf8(&message.reason).unwrap_or("not UTF-8");
            let head = ResponseOut::new(status, &fields)
                .forwarded(true)
                .reason(reason)
                .expect("a reason that was decoded");
            connection.send_response(&head, &mut out)
        }
    };
    let mut found: Found = sent
        .err()
        .map(|misuse| format!("its head is not taken: {misuse}"))
        .into_iter()
        .collect();
    if !matches!(message.status, 100..=199) && !switch {
        found.extend(send_body(&mut connection, message, &mut out));
    }

    let mut reader = Reader::new(&case.kind, Limits::default(), false);
    let again = match reader.receive(&out) {
        Ok(None) => reader.close(),
        again => again,
    };
    match again {
        Ok(Some(again)) => {
            let mut kept = Vec::new();
            consistent(&fields, message.persistent).encode(&mut kept);
            if !plain(&again.fields).starts_with(&kept) {
                found.push(format!(
                    "the fields that were sent {}",
                    show_fields(&again.fields)
                ));
            }
            let same = (again.status, again.body, &again.content, &again.trailers)
                == (status, message.body, &message.content, &message.trailers);
            if !same {
                found.push(format!("the response that was sent is {again:?}"));
            }
        }
        other => found.push(format!("the response that was sent is {other:?}")),
    }
    found
}

/// A server's connection that received a request with this method and an upgrade offer.
fn asked(method: &str, http10: bool) -> Connection {
    let target = if method == "CONNECT" { "a:80" } else { "/" };
    let version = if http10 { "1.0" } else { "1.1" };
    let bytes = format!(
        "{method} {target} HTTP/{version}\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"
    );
    let mut decoder = RequestDecoder::new(Limits::default());
    decoder
        .decode(bytes.as_bytes())
        .expect("a good request")
        .expect("and a whole one");
    let mut connection = Connection::new(Role::Server);
    connection
        .receive_request(&decoder.head(bytes.as_bytes()))
        .expect("nothing came before");
    connection.receive_end().expect("it has no body");
    connection
}

/// RFC 9112 §7.1: a chunk-size is hexadecimal, and here without zeros in front.
#[test]
fn a_chunk_size_of_any_length_is_encoded() {
    for bits in 0..usize::BITS {
        for length in [1 << bits, usize::MAX >> bits] {
            let mut out = b"before".to_vec();
            barewire::http::wire::encode_size(length, &mut out);
            let expected = format!("before{length:x}\r\n");
            assert_eq!(String::from_utf8(out).unwrap(), expected);
        }
    }
}
