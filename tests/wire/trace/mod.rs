//! Every byte once: the leaves of each direction tile its bytes, and are the same however the bytes were cut.
//!
//! [`play`] lets a conversation explain some bytes and checks what holds for all of them. [`vectors`] plays every case
//! of `fixtures/http/` and `fixtures/websocket/`, [`random`] random and damaged conversations. [`exchanges`] is
//! which response belongs to which request, [`values`] the tokens of single fields, [`tls`] the handshakes that rustls
//! makes and what damages them, and [`costs`] time and memory.
//! which response belongs to which request, [`values`] the tokens of single fields, [`gaps`] is what is missing, and [`costs`] time and memory.

mod costs;
mod exchanges;
mod gaps;
mod play;
mod random;
mod tls;
mod values;
mod vectors;
