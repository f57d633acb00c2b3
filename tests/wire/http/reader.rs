//! Reads one message from bytes in pieces, with the public decoders only.

use super::format::{FieldLines, Kind};
use barewire::http::wire::{
    BodyDecoder, BodyLength, Error, Fields, Limits, Method, RequestDecoder, RequestHead,
    ResponseDecoder, Rule, Target,
};

/// A message as the decoders return it. Parts that its kind does not have stay empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) method: String,
    pub(crate) target: String,
    /// The request-target as it was sent.
    pub(crate) target_str: String,
    pub(crate) authority: String,
    pub(crate) version: &'static str,
    pub(crate) status: u16,
    pub(crate) reason: Vec<u8>,
    pub(crate) fields: FieldLines,
    pub(crate) body: BodyLength,
    pub(crate) persistent: bool,
    pub(crate) expects: bool,
    pub(crate) upgrade: bool,
    pub(crate) content: Vec<u8>,
    pub(crate) trailers: FieldLines,
    /// How many bytes the message has, empty lines before it included.
    pub(crate) length: usize,
}

impl Message {
    fn empty() -> Message {
        Message {
            method: String::new(),
            target: String::new(),
            target_str: String::new(),
            authority: String::new(),
            version: "",
            status: 0,
            reason: Vec::new(),
            fields: Vec::new(),
            body: BodyLength::Chunked,
            persistent: false,
            expects: false,
            upgrade: false,
            content: Vec::new(),
            trailers: Vec::new(),
            length: 0,
        }
    }

    fn of_request(head: &RequestHead<'_>) -> Message {
        Message {
            method: head.method().as_str().to_string(),
            target: show_target(&head.target()),
            target_str: head.target_str().to_string(),
            authority: head.authority().to_string(),
            version: head.version().as_str(),
            fields: lines(head.fields()),
            body: head.body_length(),
            persistent: head.is_persistent(),
            expects: head.expects_continue(),
            upgrade: head.offers_upgrade(),
            ..Message::empty()
        }
    }
}

pub(crate) fn lines(fields: Fields<'_>) -> FieldLines {
    fields
        .iter()
        .map(|(name, value)| (name.to_string(), value.to_vec()))
        .collect()
}

/// A target as the fixtures write it: the form, then its parts.
pub(crate) fn show_target(target: &Target<'_>) -> String {
    let query = |query: &Option<&str>| query.map_or(String::new(), |query| format!(" ?{query}"));
    match target {
        Target::Origin { path, query: q } => format!("origin {path}{}", query(q)),
        Target::Absolute {
            scheme,
            authority,
            path,
            query: q,
        } => {
            let path = if path.is_empty() { "-" } else { path };
            format!("absolute {scheme} {authority} {path}{}", query(q))
        }
        Target::Authority { host, port } => format!("authority {host} {port}"),
        Target::Asterisk => "asterisk".to_string(),
    }
}

/// A refusal: the rule, and for heads also the offset, which must not depend on the cuts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) rule: Rule,
    pub(crate) at: Option<usize>,
}

pub(crate) type Progress = Result<Option<Message>, Refusal>;

#[derive(Debug)]
enum Head {
    Request(RequestDecoder),
    Response(ResponseDecoder, String),
    None,
}

/// Reads messages of one kind, one after another.
#[derive(Debug)]
pub(crate) struct Reader {
    head: Head,
    limits: Limits,
    bytes: Vec<u8>,
    at: usize,
    body: Option<BodyDecoder>,
    message: Message,
    /// Whether content is read without the decoder where it allows that.
    past: bool,
}

impl Reader {
    pub(crate) fn new(kind: &Kind, limits: Limits, past: bool) -> Reader {
        let head = match kind {
            Kind::Request => Head::Request(RequestDecoder::new(limits)),
            Kind::Response(method) => Head::Response(ResponseDecoder::new(limits), method.clone()),
            Kind::Chunked => Head::None,
        };
        Reader {
            head,
            limits,
            bytes: Vec::new(),
            at: 0,
            body: None,
            message: Message::empty(),
            past,
        }
    }

