//! What a field can be set to: text, bytes, a number, or several texts.

use super::error::Error;
use super::wire::grammar::push_decimal;
use super::wire::{FieldList, Misuse};
use std::borrow::Cow;

/// The value of a field, or its values: what `set_header` takes.
///
/// | the argument | the field lines |
/// |---|---|
/// | `"a"`, a `String`, a `Cow<str>` | one |
/// | bytes: `&b"caf\xe9"[..]` | one |
/// | an integer: `5`, `body.len()` | one, in decimal |
/// | `["a=1", "b=2"]`, a `Vec<String>`, `&list[..]` | one for each text; none if the list is empty |
/// | a reference to any of these | the same |
///
/// The types of the standard library that can be a value have it already; a type of one's own gets it as the
/// second example shows.
///
/// ```
/// use barewire::http;
///
/// fn handler(_req: http::Request, mut res: http::Response) -> http::Handled {
///     let body = "{}";
///     res.set_header("Content-Type", "application/json")?
///         .set_header("Content-Length", body.len())?
///         .set_header("Retry-After", 5)?
///         .set_header("Set-Cookie", ["a=1", "b=2"])?;
///     res.end(body)
/// }
/// # let server = http::create_server(handler);
/// # let answer = String::from_utf8(server.answer_to(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")).unwrap();
/// # assert!(answer.contains("\r\nContent-Length: 2\r\nRetry-After: 5\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n"));
/// ```
///
/// ```
/// use barewire::http::{self, FieldValues};
///
/// /// `max-age=60`
/// struct MaxAge(u32);
///
/// impl FieldValues for MaxAge {
///     fn each(&self, f: &mut dyn FnMut(&[u8]) -> Result<(), http::Error>) -> Result<(), http::Error> {
///         f(format!("max-age={}", self.0).as_bytes())
///     }
/// }
///
/// fn handler(_req: http::Request, mut res: http::Response) -> http::Handled {
///     res.set_header("Cache-Control", MaxAge(60))?;
///     res.end("")
/// }
/// # let server = http::create_server(handler);
/// # let answer = String::from_utf8(server.answer_to(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")).unwrap();
/// # assert!(answer.contains("\r\nCache-Control: max-age=60\r\n"));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no value of a field",
    label = "not text, bytes, an integer or a list of texts",
    note = "pass text (`\"a\"`, a `String`), bytes (`&b\"a\"[..]`), an integer, or an array, a `Vec` or a slice of texts; for any other type, `.to_string()`"
)]
pub trait FieldValues {
    /// Calls `f` with each value, in order, until it fails.
    ///
    /// # Errors
    /// What `f` returned.
    fn each(&self, f: &mut dyn FnMut(&[u8]) -> Result<(), Error>) -> Result<(), Error>;
}

impl<T: FieldValues + ?Sized> FieldValues for &T {
    fn each(&self, f: &mut dyn FnMut(&[u8]) -> Result<(), Error>) -> Result<(), Error> {
        (**self).each(f)
    }
}

impl FieldValues for [u8] {
    fn each(&self, f: &mut dyn FnMut(&[u8]) -> Result<(), Error>) -> Result<(), Error> {
        f(self)
    }
}

/// Replaces the fields of this name by these; none is changed if one of them must not be sent.
#[inline]
pub(crate) fn set(
    fields: &mut FieldList,
    name: &str,
    values: &impl FieldValues,
) -> Result<(), Error> {
    let before = fields.view().len();
    append(fields, name, values)?;
    fields.remove_among(before, name.as_bytes());
    Ok(())
}

/// Appends fields of this name; none if one of them must not be sent.
#[inline]
pub(crate) fn append(
    fields: &mut FieldList,
    name: &str,
    values: &impl FieldValues,
) -> Result<(), Error> {
    let before = fields.view().len();
    let appended = values.each(&mut |value| Ok(fields.append(name, value)?));
    // `values` is called once, so some may be appended before the bad one.
    appended.inspect_err(|_| fields.truncate(before))
}

/// The response depends on the request's Accept-Encoding: `Vary` says so, beside what else it names.
// RFC 9110 §12.5.5: "An origin server SHOULD generate a Vary header field on a cacheable response when it wishes that
// response to be selectively reused for subsequent requests."
pub(crate) fn vary_by_encoding(fields: &mut FieldList) -> Result<(), Misuse> {
    const NAME: &str = "Accept-Encoding";
    let names_it = |name: &[u8]| name == b"*" || name.eq_ignore_ascii_case(NAME.as_bytes());
    if fields.view().list("Vary").any(names_it) {
        return Ok(());
    }
    match fields.view().joined("Vary") {
        None => fields.set("Vary", NAME),
        Some(vary) => fields.set("Vary", [&vary[..], b", ", NAME.as_bytes()].concat()),
    }
}

macro_rules! text {
    ($($t:ty),+) => {$(
        impl FieldValues for $t {
            fn each(&self, f: &mut dyn FnMut(&[u8]) -> Result<(), Error>) -> Result<(), Error> {
                f(self.as_bytes())
            }
        }
    )+};
}
text!(str, String, Cow<'_, str>);

macro_rules! integer {
    ($($t:ty),+) => {$(
        impl FieldValues for $t {
            fn each(&self, f: &mut dyn FnMut(&[u8]) -> Result<(), Error>) -> Result<(), Error> {
                f(&decimal(*self as i128))
            }
        }
    )+};
}
// With i32 among them, a literal needs no suffix.
integer!(u8, u16, u32, u64, usize, i8, i16, i32, i64, isize);

/// An integer of 64 bits or fewer.
fn decimal(n: i128) -> Vec<u8> {
    let mut text = Vec::new();
    if n < 0 {
        text.push(b'-');
    }
    push_decimal(&mut text, n.unsigned_abs() as u64);
    text
}

macro_rules! several_texts {
    ($([$($generic:tt)*] $t:ty),+) => {$(
        impl<$($generic)*> FieldValues for $t {
            fn each(&self, f: &mut dyn FnMut(&[u8]) -> Result<(), Error>) -> Result<(), Error> {
                self.iter().try_for_each(|value| f(AsRef::<str>::as_ref(value).as_bytes()))
            }
        }
    )+};
}
several_texts!([V: AsRef<str>, const N: usize] [V; N], [V: AsRef<str>] Vec<V>, [] [&str], [] [String]);
