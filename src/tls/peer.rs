//! The peer's certificate, for people.

use super::provider::fingerprint;
use super::stream::Tls;
use super::wire::Certificate;

impl Tls {
    /// What the peer's own certificate says; `None` if it showed none (or one that cannot be read,
    /// which passes only where nothing is required). Reading is not believing: ask
    /// [`authorized`](Tls::authorized), too.
    pub fn peer_certificate(&self) -> Option<Certificate<'_>> {
        Certificate::decode(self.peer_certificates().first()?).ok()
    }

    /// The SHA-256 of the peer's own certificate, as
    /// [`fingerprint256`](super::ClientOptions::fingerprint256) takes it: `AB:CD:…`
    pub fn peer_fingerprint256(&self) -> Option<String> {
        self.peer_certificates().first().map(|der| fingerprint(der))
    }
}
