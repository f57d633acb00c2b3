//! Encoding the head of a request: once for all requests without a body that have the fields of their options.

use super::ClientRequest;
use crate::http::client::encoded_head::EncodedHead;
use crate::http::client::options::RequestOptions;
use crate::http::client::wanted::Wanted;
use crate::http::error::Error;
use crate::http::wire::{FieldList, Known, Misuse, RequestOut};

impl ClientRequest {
    /// Encodes the head. `length`: of the whole body, if it is known.
    pub(super) fn begin(
        &mut self,
        length: Option<usize>,
        wanted: &mut Wanted<'_>,
    ) -> Result<(), Error> {
        let length = length.filter(|_| self.trailers.view().is_empty());
        let exchange = self.exchange.as_mut().ok_or(Misuse::State)?;
        if length == Some(0) && self.fields.is_none() {
            return exchange.begin_encoded(encoded_head(&self.options)?);
        }
        let fields = self.fields.as_ref();
        let fields = fields.unwrap_or(&self.options.prepared().fields);
        exchange.begin(&match length {
            Some(0) => without_body(&self.options, fields)?,
            Some(bytes) => head(&self.options, fields)?.length(bytes as u64),
            None => head(&self.options, fields)?.streaming(),
        })?;
        if !fields.view().has(Known::Expect) {
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
    let encoded = EncodedHead::new(&without_body(options, &prepared.fields)?)?;
    Ok(prepared.head.get_or_init(|| encoded))
}

fn head<'a>(options: &'a RequestOptions, fields: &'a FieldList) -> Result<RequestOut<'a>, Error> {
    options.settings().head(options.prepared(), fields)
}

// RFC 9110 §10.1.1: "A client MUST NOT generate a 100-continue expectation in a request that does
// not include content."
fn without_body<'a>(
    options: &'a RequestOptions,
    fields: &'a FieldList,
) -> Result<RequestOut<'a>, Error> {
    let head = head(options, fields)?;
    if fields.view().has(Known::Expect) {
        return Err(Misuse::Expectation.into());
    }
    // RFC 9110 §8.6: "A user agent SHOULD send Content-Length in a request when the method defines
    // a meaning for enclosed content and it is not sending Transfer-Encoding."
    match &*options.settings().method {
        "POST" | "PUT" | "PATCH" => Ok(head.length(0)),
        _ => Ok(head),
    }
}
