//! What passes over a connection, as a tap sees it and as a recorder writes it.

mod recorder;
mod replay;
mod seen;
mod taps;
