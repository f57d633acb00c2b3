//! What is wrong with a certificate, in a sentence, and what can be done about it.

use super::super::provider::fingerprint;
use super::super::wire::{Certificate, PublicKey};
use super::{Code, Error};
use rustls::CertificateError;
use rustls::pki_types::{CertificateDer, UnixTime};
use std::fmt;

/// Shorter RSA keys are refused (E33).
const RSA_BITS: usize = 2048;

const NEW_ONE: &str = "have a new one issued, `openssl req -addext` or `openssl x509 -extfile`, \
                       with subjectAltName and a key of P-256 (or RSA of 2048 bits)";

/// Whose certificate it is: the subject of every sentence here.
#[derive(Clone, Copy)]
pub(in crate::tls) enum Owner<'a> {
    /// The server that was asked for by this name.
    Server(&'a str),
    Client,
    /// The peer, client or server.
    Peer,
    /// Our own certificate, from this option.
    Option(&'a str),
}

impl fmt::Display for Owner<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Owner::Server(name) => write!(f, "the certificate of {name:?}"),
            Owner::Client => f.write_str("the client's certificate"),
            Owner::Peer => f.write_str("the peer's certificate"),
            Owner::Option(option) => write!(f, "the certificate in {option}"),
        }
    }
}

impl Owner<'_> {
    /// The option of a CA to be trusted.
    fn ca_option(self) -> &'static str {
        match self {
            Owner::Client => "ServerOptions::ca",
            Owner::Server(_) | Owner::Peer | Owner::Option(_) => "ClientOptions::ca",
        }
    }

    /// The purpose that the certificate must have (RFC 5280 §4.2.1.12).
    fn purpose(self) -> &'static str {
        match self {
            Owner::Client => "clientAuth",
            Owner::Server(_) | Owner::Peer | Owner::Option(_) => "serverAuth",
        }
    }
}

/// A chain that was not accepted: the peer's own certificate, and those that came behind it.
#[derive(Clone, Copy)]
pub(in crate::tls) struct Chain<'a> {
    pub(in crate::tls) leaf: &'a CertificateDer<'a>,
    pub(in crate::tls) intermediates: &'a [CertificateDer<'a>],
    pub(in crate::tls) owner: Owner<'a>,
}

/// What `why` means for this chain.
pub(in crate::tls) fn explain(why: &CertificateError, chain: Chain<'_>) -> Error {
    let owner = chain.owner;
    let leaf = match Certificate::decode(chain.leaf) {
        Ok(leaf) => leaf,
        Err(rule) => {
            let text = format!("{owner} cannot be read ({why:?}): {rule}");
            return Error::new(Code::CertRejected, text);
        }
    };
    if let Err(weak) = check_strength(&leaf, owner) {
        return weak;
    }
    match why {
        CertificateError::UnknownIssuer => unknown_issuer(&leaf, chain),
        CertificateError::ExpiredContext { time, .. }
        | CertificateError::NotValidYetContext { time, .. } => {
            outside_validity(&leaf, chain, *time)
        }
        CertificateError::NotValidForNameContext { .. } => other_names(&leaf, owner),
        CertificateError::InvalidPurposeContext { .. } => {
            let text = format!(
                "{owner} is not meant for this: its extendedKeyUsage lacks {}, and must be issued \
                 with it",
                owner.purpose()
            );
            Error::new(Code::InvalidPurpose, text)
        }
        CertificateError::BadSignature => {
            let text = format!(
                "{owner} is not signed by the issuer that it names, {}: the CA here has the same \
                 name and another key, or somebody changed the certificate",
                Brief(leaf.issuer())
            );
            Error::new(Code::CertSignatureFailure, text)
        }
        _ if leaf.is_self_issued() && leaf.is_ca() => self_signed(&leaf, chain),
        _ if leaf.is_ca() => {
            let text = format!(
                "{owner} is a CA's (CA:TRUE), which signs others and identifies no peer: have one \
                 issued with basicConstraints=CA:FALSE"
            );
            Error::new(Code::InvalidPurpose, text)
        }
        other => Error::new(Code::CertRejected, format!("{owner} is refused: {other:?}")),
    }
}

/// Refuses certificates that are too weak, no matter which CA signed them.
pub(in crate::tls) fn check_strength(
    certificate: &Certificate<'_>,
    owner: Owner<'_>,
) -> Result<(), Error> {
    if certificate.version() < 3 {
        let version = certificate.version();
        let text = format!(
            "{owner} is an X.509 v{version} certificate, which says neither for which names it is \
             nor what for (`openssl x509 -req` without extensions makes them): {NEW_ONE}"
        );
        return Err(Error::new(Code::UnsupportedX509Version, text));
    }
    match certificate.public_key() {
        PublicKey::Rsa { bits } if bits < RSA_BITS => {
            let text =
                format!("{owner} has an RSA key of {bits} bits, which can be broken: {NEW_ONE}");
            Err(Error::new(Code::KeyTooSmall, text))
        }
        _ => Ok(()),
    }
}

/// The chain leads to a trusted CA, but today is outside the dates of this CA.
pub(in crate::tls) fn outdated_ca(
    ca: &CertificateDer<'_>,
    chain: Chain<'_>,
    now: UnixTime,
) -> Error {
    let (owner, option) = (chain.owner, chain.owner.ca_option());
    let ca = Certificate::decode(ca).ok();
    let when = ca.as_ref().and_then(|ca| expired_or_early(ca, now));
    let name = ca.map(|ca| ca.subject().to_string()).unwrap_or_default();
    let name = Brief(&name);
    let (code, when) = when.unwrap_or((Code::CertHasExpired, "has expired".to_owned()));
    let text = format!("{owner} is issued by {name}, which {option} trusts, but which {when}");
    Error::new(code, text)
}

