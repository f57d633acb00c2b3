//! Following redirects, if the options ask for it.

use super::ClientRequest;
use crate::http::client::response::ClientResponse;
use crate::http::client::wanted::Wanted;
use crate::http::error::Error;
use crate::http::wire::{FieldList, Method, Misuse, Redirect};
use std::io;

impl ClientRequest {
    /// Sends further requests, as long as the response is a redirect that may be followed. `body`: what
    /// was sent, if it can be sent again.
    pub(super) fn follow(
        &mut self,
        mut response: ClientResponse,
        mut body: Option<&[u8]>,
        wanted: &mut Wanted<'_>,
    ) -> Result<ClientResponse, Error> {
        let most = self.options.settings().max_redirects;
        if most == 0 {
            return Ok(response);
        }
        for followed in 0.. {
            let method = self.options.settings().method.clone();
            let method = Method::new(&method).ok_or(Misuse::Method)?;
            let Some(redirect) = self.redirect(&response, method)? else {
                break;
            };
            if !redirect.keep_body {
                body = Some(&[]); // for the redirects after this one, too
            }
            let Some(body) = body else { break };
            if followed == most {
                return Err(too_many(most));
            }
            response.abandon(); // it may hold the only slot, and the next request would wait for it
            *self = self.redirected(&redirect)?;
            response = self.send_whole(body, wanted)?;
            response.url = Some(redirect.uri.to_string());
        }
        Ok(response)
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
        request.ending = self.ending.take();
        if let Some(handle) = request.deadlines.handle() {
            handle.note(&request.timings);
        }
        request.events = self.events.take();
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
