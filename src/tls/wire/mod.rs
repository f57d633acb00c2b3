//! TLS as bytes and rules, as far as they can be read without a key: no socket, no thread, no lock,
//! no clock, no randomness, and no cryptography.

mod alt_names;
mod dates;
mod der;
mod error;
mod names;
mod public_key;
mod x509;

pub use alt_names::AltName;
pub use dates::Time;
pub use error::{Error, Rule};
pub use names::Name;
pub use public_key::PublicKey;
pub use x509::Certificate;
