//! What the book's server prints of each message.

use crate::demo::{log, printable};
use barewire::udp::RemoteInfo;

pub(crate) fn print(msg: &[u8], rinfo: &RemoteInfo) {
    log!("server got: {} from {rinfo}", printable(msg));
}
