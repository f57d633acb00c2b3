//! The pairs of a form, as a browser writes them into a query or a body.
//!
//! ```text
//!   name=%E6%B7%B1+a&b    what came: application/x-www-form-urlencoded
//!   FE name FF 深 a FE b   what is kept, in one piece of memory
//! ```
//!
//! FE and FF are no bytes of UTF-8, so no decoded text holds them. What is kept is one byte longer than what came at
//! most: a stranger who sends many short pairs costs no more memory than one who sends a long one.

use super::error::UriError;
use super::percent::decode_form;
use std::fmt;

/// Before a name.
const PAIR: u8 = 0xFE;
/// Between a name and its value, where there is a `=`.
const VALUE: u8 = 0xFF;

/// The decoded pairs of a query or a form: [`Request::query_params`](crate::http::Request::query_params),
/// [`Request::form`](crate::http::Request::form).
///
/// They are in the order in which they came, with repeats. `+` is a space, `%2B` a plus. A name without `=` has an
/// empty value; two `&` with nothing between them make no pair. A look-up reads the pairs from the first on; for many
/// look-ups in a form that may be large, collect them: `params.iter().collect::<HashMap<_, _>>()`.
///
/// ```
/// use barewire::http::Params;
///
/// let params = Params::parse("q=%E6%B7%B1+water&tag=a&tag=b%2Bc&empty")?;
/// assert_eq!(params.get("q"), Some("深 water"));
/// assert_eq!(params.get_all("tag").collect::<Vec<_>>(), ["a", "b+c"]);
/// assert_eq!((params.get("empty"), params.get("none")), (Some(""), None));
/// for (name, value) in &params {
///     println!("{name}: {value}");
/// }
/// # Ok::<(), barewire::http::wire::UriError>(())
/// ```
#[derive(Clone, Default)]
pub struct Params(Vec<u8>);

impl Params {
    /// The pairs of a text in the form `name=value&name=value`, without a leading `?`.
    ///
    /// It is read as the URL Standard of the WHATWG says, which browsers keep to, with one difference: what the
    /// standard lets a reader guess is refused here. No browser sends it.
    ///
    /// # Errors
    /// A `%` that is not followed by two hexadecimal digits, or bytes that are not UTF-8 when decoded. A handler that
    /// fails with it blames its client, which gets a 400: see [`Failure`](crate::http::Failure).
    pub fn parse(text: &str) -> Result<Params, UriError> {
        let mut pairs = Vec::with_capacity(text.len() + 1);
        let mut at = 0;
        for piece in text.split('&') {
            if !piece.is_empty() {
                append(piece, &mut pairs).map_err(|error| error.in_part().moved(at))?;
            }
            at += piece.len() + 1;
        }
        Ok(Params(pairs))
    }

    /// The value of the first pair of this name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.get_all(name).next()
    }

    /// The values of all pairs of this name, in order.
    pub fn get_all(&self, name: &str) -> impl Iterator<Item = &str> {
        let mut pairs = self.iter();
        std::iter::from_fn(move || pairs.next_named(name))
    }

    /// Whether there is a pair of this name.
    pub fn contains(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// Name and value of each pair, in order.
    pub fn iter(&self) -> ParamPairs<'_> {
        ParamPairs(&self.0)
    }

    /// Whether there are no pairs.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// What goes through [`Params`].
#[derive(Clone)]
pub struct ParamPairs<'a>(&'a [u8]);

impl<'a> ParamPairs<'a> {
    fn next_pair(&mut self) -> Option<(&'a [u8], &'a [u8])> {
        let (_, pairs) = self.0.split_first()?;
        let end = pairs.iter().position(|&byte| byte == PAIR);
        let (pair, rest) = pairs.split_at(end.unwrap_or(pairs.len()));
        self.0 = rest;
        let name_end = pair.iter().position(|&byte| byte == VALUE);
        Some(name_end.map_or((pair, &[]), |at| (&pair[..at], &pair[at + 1..])))
    }

    fn next_named(&mut self, name: &str) -> Option<&'a str> {
        loop {
            let (given, value) = self.next_pair()?;
            if given == name.as_bytes() {
                return Some(text(value));
            }
        }
    }
}

impl<'a> Iterator for ParamPairs<'a> {
    type Item = (&'a str, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        let (name, value) = self.next_pair()?;
        Some((text(name), text(value)))
    }
}

