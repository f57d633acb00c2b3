//! Both ends of a connection, in step.

use barewire::http::wire::{
    BodyDecoder, BodyLength, Connection, Error, FieldList, Limits, Method, Misuse, RequestDecoder,
    RequestOut, ResponseDecoder, ResponseOut, Role, State, Target,
};

pub(crate) fn list(fields: &[(&str, &str)]) -> FieldList {
    let mut list = FieldList::new();
    for (name, value) in fields {
        list.append(name, value).expect("a good field");
    }
    list
}

/// Receives a request head at a server, and ignores what follows the head.
pub(crate) fn receive_request(
    server: &mut Connection,
    bytes: &[u8],
) -> Result<(usize, BodyLength), Error> {
    let mut decoder = RequestDecoder::new(Limits::default());
    let length = decoder.decode(bytes)?.expect("a whole head");
    let head = decoder.head(&bytes[..length]);
    server.receive_request(&head)?;
    Ok((length, head.body_length()))
}

pub(crate) fn receive_response(
    client: &mut Connection,
    bytes: &[u8],
) -> Result<(usize, Option<BodyLength>), Error> {
    let mut decoder = ResponseDecoder::new(Limits::default());
    let length = decoder.decode(bytes)?.expect("a whole head");
    Ok((
        length,
        client.receive_response(&decoder.head(&bytes[..length]))?,
    ))
}

/// The content of a complete body, and how many bytes the body had.
pub(crate) fn content(length: BodyLength, bytes: &[u8]) -> (Vec<u8>, usize) {
    let mut decoder = BodyDecoder::new(length, Limits::default());
    let (mut data, mut at) = (Vec::new(), 0);
    loop {
        let step = decoder.decode(&bytes[at..]).expect("a good body");
        at += step.consumed;
        data.extend_from_slice(&bytes[at - step.data..at]);
        if step.ended || (step.consumed == 0 && decoder.finish().is_ok()) {
            return (data, at);
        }
    }
}

/// A client and a server; whatever one sends, the other decodes and receives at once.
pub(crate) struct Pair {
    pub(crate) client: Connection,
    pub(crate) server: Connection,
}

pub(crate) const HOST: (&str, &str) = ("Host", "a");

impl Pair {
    pub(crate) fn new() -> Pair {
        Pair {
            client: Connection::new(Role::Client),
            server: Connection::new(Role::Server),
        }
    }

    /// Both ends see both directions in these states.
    pub(crate) fn at(&self, requests: State, responses: State) {
        for end in [&self.client, &self.server] {
            assert_eq!(
                (end.requests(), end.responses()),
                (requests, responses),
                "{end:?}"
            );
        }
    }

    pub(crate) fn request_head(
        &mut self,
        method: &str,
        fields: &[(&str, &str)],
        length: Option<u64>,
    ) {
        let target = if method == "CONNECT" { "a:80" } else { "/" };
        let method = Method::new(method).expect("a token");
        let target = Target::decode(method, target.as_bytes()).expect("a target");
        let fields = list(fields);
        let head = RequestOut::new(method, target, &fields);
        let head = length.map_or(head, |length| head.length(length));
        let mut wire = Vec::new();
        self.client
            .send_request(&head, &mut wire)
            .expect("a good request");
        receive_request(&mut self.server, &wire).expect("it is received");
    }

    pub(crate) fn request_end(&mut self) {
        self.client
            .send_end(&FieldList::new(), &mut Vec::new())
            .expect("nothing is missing");
        self.server.receive_end().expect("a body was on its way");
    }

    /// Sends a request without a body.
    pub(crate) fn request(&mut self, method: &str, fields: &[(&str, &str)]) {
        self.request_head(method, fields, None);
        self.request_end();
    }

    /// Sends a complete final response. Returns all its bytes.
    pub(crate) fn respond(&mut self, head: &ResponseOut<'_>, body: &[u8]) -> (Vec<u8>, Vec<u8>) {
        let mut wire = Vec::new();
        self.server
            .send_response(head, &mut wire)
            .expect("a good response");
        if !body.is_empty() {
            if self
                .server
                .begin_data(body.len(), &mut wire)
                .expect("a body may follow")
            {
                wire.extend_from_slice(body);
            }
            self.server.end_data(&mut wire);
        }
        self.server
            .send_end(&FieldList::new(), &mut wire)
            .expect("nothing is missing");
        let (at, length) = receive_response(&mut self.client, &wire).expect("it is received");
        let (content, used) = content(length.expect("a final response"), &wire[at..]);
        assert_eq!(at + used, wire.len());
        self.client.receive_end().expect("a body was on its way");
        (content, wire)
    }

    pub(crate) fn next_exchange(&mut self) -> bool {
        let (client, server) = (self.client.next_exchange(), self.server.next_exchange());
        assert_eq!(
            client, server,
            "both ends know whether the connection persists"
        );
        client
    }
}

/// A server that has received this request to its end.
pub(crate) fn asked(request: &str) -> Connection {
    let mut server = Connection::new(Role::Server);
    receive_request(&mut server, request.as_bytes()).expect("a good request");
    server.receive_end().expect("a body was on its way");
    server
}

/// The head of a response with this status, without fields.
pub(crate) fn head_of(server: &mut Connection, status: u16) -> Result<String, Misuse> {
    let mut wire = Vec::new();
    server.send_response(&ResponseOut::new(status, &FieldList::new()), &mut wire)?;
    Ok(String::from_utf8(wire).expect("ASCII"))
}

pub(crate) const GET: &str = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
pub(crate) const HEAD: &str = "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n";
