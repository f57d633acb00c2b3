//! The opening handshake of a WebSocket, both sides of it.
//!
//! - A request that is taken is GET, HTTP/1.1, without content, with one good key and version.
//! - Our answer is taken by the client that asked, with the subprotocol that was chosen; a refusal
//!   can be sent, and is none of the 2xx.
//! - An answer that is taken is a 101 with the one Accept that fits, and names no extension.

use crate::input::Input;
use barewire::http::wire::{
    Connection, Event, FieldList, Fields, Limits, Method, RequestDecoder, RequestHead, RequestOut,
    ResponseDecoder, ResponseHead, ResponseOut, Role, State, Target,
};
use barewire::text::Encoding;
use barewire::websocket::wire::{Error, Offer, Opening, accept, refuse};

const NONCE: [u8; 16] = *b"the sample nonce";
const ACCEPT: &[u8] = b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

pub(crate) fn run(input: &Input<'_>) {
    match input.choice(0, 2) {
        0 => request(input.bytes),
        _ => answer(input.bytes),
    }
}

// ---- a server's side --------------------------------------------------------------------------

fn request(bytes: &[u8]) {
    let mut decoder = RequestDecoder::new(Limits::default());
    let Ok(Some(length)) = decoder.decode(bytes) else {
        return;
    };
    let head = decoder.head(&bytes[..length]);
    let mut connection = Connection::new(Role::Server);
    connection.receive_request(&head).expect("the first one");
    match Offer::read(&head) {
        Err(error) => refused(connection, &error),
        Ok(offer) => {
            connection.receive_end().expect("it has no content");
            taken(&head, &offer, &connection);
        }
    }
}

fn refused(mut connection: Connection, error: &Error) {
    let mut fields = FieldList::new();
    let status = refuse(error, &mut fields);
    assert!((400..500).contains(&status), "{error}: {status}");
    let mut out = Vec::new();
    let head = ResponseOut::new(status, &fields).length(0);
    let sent = connection.send_response(&head, &mut out);
    assert_eq!(sent, Ok(()), "{error}");
    let mut decoder = ResponseDecoder::new(Limits::default());
    assert_eq!(decoder.decode(&out), Ok(Some(out.len())));
}

fn taken(head: &RequestHead<'_>, offer: &Offer<'_>, connection: &Connection) {
    let fields = head.fields();
    let one = |name| {
        let values: Vec<&[u8]> = fields.get_all(name).collect();
        assert_eq!(values.len(), 1, "{name}");
        values[0]
    };
    assert_eq!(
        (head.method().as_str(), head.version().as_str()),
        ("GET", "HTTP/1.1")
    );
    assert_eq!(one("Sec-WebSocket-Version"), b"13");
    assert!(has(fields, "Upgrade", "websocket") && has(fields, "Connection", "upgrade"));
    let key = one("Sec-WebSocket-Key");
    assert_eq!(key.len(), 24);

    let nothing = None.into_iter();
    for protocol in nothing.chain(offer.protocols().iter().copied().map(Some)) {
        let mut fields = FieldList::new();
        offer
            .answer(protocol, None, &mut fields)
            .expect("it was offered");
        let mut out = Vec::new();
        let mut connection = connection.clone();
        let switched = connection.send_switch(&fields, &mut out);
        assert_eq!(switched, Ok(()));
        opened(offer, key, protocol, &out);
    }
    let misused = offer.answer(Some("not offered!"), None, &mut FieldList::new());
    assert!(misused.is_err());
}

/// The client takes the answer, if its key is one that a client of ours could have sent.
fn opened(offer: &Offer<'_>, key: &[u8], protocol: Option<&str>, answer: &[u8]) {
    let mut decoder = ResponseDecoder::new(Limits::default());
    assert_eq!(decoder.decode(answer), Ok(Some(answer.len())));
    let head = decoder.head(answer);
    let accepted = head.fields().get("Sec-WebSocket-Accept");
    assert_eq!(accepted, Some(&accept(key)[..]));

    let mut nonce = Vec::new();
    let strict = str::from_utf8(key).map(|key| Encoding::Base64.encode(key, &mut nonce));
    let Ok(Ok(())) = strict else { return };
    let mut opening = Opening::new(nonce.try_into().expect("16 bytes"));
    for offered in offer.protocols() {
        opening = opening.protocol(offered).expect("a token, and once");
    }
    assert_eq!(
        opening.check(&head).map(|agreed| agreed.protocol),
        Ok(protocol)
    );
    asked_again(&opening, offer);
}

/// What our client asks with is what was asked.
fn asked_again(opening: &Opening, offer: &Offer<'_>) {
    let mut fields = FieldList::new();
    fields.append("Host", "a").expect("a field");
    opening.ask(&mut fields).expect("no other field");
    let mut out = Vec::new();
    ask("GET", &fields, &mut out);
    let mut decoder = RequestDecoder::new(Limits::default());
    assert_eq!(decoder.decode(&out), Ok(Some(out.len())));
    let head = decoder.head(&out);
    let again = Offer::read(&head).expect("what we ask is right");
    assert_eq!(again.protocols(), offer.protocols());
}

fn ask(method: &str, fields: &FieldList, out: &mut Vec<u8>) -> Connection {
    let method = Method::new(method).expect("a token");
    let target = Target::decode(method, b"/").expect("a path");
    let mut connection = Connection::new(Role::Client);
    let head = RequestOut::new(method, target, fields);
    connection.send_request(&head, out).expect("a good head");
    let ended = connection.send_end(&FieldList::new(), out);
    assert_eq!(ended, Ok(()));
    connection
}

fn has(fields: Fields<'_>, name: &str, token: &str) -> bool {
    let mut tokens = fields.list(name);
    tokens.any(|other| other.eq_ignore_ascii_case(token.as_bytes()))
}

// ---- a client's side --------------------------------------------------------------------------

fn answer(bytes: &[u8]) {
    let mut decoder = ResponseDecoder::new(Limits::default());
    let Ok(Some(length)) = decoder.decode(bytes) else {
        return;
    };
    let head = decoder.head(&bytes[..length]);
    let opening = Opening::new(NONCE).protocol("chat");
    let opening = opening.and_then(|opening| opening.protocol("superchat"));
    let opening = opening.expect("two tokens");
    if let Ok(agreed) = opening.check(&head) {
        chosen(&head, agreed.protocol);
        let mut fields = FieldList::new();
        fields.append("Host", "a").expect("a field");
        opening.ask(&mut fields).expect("no other field");
        let mut connection = ask("GET", &fields, &mut Vec::new());
        let received = connection.receive_response(&head);
        assert!(received.is_ok(), "HTTP does not take it: {received:?}");
        assert_eq!(connection.responses(), State::Switched);
        let step = barewire::http::wire::response_step(State::Switched, Event::Data);
        assert_eq!(step, None);
    }
}

fn chosen(head: &ResponseHead<'_>, protocol: Option<&str>) {
    let fields = head.fields();
    assert_eq!(head.status(), 101);
    assert!(has(fields, "Upgrade", "websocket") && has(fields, "Connection", "upgrade"));
    let accepted: Vec<&[u8]> = fields.get_all("Sec-WebSocket-Accept").collect();
    assert_eq!(accepted, [ACCEPT]);
    let protocols: Vec<&[u8]> = fields.get_all("Sec-WebSocket-Protocol").collect();
    let named = protocol.map(str::as_bytes);
    assert_eq!(protocols, named.into_iter().collect::<Vec<_>>());
    assert!(matches!(protocol, None | Some("chat" | "superchat")));
    assert_eq!(fields.list("Sec-WebSocket-Extensions").count(), 0);
}
