//! Every byte once: the leaves of each direction tile its bytes, and are the same however the bytes were cut.
//!
//! [`play`] lets a conversation explain some bytes and checks what holds for all of them. [`vectors`] plays every case
//! of `fixtures/http/` and `fixtures/websocket/`, [`fixtures`] what else is in `fixtures/`, [`random`] random and damaged
//! conversations. [`exchanges`] is which response belongs to which request, [`lengths`] how long a body is, [`values`]
//! the tokens of single fields, [`secrets`] what is hidden, [`gaps`] what is missing, [`framing`] the messages of 7.1,
//! [`tls`] the handshakes that rustls makes and what damages them, and [`costs`] time and memory.
//!
//! [`rendered`] is what the renderings write; `lessons/` has two exchanges to the letter, and
//! [`chinese`] looks at them in Chinese. [`capture`] is how
//! conversations are kept as files.

mod capture;
mod chinese;
mod compressed;
mod costs;
mod exchanges;
mod fixtures;
mod framing;
mod gaps;
mod json;
mod lengths;
mod paper;
mod play;
mod random;
mod rendered;
mod secrets;
mod tls;
mod values;
mod vectors;
