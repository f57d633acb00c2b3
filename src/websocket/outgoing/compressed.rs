//! Messages that are compressed before they are queued: by the thread that sends them, without the lock.

use super::Outgoing;
use super::state::Guard;
use crate::websocket::compressor::{Compressed, Compressor, Own};
use crate::websocket::error::Error;
use crate::websocket::wire::{Data, PerMessageDeflate};
use std::sync::{Arc, MutexGuard};

impl Outgoing {
    /// What compresses this message; `None`: it is sent as it is.
    #[inline]
    pub(super) fn compressor_for(&self, data: &Data<'_>) -> Option<&Compressor> {
        let compressor = self.compressor.as_deref();
        compressor.filter(|compressor| compressor.takes(data))
    }

    /// How a message is compressed that this connection shares with others, if it can be.
    pub(in crate::websocket) fn shared_compression(&self) -> Option<PerMessageDeflate> {
        self.compressor.as_deref().map(Compressor::alone)
    }

    #[inline(never)]
    pub(super) fn send_compressed(
        self: &Arc<Self>,
        compressor: &Compressor,
        data: Data<'_>,
    ) -> Result<(), Error> {
        drop(self.at_boundary()?); // an error is returned before the work
        let Some(own) = compressor.own() else {
            let compressed = Compressed::alone(&compressor.options, &data);
            return self.send_payload(compressed.or_shorter(data));
        };
        match self.append_in_context(own, compressor, &data) {
            (state, Some((position, _))) => self.await_sent(state, position),
            (state, None) => {
                drop(state);
                self.send_payload(data.into())
            }
        }
    }

    /// As `send_compressed`, and never waits: also not for a thread that compresses.
    #[inline(never)]
    pub(super) fn try_send_compressed(
        self: &Arc<Self>,
        compressor: &Compressor,
        data: Data<'_>,
    ) -> Result<bool, Error> {
        if !self.takes_more(&self.lock())? {
            return Ok(false);
        }
        let Some(own) = compressor.try_own() else {
            let compressed = Compressed::alone(&compressor.options, &data);
            return self.try_send_payload(compressed.or_shorter(data));
        };
        if let Some(own) = own
            && let (state, Some((_, bytes))) = self.append_in_context(own, compressor, &data)
        {
            self.push_queued(state, bytes);
            return Ok(true);
        }
        self.try_send_payload(data.into())
    }

    /// Compresses a message with the context of those before, and queues it before another thread can compress. Returns the
    /// position behind it and its length; `None`: it could not be queued now, and the context is forgotten.
    ///
    /// The compressor is locked first and the state second, and never the other way round.
    fn append_in_context<'a>(
        &'a self,
        mut own: MutexGuard<'_, Own>,
        compressor: &Compressor,
        data: &Data<'_>,
    ) -> (Guard<'a>, Option<(u64, usize)>) {
        let epoch = self.lock().epoch;
        let compressed = own.deflate(&compressor.options, epoch, data, true);
        let payload = compressed.payload(data);
        let mut state = self.lock();
        let appended = match state.epoch == epoch && !state.queue.is_unfinished() {
            true => {
                let queue = &mut state.queue;
                let appended = queue.append(|sender, key, queue| sender.send(payload, key, queue));
                appended.ok()
            }
            false => None,
        };
        match appended {
            Some(_) => self.count_message(true),
            None => own.forget(),
        }
        (
            state,
            appended.map(|position| (position, payload.bytes.len())),
        )
    }

    #[inline(never)]
    pub(super) fn send_compressed_part(
        self: &Arc<Self>,
        compressor: &Compressor,
        data: Data<'_>,
        last: bool,
    ) -> Result<(), Error> {
        let epoch = {
            let state = self.lock();
            state.check_open()?;
            state.epoch
        };
        let Some(compressed) = compressor.part(epoch, &data, last) else {
            return self.send_payload_part(data.into(), last);
        };
        let sent = self.send_payload_part(compressed.payload(&data), last);
        if sent.is_err() {
            compressor.part_failed();
        }
        sent
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Appended, Outgoing, QueueLimit, SharedFrame};
    use crate::net::{Stream, pipe};
    use crate::websocket::config::Config;
    use crate::websocket::wire::{Agreement, Data, Payload, PerMessageDeflate, Received, Role};
    use std::sync::{Arc, mpsc};
    use std::thread;
    use std::time::Duration;

    /// A thread compresses, and takes its time: it has the compressor. What must not wait does not.
    #[test]
    fn nothing_that_must_not_wait_waits_for_a_compression() {
        let deflate = PerMessageDeflate {
            send_takeover: true,
            threshold: 0,
            ..PerMessageDeflate::default()
        };
        let config = Config {
            deflate: Some(deflate),
            ..Config::default()
        };
        let (here, there) = pipe();
        let agreement = Some(Agreement::default());
        let stream = Arc::new(here);
        let outgoing = Outgoing::new(
            stream,
            Role::Server,
            Arc::new(config),
            None,
            agreement.as_ref(),
        );
        let compressor = outgoing.compressor.as_ref().expect("it was agreed on");
        let compressing = compressor.own().expect("it takes contexts over");
        let (done, is_done) = mpsc::channel();
        let other = Arc::clone(&outgoing);
        let thread = thread::spawn(move || {
            other.received(&Received::Ping(b"!"));
            assert!(other.try_send(Data::Text("try")).expect("open"));
            let shared = SharedFrame(Arc::new(b"\xc1\x01\0".to_vec()));
            let payload = Payload {
                is_compressed: true,
                ..Data::Text("").into()
            };
            let appended = other.append_broadcast(payload, &shared, QueueLimit::MaxBuffered);
            assert_eq!(appended, Appended::Yes);
            drop(other.push_appended());
            other.close(1000, "").expect("a good code");
            done.send(()).expect("the test waits");
        });
        let in_time = is_done.recv_timeout(Duration::from_secs(20));
        drop(compressing);
        in_time.expect("something has waited");
        thread.join().expect("no panic");
        let mut wire = [0; 64];
        let mut n = 0;
        while n < 15 {
            n += there.read(&mut wire[n..]).expect("bytes");
        }
        assert_eq!(
            &wire[..n],
            b"\x8a\x01!\x81\x03try\xc1\x01\0\x88\x02\x03\xe8"
        );
    }
}
