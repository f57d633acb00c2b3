//! The client's part of the machine: it sends requests and receives responses.

use super::{Connection, Event, Framing, Sending, State, request_step, response_step};
use crate::http::wire::messages::outgoing;
use crate::http::wire::{
    BodyLength, Error, Fields, Known, Method, Misuse, RequestHead, RequestOut, ResponseHead, Rule,
    Version, grammar,
};

impl Connection {
    /// Appends a request head, with the framing fields it needs.
    ///
    /// # Errors
    /// A [`Misuse`] if its fields contradict each other, or the exchange before is not complete.
    pub fn send_request(&mut self, head: &RequestOut<'_>, out: &mut Vec<u8>) -> Result<(), Misuse> {
        let declared = outgoing::declared_length(head.fields)?;
        let chunked = outgoing::declares_chunked(head.fields)?;
        if declared.is_some()
            && (chunked || head.length.is_some_and(|length| declared != Some(length)))
        {
            return Err(Misuse::Framing);
        }
        // RFC 9112 §3.2: "A client MUST send a Host header field (Section 7.2 of [HTTP]) in all
        // HTTP/1.1 request messages."
        let hosts = head.fields.view().known(Known::Host).count();
        if hosts > 1 || (hosts == 0 && head.version == Version::Http11) {
            return Err(Misuse::Host);
        }
        let streams = chunked || (declared.is_none() && head.length.is_none() && head.streams);
        // RFC 9112 §6.1: "A client MUST NOT send a request containing Transfer-Encoding unless it
        // knows the server will handle HTTP/1.1 (or later) requests"
        if streams && head.version == Version::Http10 {
            return Err(Misuse::Framing);
        }
        self.sent(Event::Request)?;
        self.responses = response_step(self.responses, Event::Request).ok_or(Misuse::State)?;
        self.request_facts(head.method, head.version);
        self.offers_upgrade(head.fields.view());
        self.continue_awaited = head.fields.view().has(Known::Expect);
        self.persistent &= !outgoing::says_close(head.fields);
        self.sending = match declared.or(head.length) {
            _ if chunked => Sending::undeclared(Framing::Chunked),
            Some(left) => Sending::declared(Framing::Known, left),
            None if head.streams => Sending::undeclared(Framing::Chunked),
            None => Sending::declared(Framing::Known, 0),
        };
        outgoing::encode_request(head, self.sending.framing == Framing::Chunked, out);
        Ok(())
    }

    /// Another program has sent this request: what an observer of a connection calls in place of
    /// [`send_request`](Self::send_request), before [`send_end`](Self::send_end).
    ///
    /// # Errors
    /// [`Misuse::State`] if the exchange before is not complete.
    pub(crate) fn request_passed(&mut self, head: &RequestHead<'_>) -> Result<(), Misuse> {
        self.sent(Event::Request)?;
        self.responses = response_step(self.responses, Event::Request).ok_or(Misuse::State)?;
        self.request_facts(head.method(), head.version());
        if head.offers_upgrade() {
            self.offers_upgrade(head.fields());
        }
        self.persistent &= head.is_persistent();
        Ok(())
    }

    /// Another program has sent what is no request, or not yet: it may be answered, for the last time.
    pub(crate) fn bad_request_passed(&mut self, is_head: bool) {
        self.requests = State::Failed;
        self.responses = State::Waiting;
        self.persistent = false;
        self.head_only = is_head;
    }

    /// A response head was received. Returns how its body is framed; `None` for a 1xx, which another head
    /// follows.
    ///
    /// # Errors
    /// The rule that its framing breaks, or [`Rule::UnexpectedMessage`] if no request waits for it.
    pub fn receive_response(
        &mut self,
        head: &ResponseHead<'_>,
    ) -> Result<Option<BodyLength>, Error> {
        // RFC 9112 §9.2: "If a client receives data on a connection that doesn't have outstanding
        // requests, the client MUST NOT consider that data to be a valid response"
        if self.responses != State::Waiting {
            return Err(Error::whole(Rule::UnexpectedMessage));
        }
        let status = head.status();
        if status == 101 || (self.connect && self.tunnels(status)) {
            if status == 101 {
                self.check_switch(head)?;
            }
            self.received(Event::Switch)?;
            self.requests = request_step(self.requests, Event::Switch)
                .ok_or_else(|| Error::whole(Rule::UnexpectedMessage))?;
            return Ok(Some(BodyLength::Known(0)));
        }
        if matches!(status, 100..=199) {
            self.clear_continue_awaited();
            self.received(Event::Informational)?;
            return Ok(None);
        }
        let method = if self.head_only { "HEAD" } else { "GET" };
        let length = head.body_length(Method::from_token(method.as_bytes()))?;
        self.received(Event::Response)?;
        self.persistent &= head.is_persistent() && length != BodyLength::UntilClose;
        self.clear_continue_awaited();
        Ok(Some(length))
    }

    /// Notes the protocols that the request offers.
    fn offers_upgrade(&mut self, fields: Fields<'_>) {
        self.upgrade_offered = fields.has(Known::Upgrade);
        self.protocols_offered.clear();
        for protocol in fields.list("Upgrade") {
            self.protocols_offered.extend_from_slice(protocol);
            self.protocols_offered.push(b',');
        }
    }

    /// A CONNECT asks for a tunnel, so a 101 is no response to it.
    fn check_switch(&self, head: &ResponseHead<'_>) -> Result<(), Error> {
        if self.connect || !self.upgrade_offered {
            return Err(Error::whole(Rule::UnexpectedMessage));
        }
        // RFC 9110 §7.8: "The "Upgrade" header field is intended to provide a simple mechanism for
        // transitioning from HTTP/1.1 to some other protocol on the same connection."
        if head.version() != Version::Http11 {
            return Err(Error::whole(Rule::SwitchTooOld));
        }
        // RFC 9110 §15.2.2: "The server MUST generate an Upgrade header field in the response that
        // indicates which protocol(s) will be in effect after this response."
        // RFC 9110 §7.8: "A sender of Upgrade MUST also send an "Upgrade" connection option in the
        // Connection header field"
        let fields = head.fields();
        if !fields.has(Known::Upgrade) || !head.switches() {
            return Err(Error::whole(Rule::SwitchUnnamed));
        }
        // RFC 9110 §7.8: "A server MUST NOT switch to a protocol that was not indicated by the
        // client in the corresponding request's Upgrade header field." And: "recipients SHOULD use
        // case-insensitive comparison when matching each protocol-name to supported protocols."
        for protocol in fields.list("Upgrade") {
            let mut offers = grammar::list(&self.protocols_offered);
            if !offers.any(|offer| offer.eq_ignore_ascii_case(protocol)) {
                return Err(Error::new(Rule::SwitchNotOffered, protocol, 0));
            }
        }
        // RFC 9110 §8.6: "A server MUST NOT send a Content-Length header field in any response with a
        // status code of 1xx (Informational) or 204 (No Content)."
        // RFC 9112 §6.1: "A server MUST NOT send a Transfer-Encoding header field in any response with a
        // status code of 1xx (Informational) or 204 (No Content)."
        if fields.has(Known::ContentLength) || fields.has(Known::TransferEncoding) {
            return Err(Error::whole(Rule::SwitchWithContent));
        }
        Ok(())
    }
}
