//! The fields of a request: those of its head, and its trailers.

use super::ClientRequest;
use crate::http::error::Error;
use crate::http::field_values::{self, FieldValues};
use crate::http::wire::{FieldList, Misuse};
use std::fmt;

impl ClientRequest {
    /// Sets a field; replaces those of this name. The value is text, bytes, a number or several texts: see
    /// [`FieldValues`].
    ///
    /// ```
    /// use barewire::http;
    ///
    /// let mut req = http::request(http::RequestOptions::new().url("http://localhost/")?)?;
    /// req.set_header("Accept", "application/json")?.set_header("Max-Forwards", 3)?;
    /// assert_eq!(req.get_header("Max-Forwards"), Some("3"));
    /// # Ok::<(), http::Error>(())
    /// ```
    ///
    /// # Errors
    /// Bytes that must not be sent, or the head was sent already; what was set before is then still set.
    pub fn set_header(&mut self, name: &str, values: impl FieldValues) -> Result<&mut Self, Error> {
        field_values::set(self.fields_mut()?, name, &values)?;
        Ok(self)
    }

    /// The length of the whole body, for a body that is written in pieces: it is sent as it is, not in chunks. A
    /// server then knows how much will come (RFC 9110 §8.6), and one of HTTP/1.0 can take it. Without pieces there is nothing
    /// to set: [`end`](Self::end) sends the length of its `data`.
    ///
    /// ```
    /// use barewire::http;
    /// use std::io::Read;
    ///
    /// fn handler(mut req: http::Request, res: http::Response) -> http::Handled {
    ///     let length = req.headers().get_str("Content-Length").unwrap_or("none").to_owned();
    ///     let bytes = std::io::copy(&mut req, &mut std::io::sink())?;
    ///     res.end(format!("declared {length}, received {bytes}"))
    /// }
    /// let server = http::create_server(handler).listen("127.0.0.1:0")?;
    /// let port = server.local_addr().port().unwrap();
    ///
    /// let mut file: &[u8] = &[b'a'; 100_000]; // or a std::fs::File, with the length of its metadata
    /// let options = http::RequestOptions::new().hostname("127.0.0.1").port(port).method("PUT");
    /// let mut req = http::request(options)?;
    /// req.set_content_length(100_000)?;
    /// std::io::copy(&mut file, &mut req)?;
    /// assert_eq!(req.end("")?.collect()?, b"declared 100000, received 100000");
    /// # server.shutdown(std::time::Duration::from_secs(1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// | then | happens |
    /// |---|---|
    /// | [`end`](Self::end) has the whole body, of another length | [`Misuse::Framing`], before anything is sent |
    /// | more bytes are written | [`Misuse::BodyTooLong`], from the call that exceeds the length; nothing of its piece is sent |
    /// | fewer bytes are written | [`Misuse::BodyTooShort`], from [`end`](Self::end); the connection is closed |
    /// | there are trailers | [`Misuse::TrailerWithoutChunked`], from [`end`](Self::end): they need chunks (RFC 9112 §7.1.2); the connection is closed |
    /// | the connection is lost | an error: a body in pieces cannot be sent again |
    /// | a redirect keeps the body (307, 308) | the redirect is the response: a body in pieces cannot be sent again |
    /// | a redirect drops the body (303) | the length is dropped, too |
    ///
    /// # Errors
    /// The head was sent already.
    pub fn set_content_length(&mut self, bytes: u64) -> Result<&mut Self, Error> {
        self.set_header("Content-Length", bytes)
    }

    /// Removes the fields of this name; returns whether there was one.
    ///
    /// # Errors
    /// The head was sent already.
    pub fn remove_header(&mut self, name: &str) -> Result<bool, Error> {
        Ok(self.fields_mut()?.remove(name))
    }

    /// The value of a field that will be sent, if it is text.
    pub fn get_header(&self, name: &str) -> Option<&str> {
        self.fields().view().get_str(name)
    }

    /// A field after the body, which then must be sent in chunks.
    ///
    /// # Errors
    /// Bytes that must not be sent.
    pub fn add_trailer(
        &mut self,
        name: &str,
        values: impl FieldValues,
    ) -> Result<&mut Self, Error> {
        field_values::append(&mut self.trailers, name, &values)?;
        Ok(self)
    }

    pub(super) fn fields_mut(&mut self) -> Result<&mut FieldList, Error> {
        if self.exchange.is_some() {
            return Err(Misuse::HeadSent.into());
        }
        Ok(self
            .fields
            .get_or_insert_with(|| self.options.prepared().fields.clone()))
    }

    pub(super) fn fields(&self) -> &FieldList {
        self.fields
            .as_ref()
            .unwrap_or(&self.options.prepared().fields)
    }
}

impl fmt::Debug for ClientRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut request = f.debug_struct("ClientRequest");
        request.field("options", &self.options);
        request
            .field("headers", self.fields())
            .finish_non_exhaustive()
    }
}
