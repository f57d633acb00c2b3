//! How a connection ended.

use super::wire::{ABNORMAL, Close};

/// How a connection ended: the argument of the book's `onclose`.
///
/// ```text
///   we               the peer          clean   code
///   Close 1000  ──▶  ◀──  Close 1000   yes     1000
///               ◀──  Close, empty      yes     1005   no code was sent
///               ◀──  FIN, reset        no      1006   no Close frame
///   Close 1002  ──▶  a broken rule     no      1006
///   Close 1000  ──▶  … 10 s            no      1006
///   terminate   ──▶                    no      1006
/// ```
///
/// ```
/// # use barewire::{http, websocket};
/// # fn handler(req: http::Request, res: http::Response) -> http::Handled {
/// #     if let Some(ws) = websocket::accept(req, res)? {
/// #         ws.on_message(|socket, data| drop(socket.send(data)));
/// #     }
/// #     Ok(())
/// # }
/// # let server = http::create_server(handler).listen("127.0.0.1:0")?;
/// # let url = format!("ws://{}/", server.local_addr());
/// let ws = websocket::connect(&url)?;
/// let outcome = ws.close(1000, "bye")?;
/// assert!(outcome.clean);
/// assert_eq!((outcome.code, outcome.reason.as_str()), (1000, "")); // the peer's: it echoes the code
/// # server.shutdown(std::time::Duration::from_secs(1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Whether both sides have sent a Close frame.
    pub clean: bool,
    /// The code of the peer's Close frame; 1005 where it had none, 1006 where there was no frame
    /// (RFC 6455 §7.1.5).
    pub code: u16,
    /// The peer's reason; often empty.
    pub reason: String,
}

impl Outcome {
    pub(super) fn abnormal() -> Outcome {
        Outcome {
            clean: false,
            code: ABNORMAL,
            reason: String::new(),
        }
    }

    pub(super) fn of(close: &Close<'_>) -> Outcome {
        Outcome {
            clean: true,
            code: close.number(),
            reason: close.reason().to_owned(),
        }
    }
}
