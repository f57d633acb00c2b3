//! The answer that a handler is putting together, until its head is sent.

use crate::http::server::config::Config;
use crate::http::wire::{
    Connection, FieldList, HttpDate, Known, Limits, Misuse, ResponseDecoder, ResponseOut, Version,
};
use std::time::SystemTime;

/// Status and fields of one response; the memory is kept from one to the next.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    status: Option<u16>,
    reason: String,
    pub(crate) fields: FieldList,
    pub(crate) trailers: FieldList,
    /// `write_head` has been called: no field or status can change any more.
    settled: bool,
    sent: bool,
    date: DateCache,
}

impl Answer {
    #[inline]
    pub(crate) fn restart(&mut self) {
        self.status = None;
        self.reason.clear();
        self.fields.clear();
        self.trailers.clear();
        self.settled = false;
        self.sent = false;
    }

    /// The status and the reason phrase, which is the usual one where it is `None`.
    pub(crate) fn set_status(&mut self, status: u16, reason: Option<&str>) -> Result<(), Misuse> {
        self.open()?;
        if !(200..=599).contains(&status) {
            return Err(Misuse::Status);
        }
        self.reason.clear();
        if let Some(reason) = reason {
            ResponseOut::new(status, &self.fields).reason(reason)?;
            self.reason.push_str(reason);
        }
        self.status = Some(status);
        Ok(())
    }

    /// The fields, as long as they can be changed.
    pub(crate) fn fields_mut(&mut self) -> Result<&mut FieldList, Misuse> {
        self.open()?;
        Ok(&mut self.fields)
    }

    /// How many field lines there are.
    pub(crate) fn field_count(&self) -> usize {
        self.fields.view().len()
    }

    /// Appends a field that wins over those of its name among the first `before`; how many those
    /// were.
    pub(crate) fn merge(
        &mut self,
        before: usize,
        name: &[u8],
        value: &[u8],
    ) -> Result<usize, Misuse> {
        self.open()?;
        self.fields.append(name, value)?;
        Ok(self.fields.remove_among(before, name))
    }

    /// The trailer fields.
    pub(crate) fn trailers_mut(&mut self) -> &mut FieldList {
        &mut self.trailers
    }

    /// From now on the head is what it is.
    pub(crate) fn settle(&mut self) {
        self.settled = true;
    }

    /// The head that was encoded last is not sent after all.
    pub(crate) fn take_back(&mut self) {
        self.sent = false;
    }

    fn open(&self) -> Result<(), Misuse> {
        if self.settled || self.sent {
            Err(Misuse::HeadSent)
        } else {
            Ok(())
        }
    }

    /// What to say of the length of a body that is handed over as a whole: an implicit head
    /// gets a Content-Length, an explicit one or one with trailers is chunked. One that the program
    /// has declared stays: the answer to a HEAD, and a 304, declare what they do not send.
    #[inline]
    pub(crate) fn whole_length(&self, machine: &Connection, length: u64) -> Option<u64> {
        let declared = self.fields.view().has(Known::ContentLength);
        let streams = self.settled || !self.trailers.view().is_empty();
        let chunked = streams && machine.version() == Version::Http11;
        (!declared && !chunked).then_some(length)
    }

    /// Appends the head.
    #[inline]
    pub(crate) fn encode(
        &mut self,
        machine: &mut Connection,
        config: &Config,
        whole: Option<u64>,
        out: &mut Vec<u8>,
    ) -> Result<(), Misuse> {
        // Answers that leave together were made together.
        if out.is_empty() {
            self.date.refresh();
        }
        let mut head = self.head(config)?;
        if let Some(length) = whole {
            head = head.length(length);
        }
        machine.send_response(&head, out)?;
        self.sent = true;
        Ok(())
    }

    #[inline]
    fn head(&self, config: &Config) -> Result<ResponseOut<'_>, Misuse> {
        let head = ResponseOut::new(self.status.unwrap_or(200), &self.fields)
            .date(&self.date.text)
            .keep_alive_secs(config.told_keep_alive_secs());
        match self.reason.is_empty() {
            true => Ok(head),
            false => head.reason(&self.reason),
        }
    }

    /// The values of a field: of the head that was sent, or else of the one that is being put together.
    pub(crate) fn get_header(
        &self,
        name: &str,
        machine: &Connection,
        config: &Config,
    ) -> Vec<Vec<u8>> {
        let own = |values: &mut dyn Iterator<Item = &[u8]>| values.map(<[u8]>::to_vec).collect();
        let (true, Ok(head)) = (self.sent, self.head(config)) else {
            return own(&mut self.fields.view().get_all(name));
        };
        let mut sent = Vec::new();
        machine.repeat_response(&head, &mut sent);
        let unlimited = Limits {
            field_section_bytes: usize::MAX,
            fields: usize::MAX,
            ..Limits::default()
        };
        let mut decoder = ResponseDecoder::new(unlimited);
        match decoder.decode(&sent) {
            Ok(Some(_)) => own(&mut decoder.head(&sent).fields().get_all(name)),
            _ => Vec::new(),
        }
    }
}

/// The Date field's value, formatted once a second.
#[derive(Debug)]
struct DateCache {
    seconds: u64,
    text: [u8; 29],
}

impl Default for DateCache {
    fn default() -> DateCache {
        DateCache {
            seconds: 0,
            text: *b"Thu, 01 Jan 1970 00:00:00 GMT",
        }
    }
}

impl DateCache {
    #[inline]
    fn refresh(&mut self) {
        let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let seconds = since_epoch.map_or(0, |duration| duration.as_secs());
        if seconds != self.seconds
            && let Some(date) = HttpDate::from_unix_seconds(seconds)
        {
            self.seconds = seconds;
            self.text = date.to_bytes();
        }
    }
}
