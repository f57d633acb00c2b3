//! The server's part of the machine: it receives requests and sends responses.

use super::{Added, Connection, Event, Framing, Sending, State, response_step};
use crate::http::wire::messages::body::FRAMING;
use crate::http::wire::messages::{chunked, outgoing};
use crate::http::wire::{
    BodyLength, Error, FieldList, Known, Method, Misuse, RequestHead, ResponseOut, Rule, Version,
};

/// How the body of a response is framed whose head has been checked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Checked(Sending);

/// What a request asks for beside a response.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asks {
    /// It is a CONNECT.
    pub(crate) for_tunnel: bool,
    /// It offers another protocol.
    pub(crate) for_upgrade: bool,
    /// Its client waits for a 100 before it sends the body.
    pub(crate) for_continue: bool,
}

impl Connection {
    /// A request head was received.
    ///
    /// # Errors
    /// [`Rule::UnexpectedMessage`] if the exchange before is not complete.
    #[inline]
    pub fn receive_request(&mut self, head: &RequestHead<'_>) -> Result<(), Error> {
        self.received(Event::Request)?;
        self.responses = response_step(self.responses, Event::Request)
            .ok_or_else(|| Error::whole(Rule::UnexpectedMessage))?;
        self.request_facts(head.method(), head.version());
        self.upgrade_offered = head.offers_upgrade();
        self.persistent &= head.is_persistent();
        self.continue_awaited = head.expects_continue();
        Ok(())
    }

    /// What the current request asks for beside a response.
    #[inline]
    pub(crate) fn asks(&self) -> Asks {
        Asks {
            for_tunnel: self.connect,
            for_upgrade: self.upgrade_offered,
            for_continue: self.continue_awaited,
        }
    }

    /// The refused bytes are no request, but their start line has the method HEAD: the response has no body.
    // RFC 9110 §9.3.2: "The HEAD method is identical to GET except that the server MUST NOT send
    // content in the response."
    pub fn answers_head(&mut self) {
        self.head_only = true;
    }

    /// Whether the response is one to HEAD, whose body is not sent.
    pub(crate) fn answers_head_only(&self) -> bool {
        self.head_only
    }

    #[inline]
    pub(super) fn request_facts(&mut self, method: Method<'_>, version: Version) {
        self.version = version;
        self.head_only = method.is_head();
        self.connect = method.is_connect();
    }

    /// The client does not wait for a 100: one was sent, or body bytes arrived without it.
    // RFC 9110 §10.1.1: "A server MAY omit sending a 100 (Continue) response if it has already
    // received some or all of the content for the corresponding request"
    pub fn clear_continue_awaited(&mut self) {
        self.continue_awaited = false;
    }

    /// Appends a 1xx other than 101; to HTTP/1.0 nothing is sent.
    ///
    /// # Errors
    /// [`Misuse::Status`], [`Misuse::Framing`], or [`Misuse::HeadSent`] once the final head has
    /// been sent.
    pub fn send_informational(
        &mut self,
        status: u16,
        fields: &FieldList,
        out: &mut Vec<u8>,
    ) -> Result<(), Misuse> {
        if !matches!(status, 100 | 102..=199) {
            return Err(Misuse::Status);
        }
        outgoing::check_unframed(fields)?;
        self.sent(Event::Informational)?;
        if status == 100 {
            self.clear_continue_awaited();
        }
        // RFC 9110 §15.2: "a server MUST NOT send a 1xx response to an HTTP/1.0 client."
        if self.version == Version::Http11 {
            outgoing::encode_informational(status, fields, out);
        }
        Ok(())
    }

    /// Appends the head of the final response, with the Connection and framing fields it needs.
    ///
    /// # Errors
    /// A [`Misuse`] if status, fields and body contradict each other; nothing is appended then.
    pub fn send_response(
        &mut self,
        head: &ResponseOut<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), Misuse> {
        let checked = self.check_response(Some(head), 0, None)?;
        self.send_checked(head, checked, out)
    }

