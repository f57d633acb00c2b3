//! What is wrong with a certificate, in words, and what can be done about it.

use super::code::Code;
use super::error::Error;
use super::provider::fingerprint;
use super::wire::{Certificate, PublicKey};
use rustls::CertificateError;
use rustls::pki_types::{CertificateDer, UnixTime};
use std::fmt;

/// RSA keys of less are refused (E33).
const RSA_BITS: usize = 2048;

const NEW_ONE: &str = "have a new one issued, `openssl req -addext` or `openssl x509 -extfile`, \
                       with subjectAltName and a key of P-256 (or RSA of 2048 bits)";

/// Whose certificate it is.
#[derive(Clone, Copy)]
pub(super) enum Peer<'a> {
    /// The one that was asked for by this name.
    Server(&'a str),
    Client,
    /// Of either.
    Shown,
    /// Our own, given in this option.
    Own(&'a str),
}

impl fmt::Display for Peer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Peer::Server(name) => write!(f, "the certificate of {name:?}"),
            Peer::Client => f.write_str("the client's certificate"),
            Peer::Shown => f.write_str("the certificate that the peer shows"),
            Peer::Own(option) => write!(f, "the certificate in {option}"),
        }
    }
}

impl Peer<'_> {
    /// Where a CA is given, to be trusted.
    fn ca(self) -> &'static str {
        match self {
            Peer::Client => "ServerOptions::ca",
            Peer::Server(_) | Peer::Shown | Peer::Own(_) => "ClientOptions::ca",
        }
    }
}

