//! What the book's server prints of each message.

use crate::demo::printable;
use barewire::udp::RemoteInfo;

pub(crate) fn print(msg: &[u8], rinfo: &RemoteInfo) {
    println!("server got: {} from {rinfo}", printable(msg));
}
