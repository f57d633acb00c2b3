//! What the server prints at its start: what to try.

use barewire::net::Addr;

pub(crate) fn invitation(address: &Addr, tls: bool) -> String {
    let (http, ws) = match tls {
        true => ("https", "--cacert CA wss"),
        false => ("http", "ws"),
    };
    format!(
        "  in a browser                      {http}://{address}/
  what you type comes back          ws_client {ws}://{address}/echo
  what you type goes to all         ws_client {ws}://{address}/chat
  hello world! and yakexi           ws_client {ws}://{address}/hello
  a message every 50 ms             ws_client --updates {ws}://{address}/updates
"
    )
}
