//! The request that follows a redirect, before it is sent.

use crate::http::error::Error;
use crate::http::field_values::{self, FieldValues};
use crate::http::wire::FieldList;

/// The request that follows a redirect, before anything of it is sent: what a hook of
/// [`on_redirect`](super::ClientRequest::on_redirect) and [`ClientEvents::redirect`](super::ClientEvents::redirect) can
/// look at and add to. Its fields are those of the request before, without the ones that the redirect drops (RFC 9110
/// §15.4): `Authorization` and `Cookie` on the way to another origin, those of the body where the method becomes `GET`.
///
/// ```
/// use barewire::http;
///
/// fn handler(req: http::Request, mut res: http::Response) -> http::Handled {
///     if req.path() == "/old" {
///         res.set_status(308)?.set_header("Location", "/new")?;
///     }
///     res.end(format!("{} {}", req.method(), req.path()))
/// }
/// let server = http::create_server(handler).listen("127.0.0.1:0")?;
/// let site = format!("http://127.0.0.1:{}", server.local_addr().port().unwrap());
///
/// let options = http::RequestOptions::new().url(&format!("{site}/old"))?.method("PUT").max_redirects(5);
/// let here = format!("{site}/");
/// let req = http::request(options)?.on_redirect(move |_redirect, next| {
///     assert_eq!((next.method(), next.get_header("Referer")), ("PUT", None));
///     next.set_header("Referer", &here)?;
///     Ok(next.url().starts_with(&here)) // nowhere else
/// });
/// assert_eq!(req.end("a body")?.collect()?, b"PUT /new");
/// # server.shutdown(std::time::Duration::from_secs(1));
/// # Ok::<(), http::Error>(())
/// ```
#[derive(Debug)]
pub struct NextRequest<'a> {
    pub(super) url: &'a str,
    pub(super) method: &'a str,
    pub(super) fields: &'a mut FieldList,
}

impl NextRequest<'_> {
    /// The URL that it goes to.
    pub fn url(&self) -> &str {
        self.url
    }

    /// Its method: `GET` after a 303, and after a 301 or 302 to a `POST`.
    pub fn method(&self) -> &str {
        self.method
    }

    /// The value of a field that will be sent, if it is text.
    pub fn get_header(&self, name: &str) -> Option<&str> {
        self.fields.view().get_str(name)
    }

    /// Sets a field; replaces those of this name. The value is text, bytes, a number or several texts: see
    /// [`FieldValues`].
    ///
    /// # Errors
    /// Bytes that must not be sent.
    pub fn set_header(&mut self, name: &str, values: impl FieldValues) -> Result<&mut Self, Error> {
        field_values::set(self.fields, name, &values)?;
        Ok(self)
    }

    /// Removes the fields of this name; returns whether there was one.
    pub fn remove_header(&mut self, name: &str) -> bool {
        self.fields.remove(name)
    }
}
