//! Answers, as a client reads them: interim ones, the final one, its body and trailers.
//!
//! - The same answers, or the same refusal, however the bytes are cut; never more than one final
//!   one, and only what HTTP lets come where it comes.
//! - Where there is a length or the chunked coding, the end of the connection is not the end.
//! - An answer that is taken can be sent by a server, and is read as the same one.

use crate::encode;
use crate::format::{FieldLines, Kind};
use crate::input::Input;
use crate::reader::{Message, lines};
use crate::targets::request::case;
use barewire::http::wire::{
    BodyDecoder, BodyLength, Connection, Error, FieldList, Limits, Method, RequestOut,
    ResponseDecoder, Role, Rule, State, Target,
};

const METHODS: [&str; 4] = ["GET", "HEAD", "CONNECT", "POST"];

/// A head, as far as it is compared.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Head {
    status: u16,
    reason: Vec<u8>,
    version: &'static str,
    persistent: bool,
    fields: FieldLines,
    body: Option<BodyLength>,
}

/// A client that reads the answers to one request.
struct Client {
    connection: Connection,
    decoder: ResponseDecoder,
    body: Option<BodyDecoder>,
    came: Came,
}

/// What came of some bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Came {
    heads: Vec<Head>,
    content: Vec<u8>,
    trailers: FieldLines,
    complete: bool,
    error: Option<Rule>,
    taken: usize,
}

pub(crate) fn run(input: &Input<'_>) {
    let method = METHODS[input.choice(0, METHODS.len())];
    let closes = input.choice(1, 2) == 1;
    let whole = came(method, closes, [input.bytes]);
    for pieces in input.ways() {
        assert_eq!(came(method, closes, pieces), whole);
    }
    assert!(whole.taken <= input.bytes.len());
    let is_interim = |head: &Head| matches!(head.status, 100 | 102..=199);
    let (last, interim) = match whole.heads.split_last() {
        Some((last, interim)) if !is_interim(last) => (Some(last), interim),
        _ => (None, &whole.heads[..]),
    };
    assert!(
        interim
            .iter()
            .all(|head| is_interim(head) && head.body.is_none())
    );
    if let Some(last) = last
        && whole.complete
    {
        framed(method, last, &whole);
        sent_again(method, last, &whole);
    }
}

fn came<'p>(method: &str, closes: bool, pieces: impl IntoIterator<Item = &'p [u8]>) -> Came {
    let mut client = Client::that_asked(method);
    let mut bytes = Vec::new();
    for piece in pieces {
        bytes.extend_from_slice(piece);
        if let Err(error) = client.receive(&bytes) {
            let error = Some(error.rule());
            // how much was taken before depends on the cuts
            return Came {
                error,
                taken: 0,
                ..client.came
            };
        }
        if client.came.complete {
            return client.came;
        }
    }
    if closes {
        client.close();
    }
    client.came
}

impl Client {
    fn that_asked(method: &str) -> Client {
        let method = Method::new(method).expect("a token");
        let target: &[u8] = if method.is_connect() { b"a:80" } else { b"/" };
        let target = Target::decode(method, target).expect("a target");
        let mut fields = FieldList::new();
        let put = [("Host", "a"), ("Upgrade", "x"), ("Connection", "upgrade")]
            .map(|(name, value)| fields.append(name, value));
        assert_eq!(put, [Ok(()); 3]);
        let mut connection = Connection::new(Role::Client);
        let out = &mut Vec::new();
        let head = RequestOut::new(method, target, &fields);
        connection.send_request(&head, out).expect("a good head");
        connection
            .send_end(&FieldList::new(), out)
            .expect("no body");
        Client {
            connection,
            decoder: ResponseDecoder::new(Limits::default()),
            body: None,
            came: Came::default(),
        }
    }

    /// Goes on with `bytes`, all that have come so far.
    fn receive(&mut self, bytes: &[u8]) -> Result<(), Error> {
        while self.body.is_none() {
            let rest = &bytes[self.came.taken..];
            let Some(length) = self.decoder.decode(rest)? else {
                return Ok(());
            };
            self.came.taken += length;
            self.head(&rest[..length])?;
        }
        self.content(bytes)
    }

