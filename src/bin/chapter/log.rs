//! What passes in a run, as messages to the page and as a capture. Memory only: `run.rs` has the lock and the threads.
//!
//! A connection that is tapped at both ends is one conversation: they are matched by their addresses. Its blocks are
//! those of both, each with its own cuts; its spans and its capture are of the side that was seen first.

use crate::json::Object;
use crate::order::{Moment, Order};
use crate::spans::{self, Shared, Spans};
use crate::states::{Machines, Moved};
use barewire::http::wire::Limits;
use barewire::net::{Addr, TapEvent, Tapped};
use barewire::trace::wire::capture::{Writer, invented};
use barewire::trace::wire::{self, Direction, Event, Explained, Explainer, Layer, Protocol, What};
use std::collections::HashMap;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The most bytes that the blocks of a run have.
pub(crate) const MOST_PASSED: usize = 512 * 1024;
/// The most bytes of messages: a run of tiny frames has many.
const MOST_WRITTEN: usize = 8 * 1024 * 1024;
/// A longer write or read is several blocks: each is one message.
const MOST_IN_A_BLOCK: usize = 64 * 1024;

pub(crate) use crate::order::Side;

type Write = Box<dyn FnOnce(&mut Log) + Send>;

pub(crate) struct Log {
    run: u64,
    begun: Instant,
    since_1970: Duration,
    /// In the order in which they are sent.
    pub(crate) messages: Vec<String>,
    written: usize,
    passed: usize,
    /// More has passed than is allowed, or the last message is there: the rest is dropped.
    is_closed: bool,
    explainer: Explainer,
    spans: Shared<Spans>,
    capture: Writer<Shared<Vec<u8>>>,
    pcap: Shared<Vec<u8>>,
    conversations: Vec<Conversation>,
    /// By the number of a connection with a tap.
    taps: HashMap<u64, Seen>,
    order: Order<Write>,
}

/// Which conversation a connection is, and which end of it.
#[derive(Clone, Copy)]
struct Seen {
    conversation: usize,
    side: Side,
}

struct Conversation {
    /// Of the client and of the server.
    ends: [Option<SocketAddr>; 2],
    first: Side,
    /// Both ends are seen.
    is_shared: bool,
    machines: Machines,
    /// How many bytes were seen at a side, of a layer, from one of the two.
    seen: HashMap<(Side, Layer, Direction), u64>,
}

