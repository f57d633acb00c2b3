//! `--deflate` of the WebSocket demos.

use super::Args;
use barewire::websocket::PerMessageDeflate;

/// How messages are compressed, if the peer agrees.
pub(crate) fn deflate(args: &mut Args<'_>) -> Option<PerMessageDeflate> {
    let (alone, takeover) = (args.has("--deflate"), args.has("--deflate=takeover"));
    (alone || takeover).then(|| PerMessageDeflate {
        send_takeover: takeover,
        receive_takeover: takeover,
        ..PerMessageDeflate::default()
    })
}