    /// Receives a piece; returns the message once it is complete, `None` = not yet.
    pub(crate) fn receive(&mut self, piece: &[u8]) -> Progress {
        self.bytes.extend_from_slice(piece);
        if self.body.is_none() && !self.read_head()? {
            return Ok(None);
        }
        let ended = self.read_body().map_err(|error| Refusal {
            rule: error.rule(),
            at: None,
        })?;
        Ok(ended.then(|| self.complete()))
    }

    /// The connection ends here.
    pub(crate) fn close(&mut self) -> Progress {
        let truncated = Refusal {
            rule: Rule::MessageTruncated,
            at: None,
        };
        let body = self.body.as_ref().ok_or(truncated)?;
        body.finish().map_err(|error| Refusal {
            rule: error.rule(),
            at: None,
        })?;
        Ok(Some(self.complete()))
    }

    /// The message as far as it has arrived, if its head is complete.
    pub(crate) fn so_far(&self) -> Message {
        self.message.clone()
    }

    /// The content that has arrived.
    pub(crate) fn content(&self) -> &[u8] {
        &self.message.content
    }

    /// Continues after the message that was read, with the same decoder.
    pub(crate) fn restart(&mut self) {
        match &mut self.head {
            Head::Request(decoder) => decoder.restart(),
            Head::Response(decoder, _) => decoder.restart(),
            Head::None => {}
        }
        self.bytes.drain(..self.at);
        (self.at, self.body, self.message) = (0, None, Message::empty());
    }

    fn read_head(&mut self) -> Result<bool, Refusal> {
        let refusal = |error: Error| Refusal {
            rule: error.rule(),
            at: Some(error.at()),
        };
        let bytes = &self.bytes[..];
        match &mut self.head {
            Head::Request(decoder) => {
                let Some(length) = decoder.decode(bytes).map_err(refusal)? else {
                    return Ok(false);
                };
                self.message = Message::of_request(&decoder.head(&bytes[..length]));
                self.at = length;
            }
            Head::Response(decoder, method) => {
                let Some(length) = decoder.decode(bytes).map_err(refusal)? else {
                    return Ok(false);
                };
                let head = decoder.head(&bytes[..length]);
                self.message = Message {
                    version: head.version().as_str(),
                    status: head.status(),
                    reason: head.reason().to_vec(),
                    fields: lines(head.fields()),
                    body: head
                        .body_length(Method::new(method).expect("a token"))
                        .map_err(refusal)?,
                    persistent: head.is_persistent(),
                    ..Message::empty()
                };
                self.at = length;
            }
            Head::None => {}
        }
        let decoder = match &self.head {
            Head::Response(..) => BodyDecoder::of_response,
            Head::Request(_) | Head::None => BodyDecoder::new,
        };
        self.body = Some(decoder(self.message.body, self.limits));
        Ok(true)
    }

    /// Every iteration consumes bytes or leaves the loop, so it ends.
    fn read_body(&mut self) -> Result<bool, Error> {
        let body = self.body.as_mut().expect("after the head");
        loop {
            let input = &self.bytes[self.at..];
            let ahead = usize::try_from(body.content_ahead())
                .unwrap_or(usize::MAX)
                .min(input.len());
            if self.past && ahead > 0 {
                self.message.content.extend_from_slice(&input[..ahead]);
                self.at += ahead;
                if body.took(ahead) {
                    return Ok(true);
                }
                continue;
            }
            let step = body.decode(input)?;
            assert!(
                step.consumed <= input.len() && step.data <= step.consumed,
                "{step:?} of {} bytes",
                input.len()
            );
            self.message
                .content
                .extend_from_slice(&input[step.consumed - step.data..step.consumed]);
            self.at += step.consumed;
            if step.ended {
                assert_eq!(body.finish().err(), None, "a body that has ended is whole");
                return Ok(true);
            }
            if step.consumed == 0 {
                assert!(
                    input.is_empty(),
                    "a decoder that waits has taken all there is"
                );
                return Ok(false);
            }
        }
    }

    fn complete(&mut self) -> Message {
        self.message.trailers = lines(self.body.as_ref().expect("after the head").trailers());
        self.message.length = self.at;
        self.message.clone()
    }
}
