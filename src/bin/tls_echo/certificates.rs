//! The certificates of the demos, compiled in. Their keys are public, so they prove nothing.

pub(crate) const CERT: &[u8] = include_bytes!("../../../fixtures/tls/server.crt");
pub(crate) const KEY: &[u8] = include_bytes!("../../../fixtures/tls/server.key");
