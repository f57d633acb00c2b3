//! A response that is compressed while it is sent.

use super::Response;
use crate::http::error::Error;
use crate::http::refuse::refuse_with;
use crate::http::server::Request;
use crate::http::server::exchange::Compression;
use crate::http::wire::AcceptEncoding;

impl Response<'_> {
    /// Compresses the body with gzip, if the client prefers that (RFC 9110 §12.5.3). Call it before
    /// [`write_head`](Self::write_head), for a body that is worth it: text of a kilobyte or more. Images, archives and
    /// few bytes get no smaller.
    ///
    /// ```
    /// use barewire::http;
    ///
    /// fn handler(req: http::Request, mut res: http::Response) -> http::Handled {
    ///     res.compress(&req)?;
    ///     res.write_head(200, [("Content-Type", "text/plain"), ("ETag", "\"7\"")])?.end("hello ".repeat(1000))
    /// }
    /// let server = http::create_server(handler);
    /// let answer = server.answer_to(b"GET / HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n");
    /// let answer = String::from_utf8_lossy(&answer);
    /// assert!(answer.contains("\r\nVary: Accept-Encoding\r\nETag: W/\"7\"\r\nContent-Encoding: gzip\r\n"), "{answer}");
    /// # assert!(answer.len() < 1000);
    /// ```
    ///
    /// | what | then |
    /// |---|---|
    /// | `Content-Encoding: gzip`, `Vary: Accept-Encoding` | added; `Vary` also where the client gets the body as it is |
    /// | a strong `ETag` | becomes weak: both forms have it (RFC 9110 §8.8.1). `If-None-Match` compares weakly and still matches |
    /// | `Content-Length` of the handler | left out; the body must be as long nevertheless. A single [`end`](Self::end) gets one if it is small |
    /// | `Accept-Ranges` | left out: a range would be one of the compressed bytes |
    /// | [`write`](Self::write) | keeps up to 16 KiB back, which [`flush`](Self::flush) sends: each server-sent event ends with one |
    /// | a HEAD, 204, 205, 206, 304; an empty body; a `Content-Encoding` or `Content-Range` of the handler | nothing is compressed; `Vary` stays, and with HEAD and 304 the other fields of a GET |
    ///
    /// The compression takes about 300 KiB while the response lasts. Up to eight compressors of responses that have ended
    /// are kept for the next ones, so a compressed response allocates nothing in the steady state.
    ///
    /// **Secrets.** The length of a compressed body depends on what repeats in it. If a page holds a secret (a token
    /// against request forgery) and text that an attacker chooses (a search term), over and over, the lengths tell the
    /// secret letter by letter, and TLS does not hide them: this is the attack BREACH. So do not compress such a page, or
    /// send the secret in another form each time.
    ///
    /// # Errors
    /// [`Misuse::HeadSent`](crate::http::wire::Misuse::HeadSent) after the head. A refusal with 406, which a handler
    /// returns by `?`, if the client accepts neither gzip nor the body as it is (RFC 9110 §15.5.7).
    pub fn compress(&mut self, req: &Request<'_>) -> Result<&mut Self, Error> {
        let accept = AcceptEncoding::of(req.headers());
        let is_wanted = accept.is_some_and(AcceptEncoding::prefers_gzip);
        let mut draft = self.draft();
        draft.fields_mut()?;
        if !is_wanted && !accept.is_none_or(AcceptEncoding::accepts_identity) {
            let why = "there are the content coding gzip and no coding (RFC 9110 §15.5.7)";
            return Err(refuse_with(406, why, [("Vary", "Accept-Encoding")]).into());
        }
        draft.set_compression(Compression::new(is_wanted));
        drop(draft);
        Ok(self)
    }
}
