//! The cases of handshakes: a server judges each request, and a client each response.

use super::format::{self, Case};
use crate::cases::sample::REQUEST;
pub(crate) use crate::cases::sample::{request, response, samples};
use barewire::http::wire::{FieldList, Limits, RequestDecoder, ResponseDecoder, Scheme};
use barewire::websocket::wire::{
    Agreement, Error, Extension, Misuse, Offer, Opening, PerMessageDeflate, Rule, accept, refuse,
};

/// The nonce of the RFC's sample.
pub(crate) const NONCE: [u8; 16] = *b"the sample nonce";

/// Reads a request as a server does, and judges it.
pub(crate) fn offered<T>(bytes: &[u8], judge: impl FnOnce(Result<Offer<'_>, Error>) -> T) -> T {
    let mut decoder = RequestDecoder::new(Limits::default());
    let length = decoder.decode(bytes).expect("a good head");
    judge(Offer::read(
        &decoder.head(&bytes[..length.expect("a whole head")]),
    ))
}

/// Reads a response as a client that has sent the sample key.
pub(crate) fn checked(opening: &Opening, bytes: &[u8]) -> Result<Option<String>, Error> {
    let mut decoder = ResponseDecoder::new(Limits::default());
    let length = decoder.decode(bytes).expect("a good head");
    let head = decoder.head(&bytes[..length.expect("a whole head")]);
    Ok(opening.check(&head)?.protocol.map(str::to_owned))
}

/// What the response of a case agrees to.
fn agreed(opening: &Opening, bytes: &[u8]) -> Option<Agreement> {
    let mut decoder = ResponseDecoder::new(Limits::default());
    let length = decoder.decode(bytes).expect("a good head");
    let head = decoder.head(&bytes[..length.expect("a whole head")]);
    opening.check(&head).expect("a good answer").deflate
}

/// The options of permessage-deflate that a case names behind `deflate:`; without that line it is off.
fn options(case: &Case) -> Option<PerMessageDeflate> {
    let named = case.find("deflate")?;
    let mut options = PerMessageDeflate::default();
    for word in named.split_whitespace() {
        let (name, value) = word.split_once('=').unwrap_or((word, "0"));
        let bits = value.parse().expect("a number");
        match name {
            "send_takeover" => options.send_takeover = true,
            "receive_takeover" => options.receive_takeover = true,
            "send_window_bits" => options.send_window_bits = bits,
            "receive_window_bits" => options.receive_window_bits = bits,
            _ => panic!("{}: no option {name}", case.place),
        }
    }
    Some(options)
}

/// An agreement as the cases write it: the two takeovers, then the two windows, the server's first.
fn agreement(agreed: Option<Agreement>) -> String {
    agreed.map_or("none".to_owned(), |agreed| {
        let takeover = |no: bool| if no { "no" } else { "yes" };
        let server = takeover(agreed.server_no_context_takeover);
        let client = takeover(agreed.client_no_context_takeover);
        let (of_server, of_client) = (agreed.server_max_window_bits, agreed.client_max_window_bits);
        format!("takeover {server} {client} window {of_server} {of_client}")
    })
}

#[test]
fn requests() {
    let cases = format::cases("requests.txt");
    println!("{} cases", cases.len());
    for case in &cases {
        #[rustfmt::skip]
        case.only(&[
            "line", "without", "with", "protocols", "ours", "chosen", "extensions", "origin",
            "same", "accept", "error", "status", "deflate", "answer", "agreed",
        ]);
        let bytes = request(case);
        if let Some(same) = case.find("same") {
            assert_eq!(schemes_of(&bytes), same, "{}", case.place);
        }
        offered(&bytes, |offer| match (offer, case.error()) {
            (Ok(offer), None) => taken(case, &offer),
            (Err(error), Some(rule)) if error.rule() == rule => refused(case, &error),
            (offer, _) => panic!("{}: {offer:?}", case.place),
        });
    }
}

/// The schemes for which a page of the server itself opens the connection.
fn schemes_of(bytes: &[u8]) -> String {
    let mut decoder = RequestDecoder::new(Limits::default());
    let length = decoder.decode(bytes).expect("a good head");
    let head = decoder.head(&bytes[..length.expect("a whole head")]);
    let offer = Offer::read(&head).expect("a good offer");
    let schemes = [Scheme::Http, Scheme::Https].into_iter();
    let same = schemes.filter(|&scheme| offer.is_same_origin(scheme, head.authority()));
    let same = same.map(Scheme::as_str).collect::<Vec<_>>();
    if same.is_empty() {
        "none".to_owned()
    } else {
        same.join(" ")
    }
}

fn taken(case: &Case, offer: &Offer<'_>) {
    let words = |key: &str| {
        let value = case.find(key).unwrap_or_default();
        let words = value.split_whitespace().map(str::to_owned);
        words.collect::<Vec<_>>()
    };
    let ours = words("ours");
    let ours: Vec<&str> = ours.iter().map(String::as_str).collect();
    let chosen = offer.choose(&ours);
    if case.find("protocols").is_some() {
        assert_eq!(offer.protocols(), words("protocols"), "{}", case.place);
    }
    if let Some(expected) = case.find("chosen") {
        assert_eq!(chosen.unwrap_or_default(), expected, "{}", case.place);
    }
    if let Some(expected) = case.find("extensions") {
        assert_eq!(shown(offer.extensions()), expected, "{}", case.place);
    }
    let origin = case.find("origin");
    assert_eq!(offer.origin(), origin.as_deref().map(str::as_bytes));

    let mut fields = FieldList::new();
    let options = options(case);
    let agreed = offer.answer(chosen, options.as_ref(), &mut fields);
    let agreed = agreed.expect("offered");
    let mut names = vec!["Upgrade", "Connection", "Sec-WebSocket-Accept"];
    names.extend(chosen.map(|_| "Sec-WebSocket-Protocol"));
    names.extend(agreed.map(|_| "Sec-WebSocket-Extensions"));
    let view = fields.view();
    assert_eq!(view.iter().map(|(name, _)| name).collect::<Vec<_>>(), names);
    assert_eq!(view.get_str("Sec-WebSocket-Protocol"), chosen);
    let answer = view.get_str("Sec-WebSocket-Extensions");
    assert_eq!(
        answer.unwrap_or_default(),
        case.find("answer").unwrap_or_default()
    );
    if let Some(expected) = case.find("agreed") {
        assert_eq!(agreement(agreed), expected, "{}", case.place);
    }
    if let Some(expected) = case.find("accept") {
        assert_eq!(
            view.get_str("Sec-WebSocket-Accept"),
            Some(&expected[..]),
            "{}",
            case.place
        );
    }
}

fn shown(extensions: &[Extension<'_>]) -> String {
    let one = |extension: &Extension<'_>| {
        let params = extension.params.iter().map(|param| match &param.value {
            Some(value) => format!("; {}={value}", param.name),
            None => format!("; {}", param.name),
        });
        extension.name.to_owned() + &params.collect::<String>()
    };
    extensions.iter().map(one).collect::<Vec<_>>().join(", ")
}

fn refused(case: &Case, error: &Error) {
    let mut fields = FieldList::new();
    let status = refuse(error, &mut fields).to_string();
    let fields = fields.view();
    let fields = fields
        .iter()
        .map(|(name, value)| format!("{name}: {}", value.escape_ascii()));
    let fields = fields.collect::<Vec<_>>().join(" | ");
    let said = format!("{status} {fields}");
    assert_eq!(
        Some(said.trim()),
        case.find("status").as_deref(),
        "{}",
        case.place
    );
}

#[test]
fn responses() {
    let cases = format::cases("responses.txt");
    println!("{} cases", cases.len());
    for case in &cases {
        #[rustfmt::skip]
        case.only(&[
            "asked", "line", "without", "with", "chosen", "error", "deflate", "asks", "agreed",
        ]);
        let asked = case.find("asked").unwrap_or("chat superchat".into());
        let mut opening = Opening::new(NONCE);
        for protocol in asked.split_whitespace() {
            opening = opening.protocol(protocol).expect("a token");
        }
        if let Some(options) = options(case) {
            opening = opening.deflate(&options);
        }
        if let Some(expected) = case.find("asks") {
            let mut fields = FieldList::new();
            opening.ask(&mut fields).expect("no other field");
            let asks = fields.view().get_str("Sec-WebSocket-Extensions");
            assert_eq!(asks, Some(&expected[..]), "{}", case.place);
        }
        match (checked(&opening, &response(case).1), case.error()) {
            (Ok(chosen), None) => {
                if let Some(expected) = case.find("agreed") {
                    let agreed = agreed(&opening, &response(case).1);
                    assert_eq!(agreement(agreed), expected, "{}", case.place);
                }
                let expected = case.find("chosen").expect("what is chosen");
                assert_eq!(chosen.unwrap_or_default(), expected, "{}", case.place);
            }
            (Err(error), Some(rule)) if error.rule() == rule => {
                assert_eq!(
                    error.status(),
                    Some(if rule == Rule::ExtensionInvalid {
                        400
                    } else {
                        502
                    })
                );
            }
            (outcome, _) => panic!("{}: {outcome:?}", case.place),
        }
    }
}

/// A request of our client is accepted by our server, and the response by that client.
#[test]
fn both_ends_agree() {
    let opening = Opening::new([0xa5; 16])
        .protocol("v2")
        .and_then(|o| o.protocol("v1"));
    let opening = opening.expect("two tokens");
    let mut fields = FieldList::new();
    opening.ask(&mut fields).expect("no other field");
    let mut request = b"GET / HTTP/1.1\r\nHost: a\r\n".to_vec();
    fields.encode(&mut request);
    request.extend_from_slice(b"\r\n");

    let mut response = b"HTTP/1.1 101 Switching Protocols\r\n".to_vec();
    offered(&request, |offer| {
        let offer = offer.expect("a good offer");
        assert_eq!(offer.protocols(), ["v2", "v1"]);
        let mut fields = FieldList::new();
        offer
            .answer(offer.choose(&["v1"]), None, &mut fields)
            .expect("offered");
        fields.encode(&mut response);
    });
    response.extend_from_slice(b"\r\n");
    assert_eq!(checked(&opening, &response), Ok(Some("v1".to_owned())));

    let other = Opening::new([0x5a; 16]);
    let error = checked(&other, &response).expect_err("another key");
    assert_eq!(error.rule(), Rule::AcceptWrong);
}

/// A page of another origin is refused.
#[test]
fn a_page_that_may_not_connect() {
    let mut request = REQUEST.join("\r\n").into_bytes();
    request.extend_from_slice(b"\r\nOrigin: http://evil.example\r\n\r\n");
    let error = offered(&request, |offer| offer.expect("a good offer").forbidden());
    assert_eq!(error.got(), b"http://evil.exam");
    let mut fields = FieldList::new();
    assert_eq!(refuse(&error, &mut fields), 403);
    assert!(fields.view().is_empty());
}

#[test]
fn what_a_caller_must_not_do() {
    for name in ["", "a b", "chat,", "ch\u{e4}t", "a\r\nb"] {
        let opening = Opening::new(NONCE).protocol(name);
        assert_eq!(opening.err(), Some(Misuse::ProtocolName), "{name}");
    }
    let twice = Opening::new(NONCE)
        .protocol("a")
        .and_then(|o| o.protocol("a"));
    assert_eq!(twice.err(), Some(Misuse::ProtocolName));

    let mut request = REQUEST.join("\r\n").into_bytes();
    request.extend_from_slice(b"\r\nSec-WebSocket-Protocol: chat\r\n\r\n");
    offered(&request, |offer| {
        let (offer, mut fields) = (offer.expect("a good offer"), FieldList::new());
        for other in ["", "Chat", "superchat"] {
            let answered = offer.answer(Some(other), None, &mut fields);
            assert_eq!(answered, Err(Misuse::ProtocolNotOffered), "{other}");
            assert!(fields.view().is_empty());
        }
    });
}

/// Sets the fields of one side.
type Handshake<'a> = dyn Fn(&mut FieldList) -> Result<(), Misuse> + 'a;

/// Fields that the caller has set before stay; those that contradict the handshake are refused.
#[test]
fn fault_d02_the_fields_of_the_caller_stay_or_are_refused() {
    let bad = [
        ("Connection", "keep-alive"),
        ("connection", "Upgrade"),
        ("UPGRADE", "websocket"),
        ("Content-Length", "0"),
        ("Transfer-Encoding", "chunked"),
        ("Keep-Alive", "timeout=9"),
        ("keep-alive", ""),
        ("Sec-WebSocket-Accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
        ("sec-websocket-protocol", "chat"),
        ("Sec-WebSocket-Extensions", "permessage-deflate"),
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ("Sec-WebSocket-Version", "8"),
        ("Sec-WebSocket-", ""),
    ];
    let good = [
        ("Set-Cookie", "a=b"),
        ("Proxy-Connection", "keep-alive"),
        ("Sec-WebSocket", ""),
    ];
    let mut request = REQUEST.join("\r\n").into_bytes();
    request.extend_from_slice(b"\r\n\r\n");
    offered(&request, |offer| {
        let (offer, opening) = (offer.expect("a good offer"), Opening::new(NONCE));
        let server = |fields: &mut FieldList| offer.answer(None, None, fields).map(drop);
        let client = |fields: &mut FieldList| opening.ask(fields);
        let roles: [&Handshake<'_>; 2] = [&server, &client];
        for (handshake, ours) in roles.into_iter().zip([3, 4]) {
            for (name, value) in bad {
                let mut fields = FieldList::new();
                fields.append("Set-Cookie", "a=b").expect("a field");
                fields.append(name, value).expect("a field");
                let made = handshake(&mut fields);
                assert_eq!(
                    (made, fields.view().len()),
                    (Err(Misuse::HandshakeField), 2),
                    "{name}"
                );
            }
            let mut fields = FieldList::new();
            for (name, value) in good {
                fields.append(name, value).expect("a field");
            }
            handshake(&mut fields).expect("nothing contradicts it");
            let kept = fields.view().iter().take(good.len());
            assert!(kept.eq(good.map(|(name, value)| (name, value.as_bytes()))));
            assert_eq!(fields.view().len(), good.len() + ours);
        }
    });
    assert_ne!(
        accept(b"dGhlIHNhbXBsZSBub25jZQ=="),
        accept(b"DGhlIHNhbXBsZSBub25jZQ==")
    );
}