impl<'a> IntoIterator for &'a Params {
    type Item = (&'a str, &'a str);
    type IntoIter = ParamPairs<'a>;

    fn into_iter(self) -> ParamPairs<'a> {
        self.iter()
    }
}

impl fmt::Debug for Params {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self).finish()
    }
}

impl fmt::Debug for ParamPairs<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}

/// It was checked when it was decoded: the default is never used.
fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap_or_default()
}

fn append(piece: &str, pairs: &mut Vec<u8>) -> Result<(), UriError> {
    pairs.push(PAIR);
    let Some((name, value)) = piece.split_once('=') else {
        return append_text(piece, pairs);
    };
    append_text(name, pairs)?;
    pairs.push(VALUE);
    append_text(value, pairs).map_err(|error| error.moved(name.len() + 1))
}

fn append_text(part: &str, pairs: &mut Vec<u8>) -> Result<(), UriError> {
    let from = pairs.len();
    decode_form(part, pairs)?;
    match std::str::from_utf8(&pairs[from..]) {
        Ok(_) => Ok(()),
        Err(error) => Err(UriError::not_utf8(part, error.valid_up_to())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::wire::{Query, UriReason};

    fn read(text: &str) -> Vec<(String, String)> {
        let params = Params::parse(text).unwrap();
        let own = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        params.iter().map(own).collect()
    }

    #[test]
    fn pairs() {
        for (text, expected) in [
            ("", &[][..]),
            ("&&", &[]),
            ("a=1&b=%20", &[("a", "1"), ("b", " ")]),
            ("a", &[("a", "")]),
            ("=", &[("", "")]),
            ("a=b=c&=", &[("a", "b=c"), ("", "")]),
            ("a+b=c+%2b;e=f", &[("a b", "c +;e=f")]),
            ("a%26b=%3d&", &[("a&b", "=")]),
            ("?a=1", &[("?a", "1")]),
            ("a=%00%0d%0A", &[("a", "\0\r\n")]),
            ("a=深\n", &[("a", "深\n")]),
            ("%EF%BB%BFa=1", &[("\u{feff}a", "1")]),
        ] {
            let found = read(text);
            let found: Vec<_> = found.iter().map(|(n, v)| (&**n, &**v)).collect();
            assert_eq!(found, expected, "{text}");
            assert_eq!(Params::parse(text).unwrap().is_empty(), found.is_empty());
        }
    }

    #[test]
    fn a_look_up_finds_the_first_of_a_name() {
        let params = Params::parse("a=1&b&a=2&&=3&A=4").unwrap();
        let all = |name| params.get_all(name).collect::<Vec<_>>();
        assert_eq!(
            (params.get("a"), params.get("b"), params.get("")),
            (Some("1"), Some(""), Some("3"))
        );
        assert_eq!(
            (params.get("c"), params.contains("c"), params.contains("b")),
            (None, false, true)
        );
        assert_eq!((all("a"), all("c")), (vec!["1", "2"], vec![]));
        assert_eq!(format!("{params:?}").matches('(').count(), 5);
    }

    #[test]
    fn what_a_query_writes_is_read() {
        let query = Query::new()
            .add("a b", "c+d")
            .add("&=?", "%41%")
            .add("深", "");
        let pairs: Result<Vec<_>, _> = Query::pairs(query.as_str()).collect();
        assert_eq!(read(query.as_str()), pairs.unwrap());
    }

    #[test]
    fn an_error_has_its_offset_in_the_whole_text() {
        for (text, at, reason) in [
            ("%", 0, UriReason::Escape),
            ("a=1&b%=2", 5, UriReason::Escape),
            ("a=1&&b+=+%f", 9, UriReason::Escape),
            ("a=1&bc=%ff", 7, UriReason::NotUtf8),
            ("a=%FE", 2, UriReason::NotUtf8),
            ("%e6%b7=%b1", 0, UriReason::NotUtf8),
        ] {
            let error = Params::parse(text).unwrap_err();
            assert_eq!((error.at(), error.reason()), (at, reason), "{text}");
            assert!(error.in_request().is_some(), "the client is to blame");
        }
    }

    #[test]
    fn limit_many_pairs_cost_no_more_memory_than_they_took() {
        let text = "a&".repeat(500_000);
        let params = Params::parse(&text).unwrap();
        assert!(
            params.0.capacity() <= text.len() + 1,
            "{}",
            params.0.capacity()
        );
        assert_eq!((params.get("b"), params.iter().count()), (None, 500_000));
    }
}
