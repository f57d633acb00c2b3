//! CONNECT: a tunnel of bytes that the proxy does not interpret.

use crate::policy::Proxy;
use crate::reach::reach;
use crate::refusal::Refusal;
use barewire::http::wire::{BodyLength, Target};
use barewire::http::{Failure, Request, Response};
use barewire::net::{self, Stream};
use std::sync::Arc;
use std::time::Instant;

/// Opens the tunnel and returns when it has ended. The text is for the log.
pub(crate) fn open(proxy: &Proxy, req: Request<'_>, res: Response<'_>) -> Result<String, Failure> {
    let far = match far_end(proxy, &req) {
        Ok(far) => far,
        Err(refusal) => return refusal.answer(res),
    };
    let (near, ahead, slot) = req.upgrade(res, ())?.into_parts();
    let (there, back) = net::tunnel(near, far, &ahead, proxy.idle_timeout)?;
    drop(slot); // the connection is closed before its place is free
    Ok(format!(
        "200, and a tunnel: {there} bytes there, {back} back"
    ))
}

fn far_end(proxy: &Proxy, req: &Request<'_>) -> Result<Arc<dyn Stream>, Refusal> {
    let Target::Authority { host, port } = req.target() else {
        return Err(Refusal::new(400, "CONNECT takes HOST:PORT"));
    };
    if !proxy.allow.allows(host, port) {
        return Err(Refusal::not_listed(host, port));
    }
    if req.body_length() != BodyLength::Known(0) {
        return Err(Refusal::new(
            400,
            "a CONNECT has no content (RFC 9110 §9.3.6)",
        ));
    }
    match reach(host, port, Instant::now() + proxy.timeout) {
        Ok(connected) => Ok(connected.stream),
        Err(e) => Err(Refusal::of(&e.into(), &format!("{host}:{port}"))),
    }
}
