//! The field `Sec-WebSocket-Extensions` (RFC 6455 §9.1).
//!
//! ```text
//!   Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits; server_max_window_bits=10,
//!                             x-mine; level="9"
//!                             │       │     └ token or quoted-string, a token when unquoted
//!                             │       └ parameter, after each semicolon
//!                             └ extension, after each comma or on a line of its own
//! ```
//!
//! permessage-deflate is the extension that is known here: see `deflate.rs`. A server declines the others by naming none
//! of them in the response. A value that is not of this form is refused, whatever it offers.

use std::borrow::Cow;

use crate::http::wire::{Fields, grammar};

use super::error::{Error, Rule};

/// The name of the field.
pub(super) const FIELD: &str = "Sec-WebSocket-Extensions";

/// The most extensions and parameters, counted together.
const MAX_ITEMS: usize = 64;

/// An extension as it is offered or chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extension<'a> {
    /// Its name, a token.
    pub name: &'a str,
    /// Its parameters, in order.
    pub params: Vec<Param<'a>>,
}

/// A parameter of an extension.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Param<'a> {
    /// Its name, a token.
    pub name: &'a str,
    /// Its value, a token; without quotes.
    pub value: Option<Cow<'a, str>>,
}

/// The extensions in all lines of the field, in order.
///
/// ```
/// use barewire::http::wire::FieldList;
/// use barewire::websocket::wire::extensions;
///
/// let mut fields = FieldList::new();
/// fields.append("Sec-WebSocket-Extensions", "foo, bar; baz; level=\"9\"")?;
/// let offered = extensions(fields.view())?;
/// assert_eq!((offered[0].name, offered[1].name), ("foo", "bar"));
/// assert_eq!(offered[1].params[1].value.as_deref(), Some("9"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`Rule::ExtensionInvalid`]: a value is not of this form. [`Rule::ExtensionsTooMany`]: there are more than
/// 64 extensions and parameters.
// RFC 6455 §9.1: "If a value is received by either the client or the server during negotiation that
// does not conform to the ABNF below, the recipient of such malformed data MUST immediately _Fail
// the WebSocket Connection_."
pub fn extensions<'a>(fields: Fields<'a>) -> Result<Vec<Extension<'a>>, Error> {
    let (mut found, mut room) = (Vec::new(), MAX_ITEMS);
    for value in fields.get_all(FIELD) {
        let mut list = List { value, at: 0, room };
        while let Some(extension) = list.extension()? {
            found.push(extension);
        }
        room = list.room;
    }
    Ok(found)
}

/// The value of one field line, and how far it has been read.
struct List<'a> {
    value: &'a [u8],
    at: usize,
    room: usize,
}

impl<'a> List<'a> {
    /// The next element; `None` at the end.
    // RFC 9110 §5.6.1.2: "A recipient MUST parse and ignore a reasonable number of empty list
    // elements"
    fn extension(&mut self) -> Result<Option<Extension<'a>>, Error> {
        self.blanks();
        while self.takes(b',') {}
        if self.at == self.value.len() {
            return Ok(None);
        }
        let (name, mut params) = (self.token()?, Vec::new());
        self.counted()?;
        while self.takes(b';') {
            params.push(self.param()?);
            self.counted()?;
        }
        if self.at < self.value.len() && !self.takes(b',') {
            return Err(self.invalid());
        }
        Ok(Some(Extension { name, params }))
    }

    fn param(&mut self) -> Result<Param<'a>, Error> {
        let name = self.token()?;
        let value = match self.takes(b'=') {
            false => None,
            true if self.value.get(self.at) == Some(&b'"') => Some(self.quoted()?),
            true => Some(Cow::Borrowed(self.token()?)),
        };
        Ok(Param { name, value })
    }

    /// A token, and the blanks behind it.
    fn token(&mut self) -> Result<&'a str, Error> {
        let end = grammar::token_end(self.value, self.at);
        let token = str::from_utf8(&self.value[self.at..end]).unwrap_or_default();
        if token.is_empty() {
            return Err(self.invalid());
        }
        self.at = end;
        self.blanks();
        Ok(token)
    }

    /// A quoted-string, and the blanks behind it.
    // RFC 6455 §9.1: "When using the quoted-string syntax variant, the value after quoted-string
    // unescaping MUST conform to the 'token' ABNF."
    fn quoted(&mut self) -> Result<Cow<'a, str>, Error> {
        let start = self.at + 1;
        let mut escaped = false;
        let inside = self.value[start..].iter().take_while(|&&byte| {
            let closes = byte == b'"' && !escaped;
            escaped = byte == b'\\' && !escaped;
            !closes
        });
        let end = start + inside.count();
        let inside = self
            .value
            .get(start..end)
            .filter(|_| end < self.value.len());
        let token = inside.and_then(unescaped).ok_or_else(|| self.invalid())?;
        self.at = end + 1;
        self.blanks();
        Ok(token)
    }

    /// Takes this character if it is the next one, and the blanks behind it.
    fn takes(&mut self, character: u8) -> bool {
        let takes = self.value.get(self.at) == Some(&character);
        if takes {
            self.at += 1;
            self.blanks();
        }
        takes
    }

    fn blanks(&mut self) {
        let blanks = self.value[self.at..].iter();
        let blanks = blanks.take_while(|byte| matches!(byte, b' ' | b'\t'));
        self.at += blanks.count();
    }

    fn counted(&mut self) -> Result<(), Error> {
        let too_many = || Error::new(Rule::ExtensionsTooMany, self.value, self.at);
        self.room = self.room.checked_sub(1).ok_or_else(too_many)?;
        Ok(())
    }

    #[cold]
    fn invalid(&self) -> Error {
        Error::new(Rule::ExtensionInvalid, self.value, self.at)
    }
}

/// The text between the quotes without its backslashes, if it is a token.
fn unescaped(inside: &[u8]) -> Option<Cow<'_, str>> {
    let text = str::from_utf8(inside).ok()?;
    let text = match text.contains('\\') {
        false => Cow::Borrowed(text),
        true => {
            let mut escaped = false;
            let kept = text.chars().filter(|&c| {
                escaped = c == '\\' && !escaped;
                !escaped
            });
            Cow::Owned(kept.collect())
        }
    };
    grammar::is_token(text.as_bytes()).then_some(text)
}
