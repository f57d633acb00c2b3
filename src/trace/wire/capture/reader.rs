//! From a file to what passed.

use super::connections::Connections;
use super::error::Error;
use super::file::File;
use super::limits::Limits;
use super::packet::carried;
use crate::trace::wire::event::{Event, Notice, What};
use crate::trace::wire::layer::Direction::FromClient;
use std::collections::BTreeSet;
use std::io::Read;

/// Reads what passed over the connections of a capture: a pcap or pcapng file, as tcpdump, Wireshark and
/// [`Writer`](super::Writer) write it. See [the page](super) for what is read, and how the bytes of a direction are put
/// together.
///
/// It is an iterator. An error is its last item, and comes after all that was before it in the file. The bytes of
/// different connections come in turns, so each has a [`Conversation`](crate::trace::wire::Conversation) of its own; an
/// [`Explainer`](crate::trace::wire::Explainer) keeps them for a rendering.
///
/// ```
/// use barewire::trace::wire::{Conversation, What, capture::Reader};
/// use std::collections::HashMap;
/// # use barewire::trace::wire::{Direction::FromClient, Event, capture::Writer};
/// # use std::time::Duration;
/// # let (client, server) = ("[::1]:50000".parse()?, "[::1]:1337".parse()?);
/// # let mut file = Vec::new();
/// # let mut writer = Writer::new(&mut file);
/// # for what in [What::begins(client, server), What::bytes(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")] {
/// #     writer.event(&Event::new(0, FromClient, Duration::ZERO, what))?;
/// # }
///
/// let mut open: HashMap<_, Conversation> = HashMap::new(); // by their numbers
/// # let mut seen = 0;
/// for event in Reader::new(&file[..]) {
///     let event = event?;
///     let conversation = open.entry(event.conversation).or_default();
///     let spans = match event.what {
///         What::Bytes(_, bytes) => conversation.receive(event.from, event.time, &bytes),
///         What::Gap(length) => conversation.gap(event.from, event.time, length),
///         What::Ends { .. } => conversation.end(event.from, event.time),
///         _ => continue,
///     };
/// #   let spans = spans.inspect(|_| seen += 1);
///     spans.for_each(|explained| print!("{explained}"));
/// }
/// # assert_eq!(seen, 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Reader<R> {
    file: File<R>,
    connections: Connections,
    end: Option<Result<(), Error>>,
    /// Link types that a notice has been about.
    noticed: BTreeSet<u16>,
}

impl<R: Read> Reader<R> {
    /// Reads from the start of a capture. The input needs no buffer.
    pub fn new(input: R) -> Reader<R> {
        Reader::with_limits(input, Limits::default())
    }

    /// The same, with these limits.
    pub fn with_limits(input: R, limits: Limits) -> Reader<R> {
        Reader {
            file: File::new(input, limits),
            connections: Connections::new(limits),
            end: None,
            noticed: BTreeSet::new(),
        }
    }

    /// Reads a packet, or finds the end.
    fn step(&mut self) -> Result<bool, Error> {
        let Some(packet) = self.file.next()? else {
            return Ok(false);
        };
        let events = &mut self.connections.events;
        events.time = packet.time;
        match carried(packet.link, self.file.bytes(&packet), packet.length) {
            Ok(None) => {}
            Ok(Some(carried)) => self.connections.packet(&carried),
            Err(Notice::LinkTypeUnknown(link)) if !self.noticed.insert(link) => {}
            Err(notice) => events.all.push_back(Event {
                conversation: None,
                from: FromClient,
                time: packet.time,
                what: What::Notice(notice),
            }),
        }
        Ok(true)
    }
}

impl<R: Read> Iterator for Reader<R> {
    type Item = Result<Event<'static>, Error>;

    fn next(&mut self) -> Option<Result<Event<'static>, Error>> {
        loop {
            if let Some(event) = self.connections.events.all.pop_front() {
                return Some(Ok(event));
            }
            if let Some(end) = &mut self.end {
                return std::mem::replace(end, Ok(())).err().map(Err);
            }
            match self.step() {
                Ok(true) => {}
                end => {
                    self.end = Some(end.map(|_| ()));
                    self.connections.finish();
                }
            }
        }
    }
}
