//! What a server behind a proxy knows of its clients.

use super::demo::Args;
use super::reply::text;
use barewire::http::{Handled, Request, Response, TrustedProxies};

/// Whom to believe, and which of the two fields.
pub(crate) fn trusted_proxies(args: &mut Args<'_>) -> Result<Option<TrustedProxies>, String> {
    let (one, other) = ("--trust-forwarded", "--trust-x-forwarded");
    let forwarded = args.parsed(one, |list| TrustedProxies::forwarded(list.split(',')))?;
    let x_forwarded = args.parsed(other, |list| TrustedProxies::x_forwarded(list.split(',')))?;
    match (forwarded, x_forwarded) {
        (Some(_), Some(_)) => Err(format!("{one} and {other} cannot be combined")),
        (forwarded, x_forwarded) => Ok(forwarded.or(x_forwarded)),
    }
}

/// Who asks, and with which URL.
pub(crate) fn client(req: &Request<'_>, res: Response<'_>) -> Handled {
    let ip = req.client_ip()?.map(|ip| ip.to_string());
    let (scheme, host) = (req.client_scheme()?.as_str(), req.client_host()?);
    let ip = ip.unwrap_or("unknown".to_owned());
    text(res, 200, &format!("{ip} {scheme}://{host}{}\n", req.url()))
}
