//! Following redirects, where that was asked for.

use super::answer::ClientResponse;
use super::call::ClientRequest;
use crate::http::error::Error;
use crate::http::wire::{Method, Misuse, Redirect};
use std::io;

/// So much of a redirect's own body is read to keep its connection.
const SMALL_BYTES: usize = 64 * 1024;

impl ClientRequest {
    /// Asks on for as long as the answer leads elsewhere and may be followed. `body`: what was sent,
    /// if it can be sent again.
    pub(super) fn follow(
        &mut self,
        mut response: ClientResponse,
        mut body: Option<&[u8]>,
    ) -> Result<ClientResponse, Error> {
        let most = self.options.redirects();
        if most == 0 {
            return Ok(response);
        }
        for followed in 0.. {
            let method = self.options.method_name().to_owned();
            let method = Method::new(&method).ok_or(Misuse::Method)?;
            let Some(next) = self.where_to(&response, method)? else {
                break;
            };
            if !next.keep_body {
                body = Some(&[]); // and it does not come back
            }
            let Some(body) = body else { break };
            if followed == most {
                return Err(too_many(most));
            }
            let _ = response.collect_up_to(SMALL_BYTES); // else its connection is closed
            drop(response); // with one place left, we would wait for ourselves
            *self = self.redirected(&next)?;
            response = self.send_whole(body)?;
            response.url = Some(next.uri.to_string());
        }
        Ok(response)
    }

    fn where_to<'m>(
        &self,
        response: &ClientResponse,
        method: Method<'m>,
    ) -> Result<Option<Redirect<'m>>, Error> {
        match self.options.uri()? {
            Some(from) => Ok(Redirect::follow(
                response.status(),
                method,
                response.headers(),
                &from,
            )?),
            None => Ok(None),
        }
    }

    /// The next request, within the time that is left for this one.
    fn redirected(&mut self, next: &Redirect<'_>) -> Result<ClientRequest, Error> {
        let mut fields = self.fields().clone();
        next.prune(&mut fields);
        for ours in ["Proxy-Authorization", "Connection"] {
            fields.remove(ours);
        }
        let options = self
            .options
            .redirected(&next.uri, next.method.as_str(), fields)?;
        let mut request = ClientRequest::new(options)?;
        request.clock = self.clock;
        request.timings.began = self.timings.began;
        request.events = self.events.take();
        Ok(request)
    }
}

fn too_many(most: u32) -> Error {
    let text = format!("more than {most} redirects (RFC 9110 §15.4)");
    io::Error::new(io::ErrorKind::InvalidData, text).into()
}