impl Log {
    pub(crate) fn new(run: u64) -> Log {
        let ((found, spans), (file, pcap)) = (Shared::new(), Shared::new());
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH);
        Log {
            run,
            begun: Instant::now(),
            since_1970: since_1970.unwrap_or_default(),
            messages: Vec::new(),
            written: 0,
            passed: 0,
            is_closed: false,
            explainer: Explainer::new(found, io::sink()),
            spans,
            capture: Writer::new(file),
            pcap,
            conversations: Vec::new(),
            taps: HashMap::new(),
            order: Order::default(),
        }
    }

    /// Since the run has begun.
    pub(crate) fn time(&self) -> Duration {
        self.begun.elapsed()
    }

    pub(crate) fn pcap(&mut self) -> Vec<u8> {
        let _ = self.capture.finish(); // memory does not fail
        self.pcap.lock().clone()
    }

    /// Whether the run has had all the bytes that it may have.
    pub(crate) fn is_full(&self) -> bool {
        self.passed > MOST_PASSED || self.written > MOST_WRITTEN
    }

    /// Whether a read waits for the report of its write.
    pub(crate) fn holds_something(&self) -> bool {
        !self.order.is_empty()
    }

    /// The last message.
    pub(crate) fn done(&mut self, outcome: &str, why: &str) {
        for write in self.order.rest() {
            write(self);
        }
        let done = self.message("done").time(self.time());
        let done = done.text("outcome", outcome).text("why", why);
        self.messages.push(done.end());
        self.is_closed = true;
    }

    /// What the program has seen.
    pub(crate) fn event(&mut self, side: Side, key: &str, values: &[(&str, &str)]) {
        let values = values
            .iter()
            .fold(Object::new(), |all, (name, value)| all.text(name, value));
        let (key, values) = (key.to_owned(), values.end());
        self.in_order(side, None, None, move |log| {
            let event = log.message("event").time(log.time());
            let event = event.text("side", side.key()).text("key", &key);
            log.push(event.raw("values", values));
        });
    }

    /// A datagram, of which each side reports what it sends and receives. It is explained where it is sent.
    pub(crate) fn datagram(
        &mut self,
        side: Side,
        from: Direction,
        ends: [SocketAddr; 2],
        bytes: &[u8],
    ) {
        if !self.takes(bytes) {
            return;
        }
        let addresses = ends.map(Some);
        let mut known = self.conversations.iter_mut();
        let conversation = match known.position(|known| known.ends == addresses) {
            Some(known) => known,
            None => self.begins(addresses, ends.map(|end| end.to_string()), side, "udp"),
        };
        let known = &mut self.conversations[conversation];
        known.is_shared |= known.first != side;
        let is_explained = side.sends() == from || !known.is_shared;
        self.block(Seen { conversation, side }, Layer::Udp, from, bytes);
        if is_explained {
            let [client, server] = ends;
            let (bytes, missing) = (bytes.into(), 0);
            let datagram = What::Datagram {
                client,
                server,
                bytes,
                missing,
            };
            self.passes(conversation, from, datagram);
        }
    }

    /// Something has passed over a connection with a tap at this side.
    pub(crate) fn passed(
        &mut self,
        side: Side,
        protocol: &Protocol,
        tapped: &Tapped,
        event: TapEvent<'_>,
    ) {
        let is_plaintext = tapped.is_plaintext();
        if event == TapEvent::Connected && !is_plaintext {
            self.connected(side, protocol, tapped);
        }
        let Some(&seen) = self.taps.get(&tapped.number()) else {
            return;
        };
        let (us, peer) = (side.sends(), side.receives());
        let layer = match is_plaintext {
            true => Layer::Tls,
            false => Layer::Tcp,
        };
        let here = Some(seen.conversation);
        let mut ends = |from, how, what| {
            self.in_order(side, here, None, move |log| log.ends(seen, from, how, what));
        };
        match event {
            TapEvent::Received(bytes) => {
                let (read, bytes) = ((layer, peer, bytes.len() as u64), bytes.to_vec());
                self.in_order(side, here, Some(read), move |log| {
                    log.bytes(seen, layer, peer, &bytes)
                });
            }
            TapEvent::Sent(bytes) => {
                let bytes = bytes.to_vec();
                self.in_order(side, here, None, move |log| {
                    log.bytes(seen, layer, us, &bytes)
                });
            }
            TapEvent::Connected if is_plaintext => self.in_order(side, here, None, move |log| {
                let machines = &mut log.conversations[seen.conversation].machines;
                let moved = machines.handshake_over(us);
                log.moved(seen.conversation, log.time(), &moved);
            }),
            _ if is_plaintext => {} // its ends are those of the records
            TapEvent::ReceivedEnd => ends(peer, "end", What::Ends { reset: false }),
            TapEvent::SentEnd => ends(us, "end", What::Ends { reset: false }),
            TapEvent::Aborted => ends(us, "reset", What::Cut),
            TapEvent::Broken(ErrorKind::ConnectionReset) => ends(peer, "reset", What::Cut),
            TapEvent::Closed => {
                ends(us, "closed", What::Closed);
                self.taps.remove(&tapped.number());
            }
            _ => {}
        }
    }

    /// Logs it when its turn has come.
    fn in_order(
        &mut self,
        side: Side,
        conversation: Option<usize>,
        read: Option<(Layer, Direction, u64)>,
        write: impl FnOnce(&mut Log) + Send + 'static,
    ) {
        let moment = Moment {
            side,
            conversation,
            read,
        };
        self.order.push(moment, Box::new(write));
        let is_written = |conversations: &[Conversation], at: &Moment| {
            let Some((conversation, (layer, from, length))) = at.conversation.zip(at.read) else {
                return true;
            };
            let known = &conversations[conversation];
            let count = |side| known.seen.get(&(side, layer, from)).copied().unwrap_or(0);
            !known.is_shared || count(at.side) + length <= count(at.side.other())
        };
        while let Some(write) = self.order.next(|at| is_written(&self.conversations, at)) {
            write(self);
        }
    }

    fn connected(&mut self, side: Side, protocol: &Protocol, tapped: &Tapped) {
        let (local, peer) = (tapped.local_addr(), tapped.peer_addr());
        let ends = match side {
            Side::Client => [local, peer],
            Side::Server => [peer, local],
        };
        let addresses = ends.map(|end| end.and_then(Addr::ip));
        // The ends of a pipe have no addresses.
        let is_other_end = |known: &Conversation| {
            known.ends == addresses && known.first != side && !known.is_shared
        };
        let known = self.conversations.iter().rposition(is_other_end);
        if let Some(known) = known {
            self.conversations[known].is_shared = true;
        }
        let conversation = known.unwrap_or_else(|| {
            let names = ends.map(|end| end.map_or("?".to_owned(), Addr::to_string));
            let conversation = self.begins(addresses, names, side, name(protocol));
            let (client, server) = match addresses {
                [Some(client), Some(server)] => (client, server),
                _ => invented(conversation as u64),
            };
            self.explainer.set_protocol(protocol.clone());
            let begins = What::begins(client, server);
            self.passes(conversation, Direction::FromClient, begins);
            conversation
        });
        self.taps
            .insert(tapped.number(), Seen { conversation, side });
    }

    fn begins(
        &mut self,
        ends: [Option<SocketAddr>; 2],
        [client, server]: [String; 2],
        first: Side,
        protocol: &str,
    ) -> usize {
        let conversation = self.conversations.len();
        self.conversations.push(Conversation {
            ends,
            first,
            is_shared: false,
            machines: Machines::default(),
            seen: HashMap::new(),
        });
        let begins = self
            .message("begins")
            .raw("conversation", conversation)
            .time(self.time());
        let begins = begins.text("client", &client).text("server", &server);
        self.push(begins.text("protocol", protocol).text("seen", first.key()));
        conversation
    }

    fn bytes(&mut self, seen: Seen, layer: Layer, from: Direction, bytes: &[u8]) {
        for bytes in bytes.chunks(MOST_IN_A_BLOCK) {
            if !self.takes(bytes) {
                return;
            }
            self.block(seen, layer, from, bytes);
            if self.conversations[seen.conversation].first == seen.side {
                self.passes(seen.conversation, from, What::Bytes(layer, bytes.into()));
            }
        }
    }

    fn block(&mut self, seen: Seen, layer: Layer, from: Direction, bytes: &[u8]) {
        let Seen { conversation, side } = seen;
        let offsets = &mut self.conversations[conversation].seen;
        let offset = offsets.entry((side, layer, from)).or_default();
        let at = match layer {
            Layer::Udp => 0, // each from its first byte on
            _ => *offset,
        };
        *offset += bytes.len() as u64;
        let block = self.message("block").raw("conversation", conversation);
        let block = block
            .text("layer", layer.key())
            .text("from", from.key())
            .raw("at", at);
        let block = block.time(self.time()).text("seen", side.key());
        self.push(block.hex(bytes));
    }

    fn ends(&mut self, seen: Seen, from: Direction, how: &str, what: What<'_>) {
        if self.conversations[seen.conversation].first != seen.side {
            return;
        }
        let ends = self.message("ends").raw("conversation", seen.conversation);
        let ends = ends.text("from", from.key()).time(self.time());
        self.push(ends.text("how", how));
        self.passes(seen.conversation, from, what);
    }

    /// Explains it, and writes it into the capture.
    fn passes(&mut self, conversation: usize, from: Direction, what: What<'_>) {
        let mut event = Event::new(conversation as u64, from, self.time(), what);
        let _ = self.explainer.event(&event); // memory does not fail
        event.time += self.since_1970;
        let _ = self.capture.event(&event);
        for (_, explained) in self.spans.take() {
            self.explained(conversation, &explained);
        }
    }

    fn explained(&mut self, conversation: usize, explained: &Explained) {
        self.keep(spans::message(self.run, conversation as u64, explained));
        let moved = self.conversations[conversation].machines.pass(explained);
        self.moved(conversation, explained.time, &moved);
    }

    /// A conversation that no connection carries, with limits of its own. `None`: that direction ends.
    pub(crate) fn shows(&mut self, limits: Limits, passes: &[(Direction, Option<Vec<u8>>)]) {
        let (names, side) = (["client", "server"].map(str::to_owned), Side::Client);
        let conversation = self.begins([None; 2], names, side, "http");
        let mut carried = wire::Conversation::with_limits(limits);
        for (from, bytes) in passes {
            let spans: Vec<_> = match bytes {
                Some(bytes) if self.takes(bytes) => {
                    let seen = Seen { conversation, side };
                    self.block(seen, Layer::Tcp, *from, bytes);
                    carried.receive(*from, self.time(), bytes).collect()
                }
                Some(_) => continue,
                None => carried.end(*from, self.time()).collect(),
            };
            for explained in &spans {
                self.explained(conversation, explained);
            }
        }
    }

    fn moved(&mut self, conversation: usize, time: Duration, moved: &[Moved]) {
        for moved in moved {
            self.keep(moved.message(self.run, conversation as u64, time));
        }
    }

    fn message(&self, kind: &str) -> Object {
        Object::new().text("kind", kind).raw("run", self.run)
    }

    fn push(&mut self, message: Object) {
        self.keep(message.end());
    }

    fn keep(&mut self, message: String) {
        if !self.is_closed && self.written <= MOST_WRITTEN {
            self.written += message.len();
            self.messages.push(message);
        }
    }

    /// Whether these bytes are still shown. If not, a note says so, once.
    fn takes(&mut self, bytes: &[u8]) -> bool {
        let was_full = self.is_full();
        self.passed += bytes.len();
        if self.is_full() && !was_full {
            let most = MOST_PASSED.to_string();
            self.event(Side::Client, "run.full", &[("bytes", &most)]);
        }
        !self.is_full() && !self.is_closed
    }
}

fn name(protocol: &Protocol) -> &'static str {
    match protocol {
        Protocol::Tls | Protocol::TlsWith(_) => "tls",
        Protocol::Framed(_) => "framed",
        Protocol::Bytes => "bytes",
        _ => "http",
    }
}
