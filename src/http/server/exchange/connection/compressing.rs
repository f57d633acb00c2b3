//! Sending a response that is [compressed](super::super::compression).

use super::ServerConnection;
use crate::deflate::Flush;
use crate::http::error::Error;
use crate::http::server::exchange::compression::Compression;
use crate::http::wire::Misuse;

impl ServerConnection {
    /// As [`write`](Self::write). The piece is sent once it is full.
    pub(super) fn write_compressed(&mut self, data: &[u8]) -> Result<(), Error> {
        match self.begin_compressed(false)? {
            None => self.write_plain(data),
            Some(compression) => {
                self.draft.freeze_head();
                self.compressed(compression, |it, compression| {
                    compression.count(data.len(), false)?;
                    it.send_full_pieces(compression, data, Flush::None)
                })
            }
        }
    }

    /// As [`flush`](Self::flush): all that was written is sent.
    pub(super) fn flush_compressed(&mut self) -> Result<(), Error> {
        match self.begin_compressed(false)? {
            None => self.flush_plain(),
            Some(compression) => self.compressed(compression, |it, compression| {
                if compression.has_content() {
                    it.send_full_pieces(compression, &[], Flush::Sync)?;
                }
                match compression.piece().is_empty() {
                    true => it.flush_plain(),
                    false => it.send_piece(compression),
                }
            }),
        }
    }

    /// As [`end`](Self::end). If all of it is in one piece, and nothing was sent before, it gets its Content-Length.
    #[inline(never)]
    pub(super) fn end_compressed(&mut self, data: &[u8]) -> Result<(), Error> {
        let Some(mut compression) = self.begin_compressed(data.is_empty())? else {
            return self.end_plain(data);
        };
        compression.count(data.len(), true)?;
        if compression.is_of_head() {
            self.begin_head()?;
        }
        self.send_full_pieces(&mut compression, data, Flush::Finish)?;
        self.end_plain(compression.piece())
    }

    /// Takes the compression out of the draft, if the body is compressed.
    fn begin_compressed(&mut self, is_empty: bool) -> Result<Option<Compression>, Misuse> {
        self.check_open()?;
        let is_head = self.machine.answers_head_only();
        self.draft.begin_compression(is_empty, is_head)
    }

    /// Does this, and puts the compression back.
    fn compressed(
        &mut self,
        mut compression: Compression,
        send: impl FnOnce(&mut ServerConnection, &mut Compression) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let sent = send(self, &mut compression);
        self.draft.set_compression(compression);
        sent
    }

    fn send_full_pieces(
        &mut self,
        compression: &mut Compression,
        mut data: &[u8],
        flush: Flush,
    ) -> Result<(), Error> {
        while compression.make(&mut data, flush) {
            self.send_piece(compression)?;
        }
        Ok(())
    }

    fn send_piece(&mut self, compression: &mut Compression) -> Result<(), Error> {
        let sent = self.write_plain(compression.piece());
        compression.clear_piece();
        sent
    }
}