    /// Checks what is to be sent next, before any of it is encoded: a head, `length` bytes of the body
    /// and, with these trailer fields, the end.
    ///
    /// # Errors
    /// What [`send_response`](Self::send_response), [`begin_data`](Self::begin_data) and
    /// [`send_end`](Self::send_end) would return.
    #[inline(always)]
    pub(crate) fn check_response(
        &self,
        head: Option<&ResponseOut<'_>>,
        length: usize,
        end: Option<&FieldList>,
    ) -> Result<Checked, Misuse> {
        let sending = match head {
            Some(head) => self.response_framing(head)?,
            None => self.sending,
        };
        sending.check(length)?;
        if let Some(trailers) = end {
            sending.after(length).check_end(self.version, trailers)?;
        }
        Ok(Checked(sending))
    }

    /// Appends a whole response: what [`send_response`](Self::send_response), [`begin_data`](Self::begin_data) and
    /// [`send_end`](Self::send_end) append one after the other. Returns how many bytes follow the content.
    ///
    /// # Errors
    /// A [`Misuse`] if status, fields, content and trailers contradict each other; nothing is appended then.
    #[inline(never)]
    pub(crate) fn send_whole(
        &mut self,
        head: &ResponseOut<'_>,
        content: &[u8],
        trailers: &FieldList,
        out: &mut Vec<u8>,
    ) -> Result<usize, Misuse> {
        let checked = self.check_response(Some(head), content.len(), Some(trailers))?;
        self.send_checked(head, checked, out)?;
        let sending = checked.0;
        self.responses = State::Done; // a head has passed, and nothing of its body is missing
        if sending.framing == Framing::Chunked {
            return Ok(chunked::encode_whole(content, trailers, out));
        }
        if sending.sends_body() {
            out.extend_from_slice(content);
        }
        Ok(0)
    }

    /// Appends a head that has been [checked](Self::check_response).
    #[inline(always)]
    pub(crate) fn send_checked(
        &mut self,
        head: &ResponseOut<'_>,
        Checked(sending): Checked,
        out: &mut Vec<u8>,
    ) -> Result<(), Misuse> {
        self.sent(Event::Response)?;
        // A client that waits for a 100 may send the body or not, so the next bytes are ambiguous.
        self.persistent &= self.requests != State::Idle
            && !self.continue_awaited
            && sending.framing != Framing::UntilClose
            && !outgoing::says_close(head.fields);
        self.sending = sending;
        let framing = match sending.framing {
            _ if matches!(head.status, 204 | 304) => None,
            Framing::Chunked => Some(BodyLength::Chunked),
            Framing::Known | Framing::OmittedKnown => Some(BodyLength::Known(sending.left)),
            // RFC 9110 §9.3.2: "The server SHOULD send the same header fields in response to a HEAD
            // request as it would have sent if the request method had been GET."
            Framing::Omitted if self.version == Version::Http11 => Some(BodyLength::Chunked),
            Framing::Nothing | Framing::Omitted | Framing::UntilClose => None,
        };
        let kept_alive = self.persistent.then_some(self.version);
        self.added = Some(Added {
            kept_alive,
            framing,
        });
        outgoing::encode_response(head, kept_alive, framing, out);
        Ok(())
    }

    /// Appends the final head again, from the same status and fields; nothing if none was sent.
    pub fn repeat_response(&self, head: &ResponseOut<'_>, out: &mut Vec<u8>) {
        if let Some(added) = self.added {
            outgoing::encode_response(head, added.kept_alive, added.framing, out);
        }
    }

    pub(super) fn tunnels(&self, status: u16) -> bool {
        matches!(status, 200..=299)
    }

