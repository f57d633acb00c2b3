//! W05: compressed messages over `wss:`, in both roles.

use super::stage::{accepting, agent};
use crate::support::watched;
use crate::websocket::stage::echo;
use crate::websocket::w05_compressed::{config, exchange, taking_over};
use barewire::https;
use barewire::websocket::{Acceptor, ConnectOptions, PerMessageDeflate};

#[test]
fn row_w05_compressed_messages_over_tls() {
    watched(|| {
        for deflate in [PerMessageDeflate::default(), taking_over()] {
            let site = accepting(Acceptor::new().config(config(deflate)), echo);
            let options = ConnectOptions::new().request_options(&agent().options());
            let options = options.config(config(deflate));
            let url = site.url("/").replace("https:", "wss:");
            exchange(https::websocket_with(&url, &options).expect("a WebSocket"));
        }
    });
}
