//! Which proxies the server believes.

use super::demo::Args;
use barewire::http::TrustedProxies;

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
