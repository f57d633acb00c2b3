//! Which body is a form.

use crate::http::error::Error;
use crate::http::handler_refusal::HandlerRefusal;
use crate::http::wire::{BodyLength, Fields};

const FORM: &str = "application/x-www-form-urlencoded";

/// Whether the body is a form that can be read: the refusal says which can. A request without a body is one without
/// fields, and needs no Content-Type.
pub(super) fn check_content_type(fields: &Fields<'_>, length: BodyLength) -> Result<(), Error> {
    let mut values = fields.get_all("Content-Type");
    match (values.next(), values.next()) {
        (Some(value), None) if is_form(value) => Ok(()),
        (None, _) if length == BodyLength::Known(0) => Ok(()),
        _ => Err(unsupported()),
    }
}

// RFC 9110 §15.5.16: "if the cause was an unsupported media type, the Accept response header field can be
// used to indicate which media types would have been accepted in the request."
#[cold]
fn unsupported() -> Error {
    let why = "a form is application/x-www-form-urlencoded in UTF-8 here; \
               multipart/form-data is not read (RFC 9110 §15.5.16)";
    match HandlerRefusal::new(415, why.to_owned(), [("Accept", FORM)]) {
        Ok(refusal) => refusal.into(),
        Err(misuse) => misuse.into(),
    }
}

/// Whether this is the media type of a form, without a parameter that gives its text another charset.
// RFC 9110 §8.3.1: "The type and subtype tokens are case-insensitive."
fn is_form(content_type: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(content_type) else {
        return false;
    };
    let mut parts = text.split(';').map(|part| part.trim_matches([' ', '\t']));
    let is_form = parts.next().is_some_and(|t| t.eq_ignore_ascii_case(FORM));
    is_form && parts.all(|parameter| charset(parameter).is_none_or(is_utf8))
}

fn charset(parameter: &str) -> Option<&str> {
    let (name, value) = parameter.split_once('=')?;
    name.eq_ignore_ascii_case("charset").then_some(value)
}

fn is_utf8(charset: &str) -> bool {
    charset.trim_matches('"').eq_ignore_ascii_case("utf-8")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_of_one_type() {
        for value in [
            FORM,
            "Application/X-WWW-Form-URLencoded",
            "application/x-www-form-urlencoded; charset=UTF-8",
            "application/x-www-form-urlencoded ;\tCharset=\"utf-8\" ; x=y;",
        ] {
            assert!(is_form(value.as_bytes()), "{value}");
        }
        for value in [
            "",
            "application/json",
            "multipart/form-data; boundary=x",
            "application/x-www-form-urlencoded-too",
            "application/x-www-form-urlencoded, text/plain",
            "application/x-www-form-urlencoded; charset=gbk",
            "text/plain; application/x-www-form-urlencoded",
        ] {
            assert!(!is_form(value.as_bytes()), "{value}");
        }
        assert!(!is_form(b"application/x-www-form-urlencoded\xff"));
    }
}
