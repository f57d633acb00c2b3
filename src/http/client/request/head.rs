//! Encoding the head of a request: once for all requests without a body that have the fields of their options.

use super::ClientRequest;
use crate::http::client::encoded_head::EncodedHead;
use crate::http::client::options::RequestOptions;
use crate::http::client::wanted::Wanted;
use crate::http::error::Error;
use crate::http::wire::{Known, Misuse, RequestOut};

impl ClientRequest {
    /// Encodes the head. `length`: of the whole body, if it is known.
    pub(super) fn begin(
        &mut self,
        length: Option<usize>,
        wanted: &mut Wanted<'_>,
    ) -> Result<(), Error> {
        let is_plain = self.fields.is_none() && self.trailers.view().is_empty();
        if is_plain && length == Some(0) {
            let exchange = self.exchange.as_mut().ok_or(Misuse::State)?;
            return exchange.begin_encoded(encoded_head(&self.options)?);
        }
        let prepared = self.options.prepared();
        let fields = self.fields.as_ref().unwrap_or(&prepared.fields);
        let head = self.options.settings().head(prepared, fields)?;
        let expects = fields.view().has(Known::Expect);
        let head = match length {
            Some(_) if !self.trailers.view().is_empty() => head.streaming(),
            Some(0) => without_body(head, expects, &self.options.settings().method)?,
            Some(bytes) => head.length(bytes as u64),
            None => head.streaming(),
        };
        let exchange = self.exchange.as_mut().ok_or(Misuse::State)?;
        exchange.begin(&head)?;
        if !expects {
            return Ok(());
        }
        self.with_exchange(wanted, |exchange, caller| {
            exchange.flush(caller)?;
            exchange.await_continue(caller)
        })
    }
}

/// The head of a request without a body, as the options make it.
fn encoded_head(options: &RequestOptions) -> Result<&EncodedHead, Error> {
    let prepared = options.prepared();
    if let Some(encoded) = prepared.head.get() {
        return Ok(encoded);
    }
    let (settings, fields) = (options.settings(), &prepared.fields);
    let head = settings.head(prepared, fields)?;
    let head = without_body(head, fields.view().has(Known::Expect), &settings.method)?;
    let encoded = EncodedHead::new(&head)?;
    Ok(prepared.head.get_or_init(|| encoded))
}

// RFC 9110 §10.1.1: "A client MUST NOT generate a 100-continue expectation in a request that does
// not include content."
fn without_body<'a>(
    head: RequestOut<'a>,
    expects: bool,
    method: &str,
) -> Result<RequestOut<'a>, Error> {
    if expects {
        return Err(Misuse::Expectation.into());
    }
    // RFC 9110 §8.6: "A user agent SHOULD send Content-Length in a request when the method defines
    // a meaning for enclosed content and it is not sending Transfer-Encoding."
    match method {
        "POST" | "PUT" | "PATCH" => Ok(head.length(0)),
        _ => Ok(head),
    }
}
