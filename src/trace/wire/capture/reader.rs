//! From a file to what passed.

use super::connections::Connections;
use super::error::Error;
use super::event::{Event, Notice};
use super::file::File;
use super::limits::Limits;
use super::packet::carried;
use std::collections::BTreeSet;
use std::io::Read;
use std::time::Duration;

/// Reads what passed over the connections of a capture: a pcap or pcapng file, as tcpdump, Wireshark and
/// [`Writer`](super::Writer) write it. See [the page](super) for what is read, and how the bytes of a direction are put
/// together.
///
/// It is an iterator. An error is its last item, and comes after all that was before it in the file. The bytes of
/// different connections come in turns, so each has a [`Conversation`](crate::trace::wire::Conversation) of its own; an
/// [`Explainer`](crate::trace::wire::Explainer) keeps them for a rendering.
///
/// ```
/// use barewire::trace::wire::Conversation;
/// use barewire::trace::wire::capture::{Event, Reader, Writer};
/// use std::collections::HashMap;
/// use std::time::Duration;
/// # use barewire::trace::wire::Direction::FromClient;
/// # let (client, server) = ("[::1]:50000".parse()?, "[::1]:1337".parse()?);
/// # let mut file = Vec::new();
/// # let mut writer = Writer::new(&mut file)?;
/// # writer.begins(0, Duration::ZERO, client, server)?;
/// # writer.bytes(0, FromClient, Duration::ZERO, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")?;
///
/// let mut open: HashMap<u64, Conversation> = HashMap::new(); // by their numbers
/// # let mut seen = 0;
/// for event in Reader::new(&file[..]) {
///     let spans = match event? {
///         Event::Bytes { conversation, from, time, bytes } => {
///             open.entry(conversation).or_default().receive(from, time, &bytes)
///         }
///         Event::Gap { conversation, from, length } => {
///             open.entry(conversation).or_default().gap(from, Duration::ZERO, length)
///         }
///         Event::Ends { conversation, from, time, .. } => {
///             open.entry(conversation).or_default().end(from, time)
///         }
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
    time: Duration,
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
            time: Duration::ZERO,
            end: None,
            noticed: BTreeSet::new(),
        }
    }

    /// Reads a packet, or finds the end.
    fn step(&mut self) -> Result<bool, Error> {
        let Some(packet) = self.file.next()? else {
            return Ok(false);
        };
        self.time = packet.time;
        match carried(packet.link, packet.bytes, packet.length) {
            Ok(None) => {}
            Ok(Some(carried)) => self.connections.packet(&carried, packet.time),
            Err(Notice::LinkTypeUnknown(link)) if !self.noticed.insert(link) => {}
            Err(notice) => {
                self.connections
                    .events
                    .push_back(Event::notice(None, packet.time, notice))
            }
        }
        Ok(true)
    }
}

impl<R: Read> Iterator for Reader<R> {
    type Item = Result<Event, Error>;

    fn next(&mut self) -> Option<Result<Event, Error>> {
        loop {
            if let Some(event) = self.connections.events.pop_front() {
                return Some(Ok(event));
            }
            if let Some(end) = &mut self.end {
                return std::mem::replace(end, Ok(())).err().map(Err);
            }
            match self.step() {
                Ok(true) => {}
                end => {
                    self.end = Some(end.map(|_| ()));
                    self.connections.finish(self.time);
                }
            }
        }
    }
}