    /// How a final response to the current request is framed (RFC 9112 §6).
    #[inline(always)]
    fn response_framing(&self, head: &ResponseOut<'_>) -> Result<Sending, Misuse> {
        let is_final = outgoing::is_final_status(head.status, head.is_forwarded);
        if !is_final || (self.connect && self.tunnels(head.status)) {
            return Err(Misuse::Status);
        }
        let (declared, chunked) = match head.fields.view().has_any(FRAMING) {
            true => self.declared(head)?,
            false => (None, false),
        };
        let length = declared.or(head.length.filter(|_| !chunked));
        if matches!(head.status, 204 | 205 | 304) {
            return self.framing_without_body(head, length, declared.is_some() || chunked);
        }
        Ok(match length {
            Some(left) if self.head_only => Sending::declared(Framing::OmittedKnown, left),
            None if self.head_only => Sending::undeclared(Framing::Omitted),
            Some(left) => Sending::declared(Framing::Known, left),
            // RFC 9112 §6.1: "A server MUST NOT send a response containing Transfer-Encoding unless
            // the corresponding request indicates HTTP/1.1 (or later minor revisions)."
            None if self.version == Version::Http10 => Sending::undeclared(Framing::UntilClose),
            None => Sending::undeclared(Framing::Chunked),
        })
    }

    /// The program's Content-Length, which must agree with its other fields and with its body, and whether the
    /// program asks for the chunked coding.
    fn declared(&self, head: &ResponseOut<'_>) -> Result<(Option<u64>, bool), Misuse> {
        let chunked = outgoing::declares_chunked(head.fields)?;
        let Some(declared) = outgoing::declared_length(head.fields)? else {
            return Ok((None, chunked));
        };
        // A response to HEAD and a 304 declare the length of a body that does not follow.
        let follows = !self.head_only && head.status != 304;
        match head.length {
            _ if chunked => Err(Misuse::Framing),
            Some(length) if follows && length > declared => Err(Misuse::BodyTooLong),
            Some(length) if follows && length < declared => Err(Misuse::BodyTooShort),
            _ => Ok((Some(declared), false)),
        }
    }

    /// How a response is framed whose status allows no body. `declares`: the program's fields frame one.
    fn framing_without_body(
        &self,
        head: &ResponseOut<'_>,
        length: Option<u64>,
        declares: bool,
    ) -> Result<Sending, Misuse> {
        match head.status {
            // RFC 9110 §8.6: "A server MUST NOT send a Content-Length header field in any response
            // with a status code of 1xx (Informational) or 204 (No Content)."
            // RFC 9112 §6.1: "A server MUST NOT send a Transfer-Encoding header field in any response
            // with a status code of 1xx (Informational) or 204 (No Content)."
            204 if declares => Err(Misuse::Framing),
            // RFC 9110 §15.3.6: "a server MUST NOT generate content in a 205 response."
            205 if length > Some(0) => Err(Misuse::BodyNotAllowed),
            205 => Ok(Sending::declared(Framing::Known, 0)),
            _ if self.head_only => Ok(Sending::undeclared(Framing::Omitted)),
            _ if head.length > Some(0) => Err(Misuse::BodyNotAllowed),
            _ => Ok(Sending::NOTHING),
        }
    }

    /// Appends the head that switches the connection to another protocol: a 101 with the given fields, or
    /// a 200 to CONNECT.
    ///
    /// # Errors
    /// [`Misuse::Switch`] if the client did not ask, its request has not been read to the end, or a 101
    /// does not name the protocol in Upgrade.
    pub fn send_switch(&mut self, fields: &FieldList, out: &mut Vec<u8>) -> Result<(), Misuse> {
        if self.requests != State::Done || !(self.connect || self.upgrade_offered) {
            return Err(Misuse::Switch);
        }
        // RFC 9110 §15.2.2: "The server MUST generate an Upgrade header field in the response that
        // indicates which protocol(s) will be in effect after this response."
        if !self.connect && !fields.view().has(Known::Upgrade) {
            return Err(Misuse::Switch);
        }
        outgoing::check_unframed(fields)?;
        self.sent(Event::Switch)?;
        self.requests = State::Switched;
        outgoing::encode_switch(self.switch_status(), fields, out);
        Ok(())
    }

    /// The status of the head that switches.
    pub(crate) fn switch_status(&self) -> u16 {
        if self.connect { 200 } else { 101 }
    }
}
