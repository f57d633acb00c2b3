//! `name=value&name=value`: the usual form of a query.
//!
//! RFC 3986 §3.4 gives a query no inner form: "query components are often used to carry
//! identifying information in the form of "key=value" pairs", and no more. So this file writes what every
//! reader understands, and reads only what was written:
//!
//! | | written | read as |
//! |---|---|---|
//! | a space | `%20` | a space |
//! | a plus | `%2B` | a plus |
//! | `+` | never | a plus |
//!
//! Only readers of HTML forms take `+` for a space; all take `%20` for one. [`Params`](super::Params) is such a reader,
//! for the query that a browser makes from a form.

use super::error::UriError;
use super::percent::{percent_decode_text, percent_encode_component};
use std::fmt;

/// A query that is being built: every byte with a special meaning is percent-encoded.
///
/// ```
/// use barewire::http::wire::{Query, Uri};
///
/// let query = Query::new().add("name", "深入浅出").add("page", "1");
/// assert_eq!(query.to_string(), "name=%E6%B7%B1%E5%85%A5%E6%B5%85%E5%87%BA&page=1");
///
/// let uri = Uri::parse(&format!("http://127.0.0.1:1337/search?{query}"))?;
/// let mut pairs = Query::pairs(uri.query().unwrap_or_default());
/// assert_eq!(pairs.next().unwrap()?, ("name".to_string(), "深入浅出".to_string()));
/// # Ok::<(), barewire::http::wire::UriError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Query(String);

impl Query {
    /// An empty query.
    pub fn new() -> Query {
        Query::default()
    }

    /// Adds a pair after the others.
    pub fn add(mut self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Query {
        if !self.0.is_empty() {
            self.0.push('&');
        }
        percent_encode_component(name, &mut self.0);
        self.0.push('=');
        percent_encode_component(value, &mut self.0);
        self
    }

    /// The text after the `?`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The pairs of a query, decoded, in order and with repeats. A name without `=` has an empty value; two
    /// `&` with nothing between them make no pair.
    ///
    /// # Errors
    /// Each item can be an error: a bad escape, or bytes that are not UTF-8. A handler that fails with it blames
    /// its client, which gets a 400: see [`Failure`](crate::http::Failure). (For bytes that are no text,
    /// split the query and use [`percent_decode`](super::percent_decode).)
    pub fn pairs(query: &str) -> impl Iterator<Item = Result<(String, String), UriError>> {
        Query::pieces(query).map(|(at, piece)| pair(piece).map_err(|error| error.moved(at)))
    }

    /// The pairs as they were sent, each with its offset in the query.
    pub(crate) fn pieces(query: &str) -> impl Iterator<Item = (usize, &str)> {
        let mut behind = 0;
        let pieces = query.split('&').map(move |piece| {
            let at = behind;
            behind += piece.len() + 1;
            (at, piece)
        });
        pieces.filter(|(_, piece)| !piece.is_empty())
    }

    /// Name and value of a pair, as they were sent.
    pub(crate) fn split(piece: &str) -> (&str, &str) {
        piece.split_once('=').unwrap_or((piece, ""))
    }
}

fn pair(piece: &str) -> Result<(String, String), UriError> {
    let (name, value) = Query::split(piece);
    let value_at = name.len() + 1;
    Ok((
        percent_decode_text(name)?,
        percent_decode_text(value).map_err(|error| error.moved(value_at))?,
    ))
}

impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str) -> Result<Vec<(String, String)>, UriError> {
        Query::pairs(query).collect()
    }

    #[test]
    fn what_was_written_is_read() {
        let pairs = [
            ("name", "深入浅出"),
            ("a b", "c+d"),
            ("&=?#/", "%41%"),
            ("", "no name"),
            ("no value", ""),
            ("name", "again"),
        ];
        let query = pairs
            .iter()
            .fold(Query::new(), |query, (name, value)| query.add(name, value));
        let own = |(name, value): (&str, &str)| (name.to_string(), value.to_string());
        assert_eq!(read(query.as_str()).unwrap(), pairs.map(own));
        assert!(query.to_string().starts_with("name=%E6%B7%B1"));
        assert!(query.as_str().contains("&a%20b=c%2Bd&%26%3D%3F%23%2F="));
    }

    #[test]
    fn pairs() {
        for (query, expected) in [
            ("", &[][..]),
            ("&&", &[]),
            ("a=1&b=%20", &[("a", "1"), ("b", " ")]),
            ("a", &[("a", "")]),
            ("a=b=c&=", &[("a", "b=c"), ("", "")]),
            ("a+b=c+d;e=f", &[("a+b", "c+d;e=f")]),
            ("a%26b=%3d&", &[("a&b", "=")]),
        ] {
            let own: Vec<(String, String)> = expected
                .iter()
                .map(|(name, value)| (name.to_string(), value.to_string()))
                .collect();
            assert_eq!(read(query).unwrap(), own, "{query}");
        }
    }

    #[test]
    fn an_error_has_its_offset_in_the_whole_query() {
        for (query, at) in [
            ("%", 0),
            ("a=1&b%=2", 5),
            ("a=1&b=%f", 6),
            ("a=1&bc=%ff", 7),
        ] {
            assert_eq!(read(query).unwrap_err().at(), at, "{query}");
        }
        assert!(Query::pairs("a=%&b=2").nth(1).unwrap().is_ok());
    }
}
