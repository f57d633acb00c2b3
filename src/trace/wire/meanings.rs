//! What the values that everybody meets first mean: a sentence each, for a reader who has no RFC open.

use super::labels::Label;

#[rustfmt::skip]
pub(super) const MEANINGS: &[(Label, &str, &str)] = &[
    (Label::Method, "GET", "asks for what the target names"),
    (Label::Method, "HEAD", "asks for the head of the response to GET, without its body"),
    (Label::Method, "POST", "the target is to process the body"),
    (Label::Method, "PUT", "the body is to replace what the target names"),
    (Label::Method, "DELETE", "what the target names is to be removed"),
    (Label::Method, "CONNECT", "asks a proxy for a tunnel to the target"),
    (Label::Method, "OPTIONS", "asks which methods are possible"),

    (Label::FieldName, "accept", "what the client would like to get"),
    (Label::FieldName, "accept-encoding", "which compressions the client can undo"),
    (Label::FieldName, "authorization", "who asks"),
    (Label::FieldName, "cache-control", "how long which cache may keep it"),
    (Label::FieldName, "connection", "fields that a proxy must not pass on: they are about this connection"),
    (Label::FieldName, "content-encoding", "how the body is compressed"),
    (Label::FieldName, "content-length", "how many bytes of body follow the head"),
    (Label::FieldName, "content-type", "what the body is"),
    (Label::FieldName, "cookie", "what the server has asked the client to send back"),
    (Label::FieldName, "date", "when the message was made"),
    (Label::FieldName, "etag", "a name of this version"),
    (Label::FieldName, "expect", "what the client waits for before it sends the body"),
    (Label::FieldName, "host", "which site is meant: a server may have many"),
    (Label::FieldName, "location", "where to ask next"),
    (Label::FieldName, "origin", "the page whose script asks"),
    (Label::FieldName, "range", "which part is asked for"),
    (Label::FieldName, "sec-websocket-accept", "computed from the key: proves that the server speaks WebSocket"),
    (Label::FieldName, "sec-websocket-key", "random: the server proves with it that it speaks WebSocket"),
    (Label::FieldName, "sec-websocket-version", "the version of WebSocket: 13 is the only one"),
    (Label::FieldName, "server", "which software answers"),
    (Label::FieldName, "set-cookie", "the client is to send it back with the next requests"),
    (Label::FieldName, "transfer-encoding", "how the body is framed"),
    (Label::FieldName, "upgrade", "which protocol is to be spoken instead"),
    (Label::FieldName, "user-agent", "which software asks"),

    (Label::Element, "100-continue", "the client sends the head alone and waits, as a server may refuse it: then it need not send the body; a response 100 asks for it"),
    (Label::Element, "chunked", "the body comes in chunks, each behind its size; the end is a size of 0, perhaps fields, and an empty line"),
    (Label::Element, "close", "the connection ends behind this message and its response"),
    (Label::Element, "keep-alive", "more requests may follow on the connection"),
    (Label::Element, "upgrade", "the Upgrade field is meant for this connection"),
    (Label::Element, "websocket", "frames of RFC 6455"),

    (Label::Status, "100", "the client, which waits, is to send the body; the final response follows later"),
    (Label::Status, "101", "behind this head, both sides speak the other protocol"),
    (Label::Status, "200", "the request has succeeded"),
    (Label::Status, "204", "it has succeeded, and there is no body"),
    (Label::Status, "206", "a part of the representation follows"),
    (Label::Status, "301", "it has moved for good: see Location"),
    (Label::Status, "302", "it is elsewhere for now: see Location"),
    (Label::Status, "304", "the copy that the client has is still good"),
    (Label::Status, "400", "the request breaks a rule"),
    (Label::Status, "401", "the client must say who it is"),
    (Label::Status, "403", "the server does not allow it"),
    (Label::Status, "404", "there is nothing of this name"),
    (Label::Status, "500", "the server has failed"),
    (Label::Status, "503", "the server cannot answer now"),

    (Label::ChunkSize, "0", "the last chunk, without data; fields or an empty line follow"),
    (Label::Fin, "0", "more frames of this message follow"),
    (Label::Fin, "1", "no more frames of this message follow"),
    (Label::Rsv1, "0", "the message is not compressed"),
    (Label::Rsv1, "1", "the message is compressed, as the handshake has agreed on (permessage-deflate)"),
    (Label::Rsv2, "0", "for extensions, and none uses it here"),
    (Label::Rsv3, "0", "for extensions, and none uses it here"),
    (Label::GzipMethod, "8", "DEFLATE (RFC 1951)"),
    (Label::GzipTime, "0", "not known"),
    (Label::GzipExtraFlags, "2", "as well as it can be"),
    (Label::GzipExtraFlags, "4", "as fast as it can be"),
    (Label::GzipSystem, "0", "MS-DOS, Windows"),
    (Label::GzipSystem, "3", "Unix"),
    (Label::GzipSystem, "255", "not known"),
    (Label::MaskBit, "0", "no key, a payload as it is: a server must not mask, for no script in a browser chooses what it sends"),
    (Label::MaskBit, "1", "a key and a masked payload follow: a client must mask, or a script in a browser could send bytes that a proxy takes for HTTP; with a random key, it cannot choose them"),
    (Label::Length7Bits, "126", "more than 125, and the next two bytes say it"),
    (Label::Length7Bits, "127", "more than 65,535, and the next eight bytes say it"),
    (Label::FrameOpcode, "0 Continuation", "the message goes on"),
    (Label::FrameOpcode, "1 Text", "a message begins that is text in UTF-8"),
    (Label::FrameOpcode, "2 Binary", "a message begins that is bytes"),
    (Label::FrameOpcode, "8 Close", "the sender sends no more; a peer that has sent no Close answers with one"),
    (Label::FrameOpcode, "9 Ping", "the peer must answer with a pong"),
    (Label::FrameOpcode, "10 Pong", "the answer to a ping"),
    (Label::CloseCode, "1000", "normal closure"),
    (Label::CloseCode, "1001", "the sender goes away"),
    (Label::CloseCode, "1002", "the peer has broken a rule of the protocol"),
    (Label::CloseCode, "1003", "the sender does not take this kind of data"),
    (Label::CloseCode, "1007", "a text was not UTF-8"),
    (Label::CloseCode, "1009", "a message was too long"),
    (Label::CloseCode, "1011", "the server has failed"),
    (Label::CloseCode, "1012", "the server restarts"),
];

impl Label {
    /// What this value of it means, for a reader who does not know it; values that explain themselves have nothing.
    ///
    /// ```
    /// use barewire::trace::wire::Label;
    ///
    /// let expects = Label::Element.meaning("100-continue");
    /// assert!(expects.unwrap().starts_with("the client sends the head alone and waits"));
    /// assert_eq!(Label::TargetPath.meaning("/"), None);
    /// ```
    pub fn meaning(self, value: &str) -> Option<&'static str> {
        let mut all = MEANINGS.iter();
        let (.., says) =
            all.find(|(label, is, _)| *label == self && is.eq_ignore_ascii_case(value))?;
        Some(says)
    }
}
