//! The head of a request without a body, encoded once for all requests that are alike.
//!
//! What it makes of a connection is kept with it: the machine of a connection that has sent this head, and nothing
//! before. Between two exchanges every connection is as a new one
//! ([`Connection::next_exchange`]), so it becomes a copy of that machine.

use crate::http::wire::{Connection, Misuse, RequestOut, Role, State};

#[derive(Debug)]
pub(super) struct EncodedHead {
    bytes: Vec<u8>,
    machine: Connection,
}

impl EncodedHead {
    /// # Errors
    /// As [`Connection::send_request`].
    pub(super) fn new(head: &RequestOut<'_>) -> Result<EncodedHead, Misuse> {
        let (mut bytes, mut machine) = (Vec::new(), Connection::new(Role::Client));
        machine.send_request(head, &mut bytes)?;
        Ok(EncodedHead { bytes, machine })
    }

    /// As [`Connection::send_request`] with this head.
    ///
    /// # Errors
    /// [`Misuse::State`] if the exchange before is not complete.
    pub(super) fn send(&self, machine: &mut Connection, out: &mut Vec<u8>) -> Result<(), Misuse> {
        let is_idle = machine.requests() == State::Idle && machine.responses() == State::Idle;
        if !is_idle || !machine.is_persistent() {
            return Err(Misuse::State);
        }
        machine.clone_from(&self.machine);
        out.extend_from_slice(&self.bytes);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::wire::{FieldList, Limits, Method, ResponseDecoder, Target};

    fn request<'a>(method: &'a str, fields: &'a FieldList) -> RequestOut<'a> {
        let method = Method::new(method).unwrap();
        RequestOut::new(method, Target::decode(method, b"/").unwrap(), fields)
    }

    /// All that is known of a machine, and what it makes of this response.
    fn after(mut machine: Connection, response: &[u8]) -> (String, String) {
        let before = format!("{machine:?}");
        machine
            .send_end(&FieldList::new(), &mut Vec::new())
            .unwrap();
        let mut decoder = ResponseDecoder::new(Limits::default());
        decoder.decode(response).unwrap();
        let received = machine.receive_response(&decoder.head(response));
        (before, format!("{received:?} {machine:?}"))
    }

    #[test]
    fn a_connection_is_after_it_what_it_is_after_the_head_itself() {
        let cases: [(&str, &[(&str, &str)]); 5] = [
            ("GET", &[]),
            ("HEAD", &[("Accept", "*/*")]),
            ("GET", &[("Connection", "close")]),
            ("GET", &[("Connection", "Upgrade"), ("Upgrade", "a, b/2")]),
            ("DELETE", &[("Content-Length", "0")]),
        ];
        let responses: [&[u8]; 3] = [
            b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
            b"HTTP/1.1 101 \r\nConnection: Upgrade\r\nUpgrade: b/2\r\n\r\n",
            b"HTTP/1.0 200 OK\r\n\r\n",
        ];
        for (method, lines) in cases {
            let mut fields = FieldList::new();
            fields.append("Host", "a").unwrap();
            for (name, value) in lines {
                fields.append(name, value).unwrap();
            }
            let head = request(method, &fields);
            let (mut plain, mut out) = (Connection::new(Role::Client), Vec::new());
            plain.send_request(&head, &mut out).unwrap();
            let encoded = EncodedHead::new(&head).unwrap();
            let (mut copy, mut again) = (Connection::new(Role::Client), Vec::new());
            encoded.send(&mut copy, &mut again).unwrap();
            assert_eq!(out, again);
            for response in responses {
                assert_eq!(
                    after(plain.clone(), response),
                    after(copy.clone(), response)
                );
            }
        }
    }

    #[test]
    fn a_head_is_sent_between_two_exchanges_only() {
        let mut fields = FieldList::new();
        assert_eq!(
            EncodedHead::new(&request("GET", &fields)).err(),
            Some(Misuse::Host)
        );
        fields.append("Host", "a").unwrap();
        let encoded = EncodedHead::new(&request("GET", &fields)).unwrap();
        let (mut machine, mut out) = (Connection::new(Role::Client), Vec::new());
        encoded.send(&mut machine, &mut out).unwrap();
        let sent = out.len();
        assert_eq!(encoded.send(&mut machine, &mut out), Err(Misuse::State));
        let mut closing = Connection::new(Role::Client);
        closing.close_after();
        assert_eq!(encoded.send(&mut closing, &mut out), Err(Misuse::State));
        assert_eq!(out.len(), sent);
    }
}