/// The certificate is not the one whose fingerprint was given.
pub(in crate::tls) fn not_pinned(chain: Chain<'_>) -> Error {
    let text = format!(
        "{} has the fingerprint {}, not that of ClientOptions::fingerprint256: was it renewed, or is \
         somebody in between? Ask the operator of the server, and not over this connection",
        chain.owner,
        fingerprint(chain.leaf)
    );
    Error::new(Code::CertFingerprint, text)
}

/// No CA that is trusted has issued the last certificate of the chain.
fn unknown_issuer(leaf: &Certificate<'_>, chain: Chain<'_>) -> Error {
    if leaf.is_self_issued() {
        return self_signed(leaf, chain);
    }
    let (owner, ca) = (chain.owner, chain.owner.ca_option());
    let last = chain.intermediates.last();
    let (code, text) = match last.and_then(|der| Certificate::decode(der).ok()) {
        Some(last) if last.is_self_issued() => {
            let root = Brief(last.subject());
            let text = format!(
                "the chain of {owner} ends in the root {root}, which is not trusted here: if it \
                 should be, pass that root's certificate with {ca}"
            );
            (Code::SelfSignedCertInChain, text)
        }
        Some(last) => {
            let issuer = Brief(last.issuer());
            let text = format!(
                "the chain of {owner} leads to {issuer}, which is not trusted here: pass the \
                 certificate of that CA with {ca}"
            );
            (Code::UnableToGetIssuerCertLocally, text)
        }
        None => {
            let issuer = Brief(leaf.issuer());
            let text = format!(
                "{owner} is issued by {issuer}, which is not trusted here, and it came alone: pass \
                 the CA's certificate with {ca}; if that issuer is an intermediate, its certificate \
                 must come from the peer, behind its own in `cert`"
            );
            (Code::UnableToVerifyLeafSignature, text)
        }
    };
    Error::new(code, text)
}

/// The certificate is its own issuer.
fn self_signed(leaf: &Certificate<'_>, chain: Chain<'_>) -> Error {
    let (subject, ca) = (Brief(leaf.subject()), chain.owner.ca_option());
    let or_pin = match chain.owner {
        Owner::Client => String::new(),
        _ => format!(
            ", or with ClientOptions::fingerprint256(\"{}\") once you know that it is the right one",
            fingerprint(chain.leaf)
        ),
    };
    let text = format!(
        "{} is signed by itself ({subject}), so no CA vouches for it: to trust exactly this one pass \
         it with {ca}{or_pin}",
        chain.owner
    );
    Error::new(Code::DepthZeroSelfSignedCert, text)
}

/// Text of a peer in an error: its first characters.
struct Brief<T>(T);

const BRIEF_CHARS: usize = 200;
/// How many names of a certificate an error lists.
const MAX_NAMES: usize = 10;

impl<T: fmt::Display> fmt::Display for Brief<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut all = self.0.to_string();
        if let Some((end, _)) = all.char_indices().nth(BRIEF_CHARS) {
            all.truncate(end);
            all.push('…');
        }
        f.write_str(&all)
    }
}

/// The first certificate of the chain that has expired, or is not valid yet.
fn outside_validity(leaf: &Certificate<'_>, chain: Chain<'_>, now: UnixTime) -> Error {
    let owner = chain.owner;
    if let Some((code, when)) = expired_or_early(leaf, now) {
        return Error::new(code, format!("{owner} {when}"));
    }
    let intermediates = chain.intermediates.iter();
    for issuer in intermediates.filter_map(|der| Certificate::decode(der).ok()) {
        if let Some((code, when)) = expired_or_early(&issuer, now) {
            let subject = Brief(issuer.subject());
            let text = format!("{owner} is issued by {subject}, whose certificate {when}");
            return Error::new(code, text);
        }
    }
    let text = format!("{owner} is issued by a CA that has expired or is not valid yet");
    Error::new(Code::CertHasExpired, text)
}

fn expired_or_early(certificate: &Certificate<'_>, now: UnixTime) -> Option<(Code, String)> {
    let (from, until) = (certificate.not_before(), certificate.not_after());
    let now = now.as_secs() as i64;
    let hint = "unless the clock of this machine is wrong";
    if now > until.unix_seconds() {
        let when = format!("expired on {until}: it must be renewed, {hint}");
        Some((Code::CertHasExpired, when))
    } else if now < from.unix_seconds() {
        let when = format!("is not valid before {from}: it is too early to use it, {hint}");
        Some((Code::CertNotYetValid, when))
    } else {
        None
    }
}

// RFC 9525 §2: "The Common Name RDN MUST NOT be used to identify a service"
fn other_names(leaf: &Certificate<'_>, owner: Owner<'_>) -> Error {
    let first = leaf.alt_names().take(MAX_NAMES);
    let mut names: Vec<String> = first.map(|name| Brief(name).to_string()).collect();
    match leaf.alt_names().count() - names.len() {
        0 => {}
        more => names.push(format!("and {more} others")),
    }
    let text = match names.is_empty() {
        true => format!(
            "{owner} is for no host: it has no subjectAltName, and its Common Name ({}) is ignored: \
             {NEW_ONE}",
            Brief(leaf.subject())
        ),
        false => format!(
            "{owner} is for other hosts: {}. Connect to one of these, name one with \
             ClientOptions::servername, or have a certificate issued for this host, too",
            names.join(", ")
        ),
    };
    Error::new(Code::CertAltnameInvalid, text)
}
