//! The table of words: what each kind of span and note is called, and the rule it obeys.
//!
//! A program finds a span by its *key*, which does not change: `http.request.method`. A person reads its
//! words. A language is a column of this table and a method of [`Label`].

macro_rules! labels {
    ($($name:ident $key:literal $section:literal $english:literal;)+) => {
        /// What a [`Span`](super::Span) or a [`Note`](super::Note) is.
        ///
        /// ```
        /// use barewire::trace::wire::Label;
        ///
        /// assert_eq!(Label::Method.key(), "http.request.method");
        /// assert_eq!(Label::Method.section(), "RFC 9110 §9.1");
        /// assert_eq!(Label::Method.english(), "method");
        /// ```
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Label { $(#[doc = concat!("`", $key, "`: ", $english, ".")] $name),+ }

        impl Label {
            /// Every label there is, in the order of the table.
            pub const ALL: &'static [Label] = &[$(Label::$name),+];

            /// The name for programs; it does not change.
            pub fn key(self) -> &'static str { match self { $(Label::$name => $key),+ } }

            /// Where it is defined, as `RFC 9112 §7.1`; empty where the decoder's error says it.
            pub fn section(self) -> &'static str { match self { $(Label::$name => $section),+ } }

            /// The name for readers of English.
            pub fn english(self) -> &'static str { match self { $(Label::$name => $english),+ } }
        }
    };
}

labels! {
    Refused "refused" "" "refused: these bytes break the rule";
    RefusedAt "refused.at" "" "where the rule is broken, and what stands there";
    Unexplained "unexplained" "" "bytes that are not explained, and why";
    End "end" "RFC 9293 §3.6" "sends no more: its direction ends";
    Gap "tcp.gap" "RFC 9293 §3.4" "bytes that are not in the capture";
    Bytes "bytes" "" "data: what the two programs say to each other";

    Datagram "udp.datagram" "RFC 768 §Introduction" "a datagram";
    FramedMessage "framing.message" "" "framed message";
    FramedSerial "framing.serial" "" "serial number of the message";
    FramedLength "framing.length" "" "length of the body";
    FramedBody "framing.body" "" "body of the message";
    FramedPadding "framing.padding" "" "padding of the cell";
    FramedDelimiter "framing.delimiter" "" "delimiter: the message ends";

    Request "http.request" "RFC 9112 §2.1" "head of a request";
    RequestLine "http.request.line" "RFC 9112 §3" "request line";
    Method "http.request.method" "RFC 9110 §9.1" "method";
    Target "http.request.target" "RFC 9112 §3.2" "request-target";
    TargetScheme "http.target.scheme" "RFC 9110 §4.2.1" "scheme of the target";
    TargetPath "http.target.path" "RFC 3986 §3.3" "path of the target";
    Query "http.query" "RFC 3986 §3.4" "query of the target";
    QueryName "http.query.name" "RFC 3986 §3.4" "name in the query";
    QueryValue "http.query.value" "RFC 3986 §3.4" "value in the query";
    Decoded "http.decoded" "RFC 3986 §2.1" "the same, percent-decoded";
    Response "http.response" "RFC 9112 §2.1" "head of a response";
    StatusLine "http.response.line" "RFC 9112 §4" "status line";
    Status "http.response.status" "RFC 9110 §15" "status code";
    StatusMeaning "http.status.meaning" "RFC 9110 §15" "name of this code in the register";
    Reason "http.response.reason" "RFC 9112 §4" "text sent with the code, to be ignored";
    Version "http.version" "RFC 9112 §2.3" "version of HTTP that the sender speaks";
    EmptyLines "http.empty_lines" "RFC 9112 §2.2" "empty lines before a message";
    Space "http.space" "RFC 9112 §2.2" "one space";
    LineEnd "http.line_end" "RFC 9112 §2.2" "end of the line";
    HeadEnd "http.head.end" "RFC 9112 §2.1" "empty line: the head ends";

    Field "http.field" "RFC 9112 §5" "field line";
    FieldName "http.field.name" "RFC 9110 §5.1" "field name, in upper or lower case";
    FieldColon "http.field.colon" "RFC 9112 §5" "colon";
    FieldValue "http.field.value" "RFC 9110 §5.5" "field value";
    Fold "http.field.fold" "RFC 9112 §5.2" "obsolete line folding: it counts as a space";
    Whitespace "http.whitespace" "RFC 9110 §5.6.3" "optional whitespace";
    Delimiter "http.delimiter" "RFC 9110 §5.6.2" "delimiter";
    Element "http.value.element" "RFC 9110 §5.6.1" "element of the list";
    Type "http.value.type" "RFC 9110 §8.3.1" "type";
    Subtype "http.value.subtype" "RFC 9110 §8.3.1" "subtype";
    ProtocolVersion "http.value.version" "RFC 9110 §7.8" "version of the protocol";
    Parameter "http.value.parameter" "RFC 9110 §5.6.6" "name of a parameter";
    ParameterValue "http.value.parameter.value" "RFC 9110 §5.6.6" "value of a parameter";
    Weight "http.value.weight" "RFC 9110 §12.4.2" "weight, from 0 to 1";
    Number "http.value.number" "RFC 9110 §8.6" "decimal number";
    HostName "http.host.name" "RFC 3986 §3.2.2" "host";
    HostPort "http.host.port" "RFC 3986 §3.2.3" "port";
    Weekday "http.date.weekday" "RFC 9110 §5.6.7" "day of the week";
    Day "http.date.day" "RFC 9110 §5.6.7" "day";
    Month "http.date.month" "RFC 9110 §5.6.7" "month";
    Year "http.date.year" "RFC 9110 §5.6.7" "year";
    Time "http.date.time" "RFC 9110 §5.6.7" "time of day";
    Zone "http.date.zone" "RFC 9110 §5.6.7" "always GMT";
    RangeUnit "http.range.unit" "RFC 9110 §14.1" "unit of the range";
    RangeFirst "http.range.first" "RFC 9110 §14.1.2" "first byte, counted from 0";
    RangeLast "http.range.last" "RFC 9110 §14.1.2" "last byte, part of the range";
    RangeSuffix "http.range.suffix" "RFC 9110 §14.1.2" "this many bytes at the end";
    RangeComplete "http.range.complete" "RFC 9110 §14.4" "length of the whole representation";
    EntityTag "http.etag" "RFC 9110 §8.8.3" "entity tag";
    TagStrength "http.etag.strength" "RFC 9110 §8.8.1" "strong or weak";
    CookieName "http.cookie.name" "RFC 6265 §4.1.1" "name of a cookie";
    CookieValue "http.cookie.value" "RFC 6265 §4.1.1" "value of a cookie, a secret";
    AuthScheme "http.auth.scheme" "RFC 9110 §11.1" "authentication scheme";
    Credentials "http.auth.credentials" "RFC 9110 §11.4" "credentials, a secret";
    UserAndPassword "http.auth.basic" "RFC 7617 §2" "user and password";

    Length1 "http.length.1" "RFC 9112 §6.3" "length of the body, rule 1 of 8 (the first that fits): a response to HEAD or with this status has none";
    Length2 "http.length.2" "RFC 9112 §6.3" "length of the body, rule 2 of 8 (the first that fits): none, a tunnel follows";
    Length4 "http.length.4" "RFC 9112 §6.3" "length of the body, rule 4 of 8 (the first that fits): by Transfer-Encoding, so each chunk says its own";
    Length6 "http.length.6" "RFC 9112 §6.3" "length of the body, rule 6 of 8 (the first that fits): Content-Length says it";
    Length7 "http.length.7" "RFC 9112 §6.3" "length of the body, rule 7 of 8 (the first that fits): a request with neither Transfer-Encoding nor Content-Length has none";
    Length8 "http.length.8" "RFC 9112 §6.3" "length of the body, rule 8 of 8 (the first that fits): with neither Transfer-Encoding nor Content-Length it ends with the connection";
    BodyData "http.body.data" "RFC 9112 §6" "content";
    Chunk "http.chunk" "RFC 9112 §7.1" "start of a chunk";
    ChunkSize "http.chunk.size" "RFC 9112 §7.1" "size of the chunk's data, in hexadecimal digits";
    Content "http.content" "RFC 9110 §8.4.1" "content, decoded";
    ChunkBytes "http.chunk.bytes" "RFC 9112 §7.1" "the same in decimal: so many bytes of data";
    ChunkExtension "http.chunk.extension" "RFC 9112 §7.1.1" "chunk extension";
    ChunkData "http.chunk.data" "RFC 9112 §7.1" "chunk data";
    ChunkEnd "http.chunk.end" "RFC 9112 §7.1" "end of the chunk data, not counted in its size";
    Trailers "http.trailers" "RFC 9112 §7.1.2" "trailer section";
    ChunkedEnd "http.chunked.end" "RFC 9112 §7.1" "empty line: the chunked body ends";
    BehindEnd "http.behind" "RFC 9112 §9.6" "bytes behind the last message of the connection";
    Tunnel "tunnel.data" "RFC 9110 §9.3.6" "bytes in a tunnel";
    Switched "switched.data" "RFC 9110 §7.8" "bytes of the protocol that was switched to";

    Offer "websocket.offer" "RFC 6455 §4.2.1" "this request offers a WebSocket";
    OfferRefused "websocket.offer.refused" "" "a server refuses this offer of a WebSocket";
    Nonce "websocket.key.nonce" "RFC 6455 §4.1" "decoded from base64: 16 random bytes";
    AcceptText "websocket.accept.text" "RFC 6455 §4.2.2" "key as it was sent, and behind it the text that RFC 6455 fixes (GUID)";
    AcceptHash "websocket.accept.sha1" "RFC 6455 §4.2.2" "SHA-1 of this text: 20 bytes";
    AcceptBase64 "websocket.accept.base64" "RFC 6455 §4.2.2" "these in base64: the value that the server must send";
    Frame "websocket.frame" "RFC 6455 §5.2" "frame";
    FrameFirst "websocket.frame.first" "RFC 6455 §5.2" "first byte of the frame: FIN, three reserved bits, four of the opcode";
    Fin "websocket.frame.fin" "RFC 6455 §5.2" "FIN";
    Rsv1 "websocket.frame.rsv1" "RFC 6455 §5.2" "RSV1";
    Rsv2 "websocket.frame.rsv2" "RFC 6455 §5.2" "RSV2";
    Rsv3 "websocket.frame.rsv3" "RFC 6455 §5.2" "RSV3";
    FrameOpcode "websocket.frame.opcode" "RFC 6455 §11.8" "opcode";
    FrameSecond "websocket.frame.second" "RFC 6455 §5.2" "second byte: MASK, seven bits of length";
    MaskBit "websocket.frame.mask" "RFC 6455 §5.1" "MASK";
    Length7Bits "websocket.frame.length" "RFC 6455 §5.2" "payload length, in 7 bits";
    Length16Bits "websocket.frame.length.16" "RFC 6455 §5.2" "payload length, in 16 bits, high byte first";
    Length64Bits "websocket.frame.length.64" "RFC 6455 §5.2" "payload length, in 64 bits, high byte first";
    FrameKey "websocket.frame.key" "RFC 6455 §5.3" "masking key, random, new for each frame";
    Payload "websocket.payload" "RFC 6455 §5.2" "payload";
    Unmasking "websocket.unmasking" "RFC 6455 §5.3" "byte of the payload XOR (^) byte of the key = unmasked byte; the four bytes of the key are used in turn";
    Unmasked "websocket.unmasked" "RFC 6455 §5.3" "the same, unmasked";
    CloseCode "websocket.close.code" "RFC 6455 §7.4" "close code; without a mask, 16 bits, high byte first";
    CloseReason "websocket.close.reason" "RFC 6455 §7.1.6" "reason of the close";
    Message "websocket.message" "RFC 6455 §5.4" "message, put together or decompressed";
    MessageFrames "websocket.message.frames" "RFC 6455 §5.4" "its kind, its length and its frames";
    BehindClose "websocket.behind" "RFC 6455 §5.5.1" "bytes behind a Close frame";

    Deflate "deflate" "RFC 1951 §2" "compressed bytes";
    DeflateBlock "deflate.block" "RFC 1951 §3.2.3" "a block begins: whether it is the last, and its type";
    DeflatePadding "deflate.padding" "RFC 1951 §3.2.4" "bits that are left out, up to the next byte";
    DeflateStoredLength "deflate.stored.length" "RFC 1951 §3.2.4" "bytes in the block, and the complement";
    DeflateStored "deflate.stored" "RFC 1951 §3.2.4" "bytes as they are";
    DeflateCodes "deflate.codes" "RFC 1951 §3.2.7" "the codes of the block, by their lengths";
    DeflateLiteralCodes "deflate.codes.literals" "RFC 1951 §3.2.2" "how many bits the code of each byte and length has";
    DeflateDistanceCodes "deflate.codes.distances" "RFC 1951 §3.2.2" "how many bits the code of each distance has";
    DeflateLiteral "deflate.literal" "RFC 1951 §3.2.5" "a code, and the byte that it stands for";
    DeflateCopy "deflate.copy" "RFC 1951 §3.2.5" "codes of a length and a distance: a copy of what came before";
    DeflateEnd "deflate.end" "RFC 1951 §3.2.5" "the code of the end of the block";
    DeflateSymbols "deflate.symbols" "RFC 1951 §3.2.5" "further codes, not explained one by one";
    DeflateTail "deflate.tail" "RFC 7692 §7.2.2" "what the sender left out at the end, and the receiver appends";
    GzipMagic "gzip.magic" "RFC 1952 §2.3.1" "a member begins";
    GzipMethod "gzip.method" "RFC 1952 §2.3.1" "method of compression";
    GzipFlags "gzip.flags" "RFC 1952 §2.3.1" "which fields follow";
    GzipIsText "gzip.flags.text" "RFC 1952 §2.3.1" "whether it is text";
    GzipHasCrc "gzip.flags.crc" "RFC 1952 §2.3.1" "whether the header has a CRC";
    GzipHasExtra "gzip.flags.extra" "RFC 1952 §2.3.1" "whether there is an extra field";
    GzipHasName "gzip.flags.name" "RFC 1952 §2.3.1" "whether there is a name";
    GzipHasComment "gzip.flags.comment" "RFC 1952 §2.3.1" "whether there is a comment";
    GzipTime "gzip.time" "RFC 1952 §2.3.1" "when the file was changed, in seconds since 1970";
    GzipExtraFlags "gzip.extra_flags" "RFC 1952 §2.3.1" "how well it was compressed";
    GzipSystem "gzip.system" "RFC 1952 §2.3.1" "system on which it was compressed";
    GzipExtraLength "gzip.extra.length" "RFC 1952 §2.3.1" "bytes in the extra field";
    GzipExtra "gzip.extra" "RFC 1952 §2.3.1.1" "extra field";
    GzipName "gzip.name" "RFC 1952 §2.3.1" "name of the file";
    GzipComment "gzip.comment" "RFC 1952 §2.3.1" "comment";
    GzipHeaderCrc "gzip.header_crc" "RFC 1952 §2.3.1" "CRC of the header";
    GzipCrc "gzip.crc" "RFC 1952 §2.3.1" "CRC-32 of the content, low byte first";
    GzipLength "gzip.length" "RFC 1952 §2.3.1" "bytes of the content, modulo 2 to the 32";
    Inflated "deflate.inflated" "RFC 1951 §2" "bytes that it had compressed";

    TlsRecord "tls.record" "RFC 8446 §5.1" "record";
    TlsRecordType "tls.record.type" "RFC 8446 §5.1" "type of the record";
    TlsRecordVersion "tls.record.version" "RFC 8446 §5.1" "version, which means nothing here";
    TlsRecordLength "tls.record.length" "RFC 8446 §5.1" "bytes in the record";
    TlsSealed "tls.sealed" "RFC 8446 §5.2" "sealed: only the two peers can read it";
    TlsChangeCipherSpec "tls.change_cipher_spec" "RFC 5246 §7.1" "TLS 1.2: what follows is sealed; TLS 1.3: it means nothing";
    TlsAlertLevel "tls.alert.level" "RFC 8446 §6" "level of an alert";
    TlsAlertDescription "tls.alert.description" "RFC 8446 §6" "what the alert says";
    TlsMessage "tls.handshake" "RFC 8446 §4" "handshake message";
    TlsMessageType "tls.handshake.type" "RFC 8446 §4" "type of the message";
    TlsMessageLength "tls.handshake.length" "RFC 8446 §4" "bytes in the message";
    TlsMessageData "tls.handshake.data" "RFC 8446 §4" "content of the message";
    TlsLength "tls.length" "RFC 8446 §3.4" "length of what follows, in bytes";
    TlsMore "tls.more" "RFC 8446 §3.4" "the rest of a long list";
    TlsVersion "tls.hello.version" "RFC 8446 §4.1.2" "version, 1.2 also in a hello of TLS 1.3";
    TlsRandom "tls.hello.random" "RFC 8446 §4.1.2" "32 random bytes";
    TlsRetry "tls.hello.retry" "RFC 8446 §4.1.3" "these bytes say that it is a HelloRetryRequest";
    TlsSessionId "tls.hello.session_id" "RFC 8446 §4.1.2" "session id, without a meaning in TLS 1.3";
    TlsCipherSuite "tls.hello.cipher_suite" "RFC 8446 §B.4" "cipher suite";
    TlsCompression "tls.hello.compression" "RFC 8446 §4.1.2" "compression: always none";
    TlsGrease "tls.grease" "RFC 8701 §2" "a value without a meaning, so that peers keep skipping what they do not know";
    TlsExtension "tls.extension" "RFC 8446 §4.2" "extension";
    TlsExtensionType "tls.extension.type" "RFC 8446 §4.2" "type of the extension";
    TlsExtensionData "tls.extension.data" "RFC 8446 §4.2" "content of the extension";
    TlsServerNameType "tls.server_name.type" "RFC 6066 §3" "type of the name: a DNS host name";
    TlsServerName "tls.server_name" "RFC 6066 §3" "the host that the client asks for";
    TlsFragmentLength "tls.max_fragment_length" "RFC 6066 §4" "longest record that the client can read";
    TlsStatusType "tls.status.type" "RFC 6066 §8" "how the certificate's status is asked for";
    TlsResponders "tls.status.responders" "RFC 6066 §8" "responders that the client trusts";
    TlsStatusExtensions "tls.status.extensions" "RFC 6066 §8" "extensions of the question";
    TlsStatusResponse "tls.status.response" "RFC 6066 §8" "the CA's word that the certificate is not revoked";
    TlsGroup "tls.group" "RFC 8446 §4.2.7" "group of a key exchange";
    TlsPointFormat "tls.point_format" "RFC 8422 §5.1.2" "form of a point on a curve";
    TlsScheme "tls.signature_scheme" "RFC 8446 §4.2.3" "signature algorithm";
    TlsProtocol "tls.alpn.protocol" "RFC 7301 §3.1" "protocol above TLS";
    TlsSupportedVersion "tls.supported_version" "RFC 8446 §4.2.1" "version, really";
    TlsCookie "tls.cookie" "RFC 8446 §4.2.2" "cookie of a HelloRetryRequest";
    TlsKeyShare "tls.key_share" "RFC 8446 §4.2.8" "key share";
    TlsKey "tls.key" "RFC 8446 §4.2.8" "public key of the key exchange";
    TlsPskMode "tls.psk.mode" "RFC 8446 §4.2.9" "how a pre-shared key may be used";
    TlsPsk "tls.psk" "RFC 8446 §4.2.11" "pre-shared key";
    TlsPskIdentity "tls.psk.identity" "RFC 8446 §4.2.11" "name of the key, often a ticket";
    TlsPskAge "tls.psk.age" "RFC 8446 §4.2.11.1" "age of the ticket, disguised";
    TlsPskBinder "tls.psk.binder" "RFC 8446 §4.2.11.2" "proof that the client has the key";
    TlsPskSelected "tls.psk.selected" "RFC 8446 §4.2.11" "the key that is used, counted from 0";
    TlsEarlyDataSize "tls.early_data.size" "RFC 8446 §4.2.10" "most bytes of early data";
    TlsAuthority "tls.authority" "RFC 8446 §4.2.4" "name of a CA that is trusted";
    TlsOidFilter "tls.oid_filter" "RFC 8446 §4.2.5" "extension that a client's certificate must have";
    TlsOidFilterValues "tls.oid_filter.values" "RFC 8446 §4.2.5" "values that it must have";
    TlsCertificateType "tls.certificate.type" "RFC 5246 §7.4.4" "type of certificate that the client may send";
    TlsCurveType "tls.curve_type" "RFC 8422 §5.4" "how the curve is given: by its name";
    TlsDhParameter "tls.dh_parameter" "RFC 5246 §7.4.3" "prime or generator of the group";
    TlsPremasterSecret "tls.premaster_secret" "RFC 5246 §7.4.7.1" "secret, encrypted with the key of the certificate";
    TlsSignature "tls.signature" "RFC 8446 §4.4.3" "signature";
    TlsVerifyData "tls.verify_data" "RFC 8446 §4.4.4" "hash of the handshake, with the key";
    TlsTicketLifetime "tls.ticket.lifetime" "RFC 8446 §4.6.1" "lifetime of the ticket, in seconds";
    TlsTicket "tls.ticket" "RFC 8446 §4.6.1" "ticket with which the session is resumed";

    X509 "x509" "RFC 5280 §4.1" "certificate";
    X509Refused "x509.refused" "" "the certificate breaks this rule";
    X509Head "x509.head" "RFC 5280 §4.1" "tag and length of an element in DER";
    X509Signed "x509.signed" "RFC 5280 §4.1.1.1" "what the signature covers";
    X509Explicit "x509.explicit" "RFC 5280 §4.1" "field with a number of its own";
    X509Version "x509.version" "RFC 5280 §4.1.2.1" "version";
    X509Serial "x509.serial" "RFC 5280 §4.1.2.2" "serial number";
    X509AlgorithmId "x509.algorithm" "RFC 5280 §4.1.1.2" "algorithm and its parameters";
    X509Algorithm "x509.algorithm.type" "RFC 5280 §4.1.1.2" "algorithm";
    X509Parameters "x509.algorithm.parameters" "RFC 5280 §4.1.1.2" "parameters of the algorithm";
    X509Issuer "x509.issuer" "RFC 5280 §4.1.2.4" "the CA that signed it";
    X509IssuerName "x509.issuer.name" "RFC 5280 §4.1.2.4" "the CA's name as one";
    X509Subject "x509.subject" "RFC 5280 §4.1.2.6" "the owner of the key";
    X509SubjectName "x509.subject.name" "RFC 5280 §4.1.2.6" "the owner's name as one";
    X509NamePart "x509.name.part" "RFC 5280 §4.1.2.4" "part of a name";
    X509Name "x509.name" "RFC 5280 §4.1.2.4" "attribute: its type and its value";
    X509NameType "x509.name.type" "RFC 5280 §4.1.2.4" "type of the attribute";
    X509NameValue "x509.name.value" "RFC 5280 §4.1.2.4" "value of the attribute";
    X509Validity "x509.validity" "RFC 5280 §4.1.2.5" "validity";
    X509NotBefore "x509.not_before" "RFC 5280 §4.1.2.5" "first second in which it is valid";
    X509NotAfter "x509.not_after" "RFC 5280 §4.1.2.5" "last second in which it is valid";
    X509Key "x509.key" "RFC 5280 §4.1.2.7" "the owner's public key";
    X509KeyBits "x509.key.bits" "RFC 5280 §4.1.2.7" "public key";
    X509KeyKind "x509.key.kind" "RFC 5280 §4.1.2.7" "kind and length of the key";
    X509UniqueId "x509.unique_id" "RFC 5280 §4.1.2.8" "unique identifier, out of use";
    X509Extensions "x509.extensions" "RFC 5280 §4.1.2.9" "extensions";
    X509Extension "x509.extension" "RFC 5280 §4.2" "extension";
    X509ExtensionType "x509.extension.type" "RFC 5280 §4.2" "type of the extension";
    X509Critical "x509.extension.critical" "RFC 5280 §4.2" "whether one who does not know it must refuse the certificate";
    X509ExtensionData "x509.extension.data" "RFC 5280 §4.2" "content of the extension";
    X509AltNames "x509.alt_names" "RFC 5280 §4.2.1.6" "names that the certificate is for";
    X509AltName "x509.alt_name" "RFC 5280 §4.2.1.6" "name that the certificate is for";
    X509Constraints "x509.constraints" "RFC 5280 §4.2.1.9" "basic constraints";
    X509Ca "x509.ca" "RFC 5280 §4.2.1.9" "whether it may sign others";
    X509PathLength "x509.path_length" "RFC 5280 §4.2.1.9" "most CAs that may follow below it";
    X509KeyUsage "x509.key_usage" "RFC 5280 §4.2.1.3" "what the key may be used for";
    X509Purposes "x509.purposes" "RFC 5280 §4.2.1.12" "extended key usage";
    X509Purpose "x509.purpose" "RFC 5280 §4.2.1.12" "purpose of the key";
    X509Signature "x509.signature" "RFC 5280 §4.1.1.3" "signature of the CA";
}

impl Label {
    /// Whether its bytes only hold others apart: a space, a colon, the end of a line, the length of a list.
    ///
    /// ```
    /// use barewire::trace::wire::Label;
    ///
    /// assert!(Label::LineEnd.separates() && !Label::Method.separates());
    /// ```
    pub fn separates(self) -> bool {
        use Label::*;
        matches!(
            self,
            Space | LineEnd | FieldColon | Whitespace | Delimiter | ChunkEnd | TlsLength | X509Head
        )
    }

    /// Whether a long run of these bytes comes in several spans, as the reads brought it.
    ///
    /// ```
    /// use barewire::trace::wire::Label;
    ///
    /// assert!(Label::BodyData.comes_in_pieces() && !Label::Method.comes_in_pieces());
    /// ```
    pub fn comes_in_pieces(self) -> bool {
        use Label::*;
        matches!(
            self,
            BodyData
                | ChunkData
                | Payload
                | Tunnel
                | Switched
                | BehindEnd
                | BehindClose
                | Refused
                | Unexplained
                | Bytes
                | DeflateStored
                | DeflateSymbols
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn keys_are_unique_and_sections_have_one_form() {
        let keys: BTreeSet<&str> = Label::ALL.iter().map(|label| label.key()).collect();
        assert_eq!(keys.len(), Label::ALL.len());
        for label in Label::ALL {
            let section = label.section();
            let formed = section.starts_with("RFC ") && section.contains(" §");
            assert!(formed || section.is_empty(), "{}: {section}", label.key());
            assert!(!label.english().is_empty());
        }
    }
}
