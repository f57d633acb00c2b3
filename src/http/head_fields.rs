//! The fields of a head that is written in one call.

/// The fields that [`Response::write_head`](super::Response::write_head) and its neighbours take: pairs of a name
/// and a value.
///
/// | the argument | the fields |
/// |---|---|
/// | `()` | none |
/// | `[("Content-Type", "text/plain"), ("X-Foo", "bar")]` | these, in this order |
/// | a `Vec`, a slice, a map, or a reference to one; an iterator | its pairs |
/// | [`Request::headers`](super::Request::headers), a [`FieldList`](super::wire::FieldList) | its lines |
///
/// Names and values are text or bytes. For a number, write `.to_string()`, or call
/// [`Response::set_header`](super::Response::set_header) before.
///
/// The parameter `Pair` is the type of the items. The compiler finds it; it is what lets `()` and every kind of
/// collection be fields.
///
/// ```
/// use barewire::http::{self, HeadFields};
///
/// /// The fields that each page of this server has.
/// fn page<P>(res: http::Response, fields: impl HeadFields<P>, html: &str) -> http::Handled {
///     let mut res = res.write_head(200, fields)?;
///     res.end(html)
/// }
///
/// fn handler(req: http::Request, res: http::Response) -> http::Handled {
///     match req.path() {
///         "/" => page(res, [("Content-Type", "text/html")], "<h1>hello"),
///         "/bare" => page(res, (), "hello"),
///         _ => res.write_head(404, ())?.end(""),
///     }
/// }
/// # let server = http::create_server(handler);
/// # let answer = |path| String::from_utf8(server.answer_to(format!("GET {path} HTTP/1.0\r\n\r\n").as_bytes())).unwrap();
/// # assert!(answer("/").starts_with("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nDate:"));
/// # assert!(answer("/bare").starts_with("HTTP/1.1 200 OK\r\nDate:"));
/// # assert!(answer("/no").starts_with("HTTP/1.1 404 Not Found\r\nDate:"));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no list of fields",
    label = "not `()`, and not pairs of a name and a value",
    note = "pass `()` for no fields, or pairs of text or bytes: an array `[(\"Content-Type\", \"text/plain\")]`, a `Vec`, a slice, a map, an iterator; for a value that is a number, `.to_string()`"
)]
pub trait HeadFields<Pair> {
    /// Calls `f` with each name and value, in order, until it fails.
    ///
    /// # Errors
    /// What `f` returned.
    fn each<E>(self, f: impl FnMut(&[u8], &[u8]) -> Result<(), E>) -> Result<(), E>;
}

/// No fields.
impl HeadFields<()> for () {
    #[inline]
    fn each<E>(self, _: impl FnMut(&[u8], &[u8]) -> Result<(), E>) -> Result<(), E> {
        Ok(())
    }
}

/// Pairs: an array, a `Vec`, a map, an iterator …
impl<N, V, I> HeadFields<(N, V)> for I
where
    I: IntoIterator<Item = (N, V)>,
    N: AsRef<[u8]>,
    V: AsRef<[u8]>,
{
    #[inline]
    fn each<E>(self, mut f: impl FnMut(&[u8], &[u8]) -> Result<(), E>) -> Result<(), E> {
        for (name, value) in self {
            f(name.as_ref(), value.as_ref())?;
        }
        Ok(())
    }
}

/// Borrowed pairs: a slice, a reference to an array or a `Vec`.
impl<'p, N, V, I> HeadFields<&'p (N, V)> for I
where
    I: IntoIterator<Item = &'p (N, V)>,
    N: AsRef<[u8]> + 'p,
    V: AsRef<[u8]> + 'p,
{
    #[inline]
    fn each<E>(self, mut f: impl FnMut(&[u8], &[u8]) -> Result<(), E>) -> Result<(), E> {
        for (name, value) in self {
            f(name.as_ref(), value.as_ref())?;
        }
        Ok(())
    }
}
