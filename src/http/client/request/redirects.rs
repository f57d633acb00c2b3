//! Following redirects, if the options ask for it. The caller may watch them, change what is sent next, and stop.

use super::ClientRequest;
use crate::http::client::next_request::NextRequest;
use crate::http::client::response::ClientResponse;
use crate::http::client::wanted::Wanted;
use crate::http::error::Error;
use crate::http::wire::{FieldList, Method, Misuse, Redirect};
use std::io;

/// What [`ClientRequest::on_redirect`] sets.
pub(super) type OnRedirect =
    Box<dyn FnMut(&ClientResponse, &mut NextRequest<'_>) -> Result<bool, Error> + Send>;

impl ClientRequest {
    /// Calls `hook` before a redirect is followed, with the redirect and the [next request](NextRequest). It can
    /// add fields to that request, and returns whether it is sent: after `Ok(false)`, [`end`](Self::end) returns the
    /// redirect itself. It is not called for what [`max_redirects`](crate::http::RequestOptions::max_redirects) does
    /// not follow: a 307 or 308 to a body that was written in pieces, for one. Redirects are followed if
    /// [`RequestOptions::max_redirects`](crate::http::RequestOptions::max_redirects) allows some.
    ///
    /// A login answers with `303 See Other`, and its cookie is in that response:
    ///
    /// ```
    /// use barewire::http;
    ///
    /// fn handler(req: http::Request, mut res: http::Response) -> http::Handled {
    ///     if req.path() == "/login" {
    ///         res.set_status(303)?.set_header("Location", "/home")?;
    ///         res.set_header("Set-Cookie", ["id=7; HttpOnly", "theme=dark; Path=/"])?;
    ///         return res.end("");
    ///     }
    ///     let cookie = req.headers().get_str("Cookie").unwrap_or("no cookie").to_owned();
    ///     res.end(cookie)
    /// }
    /// let server = http::create_server(handler).listen("127.0.0.1:0")?;
    /// let site = format!("http://127.0.0.1:{}/", server.local_addr().port().unwrap());
    ///
    /// let options = http::RequestOptions::new().url(&format!("{site}login"))?.method("POST");
    /// let mut cookies: Vec<String> = Vec::new();
    /// let login = http::request(options.max_redirects(5))?.on_redirect(move |redirect, next| {
    ///     cookies.extend(redirect.cookies().map(String::from));
    ///     if next.url().starts_with(&site) { // for this site only
    ///         next.set_header("Cookie", cookies.join("; "))?;
    ///     }
    ///     Ok(true)
    /// });
    /// assert_eq!(login.end("user=a&password=b")?.collect()?, b"id=7; theme=dark");
    /// # server.shutdown(std::time::Duration::from_secs(1));
    /// # Ok::<(), http::Error>(())
    /// ```
    ///
    /// A program that needs the cookies afterwards, too, does without the hook: it leaves `max_redirects` at 0, takes
    /// [`cookies`](ClientResponse::cookies) from the response, and sends the next request itself.
    ///
    /// The next request may go to another origin: a hook that adds a secret compares its `url` first. While the hook
    /// runs, a redirect with a body still has its connection, one of the agent's five, because the hook may keep it:
    /// so do not send requests in it. The hook is called for each redirect, before
    /// [`ClientEvents::redirect`](crate::http::ClientEvents::redirect), which must agree; neither is called for one
    /// that cannot be followed or is one too many: that is an error.
    ///
    /// # Errors
    /// None; those of the hook become those of [`end`](Self::end).
    pub fn on_redirect(
        mut self,
        hook: impl FnMut(&ClientResponse, &mut NextRequest<'_>) -> Result<bool, Error> + Send + 'static,
    ) -> ClientRequest {
        self.on_redirect = Some(Box::new(hook));
        self
    }

    /// Sends further requests, `most` at most, as long as the response is a redirect that may be followed. `body`:
    /// what was sent, if it can be sent again.
    pub(super) fn follow(
        &mut self,
        mut body: Option<&[u8]>,
        most: u32,
        wanted: &mut Wanted<'_>,
    ) -> Result<(), Error> {
        let mut left = most;
        loop {
            let response = self.response()?;
            let Some(mut next) = self.next_request(&response, &mut body, left)? else {
                self.exchange = Some(response.into_exchange());
                return Ok(());
            };
            response.abandon(); // it may hold the only slot, and the next request would wait for it
            next.take_over(self);
            *self = next;
            self.send_whole(body.unwrap_or_default(), wanted)?;
            left -= 1;
        }
    }

    /// The request that `response` leads to. `None`: it leads nowhere, or is not followed. `left`: how many more may
    /// be sent.
    fn next_request(
        &mut self,
        response: &ClientResponse,
        body: &mut Option<&[u8]>,
        left: u32,
    ) -> Result<Option<ClientRequest>, Error> {
        let settings = self.options.settings();
        let (most, method) = (settings.max_redirects, settings.method.clone());
        let method = Method::new(&method).ok_or(Misuse::Method)?;
        let Some(redirect) = self.redirect(response, method)? else {
            return Ok(None);
        };
        if !redirect.keep_body {
            *body = Some(&[]); // for the redirects after this one, too
        }
        if body.is_none() {
            return Ok(None);
        }
        if left == 0 {
            return Err(too_many(most));
        }
        let url = redirect.uri.to_string();
        let mut next = self.redirected(&redirect)?;
        let is_followed = self.is_followed(response, &mut next, &url)?;
        Ok(is_followed.then_some(next))
    }

    fn redirect<'m>(
        &self,
        response: &ClientResponse,
        method: Method<'m>,
    ) -> Result<Option<Redirect<'m>>, Error> {
        let (status, fields) = (response.status(), response.headers());
        match self.options.settings().uri()? {
            Some(from) => Ok(Redirect::follow(status, method, fields, &from)?),
            None => Ok(None),
        }
    }

    /// Asks those who watch.
    fn is_followed(
        &mut self,
        redirect: &ClientResponse,
        next: &mut ClientRequest,
        url: &str,
    ) -> Result<bool, Error> {
        if self.on_redirect.is_none() && self.events.is_none() {
            return Ok(true);
        }
        let method = next.options.settings().method.clone();
        let next = &mut NextRequest {
            url,
            method: &method,
            fields: next.fields_mut()?,
        };
        let hook = self.on_redirect.as_mut();
        Ok(hook.map_or(Ok(true), |hook| hook(redirect, next))?
            && (self.events.as_mut()).map_or(Ok(true), |events| events.redirect(redirect, next))?)
    }

    /// This request is sent in place of that one.
    fn take_over(&mut self, before: &mut ClientRequest) {
        self.events = before.events.take();
        self.on_redirect = before.on_redirect.take();
        self.ending = before.ending.take();
        if let Some(handle) = self.deadlines.handle() {
            handle.note(&self.timings);
        }
    }

    /// The next request, within the time that is left for this one.
    fn redirected(&mut self, redirect: &Redirect<'_>) -> Result<ClientRequest, Error> {
        let mut fields = self.fields().clone();
        redirect.prune(&mut fields);
        let trailers = self.trailers_after(redirect, &mut fields);
        let method = redirect.method.as_str();
        let options = self.options.redirected(&redirect.uri, method, fields)?;
        let mut request = ClientRequest::new(options)?;
        request.trailers = trailers;
        request.deadlines = self.deadlines.clone();
        request.timings.began = self.timings.began;
        Ok(request)
    }

    /// The trailers of the next request: they are part of the body, and kept or dropped with it. `fields`
    /// announce none if none is left.
    fn trailers_after(&mut self, redirect: &Redirect<'_>, fields: &mut FieldList) -> FieldList {
        let mut trailers = std::mem::take(&mut self.trailers);
        let had_some = !trailers.view().is_empty();
        if !redirect.keep_body {
            trailers.clear();
        }
        redirect.prune(&mut trailers);
        if had_some && trailers.view().is_empty() {
            fields.remove("Trailer");
        }
        trailers
    }
}

fn too_many(most: u32) -> Error {
    let text = format!("more than {most} redirects (RFC 9110 §15.4)");
    io::Error::new(io::ErrorKind::InvalidData, text).into()
}
