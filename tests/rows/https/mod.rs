//! The rows of HTTPS, each shown end to end: what differs from plain HTTP, and that nothing else does.
//!
//! A test is named after its row (`row_t05_…`) or after the mistake in the notes that it corrects
//! (`erratum_e47_…`).
//!
//! | rows | module | what a reader sees there |
//! |---|---|---|
//! | T05 | `t05_server` | the server: settings, limits, stopping, the client's certificate |
//! | T05 | `t05_wrong_port` | plain HTTP at the port of TLS, and TLS at the port of plain HTTP |
//! | T06 E47 | `t06_client` | the client: which URLs, which port, which errors |
//! | T06 | `t06_agent` | which requests share a connection; none is lost when servers close |
//! | T06 | `t06_proxy` | CONNECT, then TLS with the server itself |
//! | T06 | `t06_truncation` | a response is whole if the peer has sent close_notify |
//! | T08 | `t08_one_handler` | one handler, unchanged, over TCP, a Unix socket and TLS |
//! | H11 | `h11_pending` | coalesced responses are sent although the next handler waits |
//! | beside the rows | `cancelled` | a request that is cancelled in its handshake, in a tunnel, or afterwards |
//! | beside the rows | `fault_client` | what a client reports of early and of cut responses |
//! | beside the rows | `fault_alerts` | a server ends TLS while the client sends: the alert is the error |
//! | beside the rows | `fault_schemes` | one client for `http:` and `https:`, and no redirect leaves TLS |
//! | beside the rows | `fault_unwanted` | bodies that the caller does not read are not waited for |
//! | W05 W06 | `fault_websocket` | whole frames, no thread waits, the last messages arrive: over TLS, too |
//! | W05 | `w05_compressed` | permessage-deflate over TLS, in both roles |
//! | W06 | `w06_chat` | a chat with rooms, as a user writes it: members on two threads, one that reads nothing, a clean stop |
//! | W06 | `w06_duplex` | reading and writing at once over `wss:` |
//!
//! The certificates are those of `fixtures/tls/`.

mod cancelled;
mod fault_alerts;
mod fault_client;
mod fault_schemes;
mod fault_unwanted;
mod fault_websocket;
mod h11_pending;
pub(crate) mod stage;
mod t05_server;
mod t05_wrong_port;
mod t06_agent;
mod t06_client;
pub(crate) mod t06_proxy;
mod t06_truncation;
mod t08_one_handler;
mod w05_compressed;
mod w06_chat;
mod w06_duplex;