    fn head(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let head = self.decoder.head(bytes);
        let body = self.connection.receive_response(&head)?;
        self.came.heads.push(Head {
            status: head.status(),
            reason: head.reason().to_vec(),
            version: head.version().as_str(),
            persistent: head.is_persistent(),
            fields: lines(head.fields()),
            body,
        });
        self.decoder.restart();
        self.body = body.map(|length| BodyDecoder::of_response(length, Limits::default()));
        Ok(())
    }

    fn content(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let Some(body) = &mut self.body else {
            return Ok(());
        };
        loop {
            let rest = &bytes[self.came.taken..];
            let step = body.decode(rest)?;
            assert!(step.data <= step.consumed && step.consumed <= rest.len());
            let content = &rest[step.consumed - step.data..step.consumed];
            self.came.content.extend_from_slice(content);
            self.came.taken += step.consumed;
            if step.ended {
                return self.complete();
            }
            if step.consumed == 0 {
                assert!(rest.is_empty(), "a decoder that waits has taken all");
                return Ok(());
            }
        }
    }

    fn complete(&mut self) -> Result<(), Error> {
        if let Some(body) = &self.body {
            self.came.trailers = lines(body.trailers());
        }
        self.came.complete = true;
        match self.connection.responses() {
            State::Switched => Ok(()),
            _ => self.connection.receive_end(),
        }
    }

    fn close(&mut self) {
        let ended = match &self.body {
            Some(body) => body.finish(),
            None => self.connection.receive_close(),
        };
        match ended {
            Err(error) => self.came.error = Some(error.rule()),
            Ok(()) => self.complete().expect("a body was on its way"),
        }
    }
}

fn framed(method: &str, last: &Head, whole: &Came) {
    let has = |wanted| has(last, wanted);
    let tunnel = last.status == 101 || method == "CONNECT" && matches!(last.status, 200..=299);
    let bodyless = tunnel || method == "HEAD" || matches!(last.status, 204 | 304);
    let length = whole.content.len() as u64;
    match last.body.expect("a final head has one") {
        BodyLength::Known(0) if bodyless => {}
        _ if bodyless => panic!("{last:?}"),
        BodyLength::Known(bytes) => {
            assert_eq!(bytes, length);
            assert!(has("content-length") && !has("transfer-encoding"));
        }
        BodyLength::Chunked => {
            assert!(has("transfer-encoding") && !has("content-length"));
            assert_eq!(last.version, "HTTP/1.1");
        }
        BodyLength::UntilClose => assert!(!has("content-length") && !has("transfer-encoding")),
    }
}

fn has(head: &Head, wanted: &str) -> bool {
    let mut fields = head.fields.iter();
    fields.any(|(name, _)| name.eq_ignore_ascii_case(wanted))
}

fn sent_again(method: &str, last: &Head, whole: &Came) {
    // A server sends no content with a 205, no 101 that does not say to what, or to CONNECT, no reason
    // that is not text; and it adds fields of its own.
    let full = last.fields.len() + 3 > Limits::default().fields;
    let switches = last.status == 101 && (method == "CONNECT" || !has(last, "upgrade"));
    if last.status == 205 || switches || full || str::from_utf8(&last.reason).is_err() {
        return;
    }
    let message = Message {
        method: String::new(),
        target: String::new(),
        target_str: String::new(),
        authority: String::new(),
        version: last.version,
        status: last.status,
        reason: last.reason.clone(),
        fields: of_the_message(method, last),
        body: last.body.unwrap_or(BodyLength::Known(0)),
        persistent: last.persistent,
        expects: false,
        upgrade: false,
        content: whole.content.clone(),
        trailers: whole.trailers.clone(),
        length: whole.taken,
    };
    let found = encode::check(&case(Kind::Response(method.into())), &message);
    assert!(found.is_empty(), "{message:#?}: {found:#?}");
}

/// Without the fields of the connection, because the sender has its own; and without a length that counts
/// nothing, which only the sender must respect.
fn of_the_message(method: &str, last: &Head) -> FieldLines {
    let counts = method != "HEAD" && last.status != 304;
    let kept = |name: &str| match &name.to_ascii_lowercase()[..] {
        "connection" | "keep-alive" => false,
        "content-length" => counts,
        _ => true,
    };
    let mut fields = last.fields.clone();
    fields.retain(|(name, _)| kept(name));
    fields
}