/// What `why` means for this chain: the peer's own certificate, and those that came behind it.
pub(super) fn diagnose(
    why: &CertificateError,
    leaf: &CertificateDer<'_>,
    behind: &[CertificateDer<'_>],
    peer: Peer<'_>,
) -> Error {
    let Ok(view) = Certificate::decode(leaf) else {
        return unreadable(why, leaf, peer);
    };
    if let Err(outdated) = of_today(&view, peer) {
        return outdated;
    }
    match why {
        CertificateError::UnknownIssuer => unknown_issuer(&view, leaf, behind, peer),
        CertificateError::ExpiredContext { time, .. }
        | CertificateError::NotValidYetContext { time, .. } => not_now(&view, behind, *time, peer),
        CertificateError::NotValidForNameContext { .. } => other_names(&view, peer),
        CertificateError::InvalidPurposeContext { .. } => purpose(peer),
        CertificateError::BadSignature => {
            let text = format!(
                "{peer} is not signed by whom it names as its issuer, {}: the CA here has the same \
                 name and another key, or somebody changed the certificate",
                view.issuer()
            );
            Error::new(Code::CertSignatureFailure, text)
        }
        _ if view.is_ca() => ca_as_leaf(&view, leaf, peer),
        other => Error::new(Code::CertRejected, format!("{peer} is refused: {other:?}")),
    }
}

/// What is refused whoever signed it, because it is not good enough today.
pub(super) fn of_today(view: &Certificate<'_>, peer: Peer<'_>) -> Result<(), Error> {
    if view.version() < 3 {
        let version = view.version();
        let text = format!(
            "{peer} is an X.509 v{version} certificate, which says neither for which names it is \
             nor what for (`openssl x509 -req` without extensions made them): {NEW_ONE}"
        );
        return Err(Error::new(Code::UnsupportedX509Version, text));
    }
    match view.public_key() {
        PublicKey::Rsa { bits } if bits < RSA_BITS => {
            let text =
                format!("{peer} has an RSA key of {bits} bits, which can be broken: {NEW_ONE}");
            Err(Error::new(Code::KeyTooSmall, text))
        }
        _ => Ok(()),
    }
}

/// It is another certificate than the one whose fingerprint we were given.
pub(super) fn not_pinned(leaf: &CertificateDer<'_>, peer: Peer<'_>) -> Error {
    let text = format!(
        "{peer} has the fingerprint {}, not that of ClientOptions::fingerprint256: was it renewed, \
         or is somebody in between? Ask who runs the server, by another way than this",
        fingerprint(leaf)
    );
    Error::new(Code::CertFingerprint, text)
}

/// Nobody whom we trust has issued the last certificate of the chain.
fn unknown_issuer(
    view: &Certificate<'_>,
    leaf: &CertificateDer<'_>,
    behind: &[CertificateDer<'_>],
    peer: Peer<'_>,
) -> Error {
    let ca = peer.ca();
    let last = behind.last().and_then(|der| Certificate::decode(der).ok());
    if view.is_self_issued() {
        return self_signed(view, leaf, peer);
    }
    let (code, text) = match last {
        Some(last) if last.is_self_issued() => {
            let root = last.subject();
            let text = format!(
                "the chain of {peer} ends in the root {root}, which is not trusted here: if it \
                 should be, pass that root's certificate with {ca}"
            );
            (Code::SelfSignedCertInChain, text)
        }
        Some(last) => {
            let issuer = last.issuer();
            let text = format!(
                "the chain of {peer} leads to {issuer}, whom nobody trusts here: pass the \
                 certificate of that CA with {ca}"
            );
            (Code::UnableToGetIssuerCertLocally, text)
        }
        None => {
            let issuer = view.issuer();
            let text = format!(
                "{peer} is issued by {issuer}, whom nobody trusts here, and it came alone: pass the \
                 CA's certificate with {ca}; if that issuer is an intermediate, its certificate \
                 must come from the peer, behind its own in `cert`"
            );
            (Code::UnableToVerifyLeafSignature, text)
        }
    };
    Error::new(code, text)
}

/// A certificate that vouches for itself.
fn self_signed(view: &Certificate<'_>, leaf: &CertificateDer<'_>, peer: Peer<'_>) -> Error {
    let (subject, ca) = (view.subject(), peer.ca());
    let or_pin = match peer {
        Peer::Client => String::new(),
        _ => format!(
            ", or with ClientOptions::fingerprint256(\"{}\") once you know that this is it",
            fingerprint(leaf)
        ),
    };
    let text = format!(
        "{peer} is signed by itself ({subject}), so that nobody vouches for it: to trust exactly \
         this one pass it with {ca}{or_pin}"
    );
    Error::new(Code::DepthZeroSelfSignedCert, text)
}

/// Outside of its time: the first certificate of the chain of which that is true.
fn not_now(
    view: &Certificate<'_>,
    behind: &[CertificateDer<'_>],
    now: UnixTime,
    peer: Peer<'_>,
) -> Error {
    if let Some((code, when)) = out_of_time(view, now) {
        return Error::new(code, format!("{peer} {when}"));
    }
    let issuers = behind
        .iter()
        .filter_map(|der| Certificate::decode(der).ok());
    for issuer in issuers {
        if let Some((code, when)) = out_of_time(&issuer, now) {
            let subject = issuer.subject();
            let text = format!("{peer} is issued by {subject}, whose certificate {when}");
            return Error::new(code, text);
        }
    }
    let text = format!("{peer} is issued by a CA whose time is over or has not come");
    Error::new(Code::CertHasExpired, text)
}

fn out_of_time(view: &Certificate<'_>, now: UnixTime) -> Option<(Code, String)> {
    let (from, until, now) = (view.not_before(), view.not_after(), now.as_secs() as i64);
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
fn other_names(view: &Certificate<'_>, peer: Peer<'_>) -> Error {
    let names: Vec<String> = view.alt_names().map(|name| name.to_string()).collect();
    let text = match names.is_empty() {
        true => format!(
            "{peer} is for no host: it has no subjectAltName, and its Common Name ({}) is not looked \
             at: {NEW_ONE}",
            view.subject()
        ),
        false => format!(
            "{peer} is for other hosts: {}. Connect to one of these, name one with \
             ClientOptions::servername, or have a certificate issued for this host, too",
            names.join(", ")
        ),
    };
    Error::new(Code::CertAltnameInvalid, text)
}

fn purpose(peer: Peer<'_>) -> Error {
    let needed = match peer {
        Peer::Client => "clientAuth",
        Peer::Server(_) | Peer::Shown | Peer::Own(_) => "serverAuth",
    };
    let text = format!(
        "{peer} is not meant for this: its extendedKeyUsage lacks {needed}, and must be issued with \
         it"
    );
    Error::new(Code::InvalidPurpose, text)
}

/// `CA:TRUE`, where somebody shows it as his own.
fn ca_as_leaf(view: &Certificate<'_>, leaf: &CertificateDer<'_>, peer: Peer<'_>) -> Error {
    if view.is_self_issued() {
        return self_signed(view, leaf, peer);
    }
    let text = format!(
        "{peer} is a CA's (CA:TRUE), for signing others and not for being shown: have one issued \
         with basicConstraints=CA:FALSE"
    );
    Error::new(Code::InvalidPurpose, text)
}

fn unreadable(why: &CertificateError, leaf: &CertificateDer<'_>, peer: Peer<'_>) -> Error {
    let rule = Certificate::decode(leaf).err();
    let rule = rule.map_or_else(String::new, |rule| format!(": {rule}"));
    Error::new(
        Code::CertRejected,
        format!("{peer} cannot be read ({why:?}){rule}"),
    )
}
