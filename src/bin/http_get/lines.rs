//! The lines of the heads that pass, in whatever pieces they come.

/// Both directions of the current connection.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    pub(crate) sent: Splitter,
    pub(crate) received: Splitter,
    /// An `Expect: 100-continue` was sent, and nothing has been received since.
    pub(crate) awaits_continue: bool,
    /// The status of the head that is being received, once its first line is here.
    pub(crate) status: Option<u16>,
}

/// Splits bytes into lines, until the head has ended.
#[derive(Debug, Default)]
pub(crate) struct Splitter {
    begun: Vec<u8>,
    pub(crate) ended: bool,
}

impl Splitter {
    /// The first whole line of `rest`, which is moved behind it. If there is none, `rest` is kept for
    /// the next call, and becomes empty.
    pub(crate) fn next(&mut self, rest: &mut &[u8]) -> Option<Vec<u8>> {
        if self.ended {
            return None;
        }
        let end = rest.iter().position(|&byte| byte == b'\n');
        let (taken, behind) = rest.split_at(end.map_or(rest.len(), |at| at + 1));
        self.begun.extend_from_slice(taken);
        *rest = behind;
        end.map(|_| std::mem::take(&mut self.begun))
    }
}
