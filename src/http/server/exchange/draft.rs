//! The head of a response while a handler writes it.

use super::compression::Compression;
use crate::http::error::Error;
use crate::http::server::config::Config;
use crate::http::wire::{
    Connection, FieldList, Fields, HttpDate, Known, Limits, Misuse, Plain, ResponseDecoder,
    ResponseOut, ServerFields, Version, is_final_status,
};
use std::ops::Range;
use std::time::{Duration, SystemTime};

/// Status and fields of one response; the memory is kept from one to the next.
#[derive(Debug, Default)]
pub(crate) struct ResponseDraft {
    status: Option<u16>,
    is_forwarded: bool,
    /// The program has written the head by `write_head`, or it is sent: it cannot change any more.
    frozen: bool,
    /// How many bytes of the body were encoded.
    pub(crate) body_bytes: u64,
    fields: FieldList,
    added: AddedFields,
    /// Most connections never have any.
    extras: Option<Box<Extras>>,
}

/// What few responses have: so that the others do not carry it along.
#[derive(Debug, Default)]
struct Extras {
    reason: String,
    trailers: FieldList,
    /// If the program has asked for it.
    compression: Option<Compression>,
}

static NO_FIELDS: FieldList = FieldList::new();

impl ResponseDraft {
    #[inline]
    pub(crate) fn restart(&mut self) {
        self.status = None;
        self.is_forwarded = false;
        self.fields.clear();
        self.body_bytes = 0;
        self.frozen = false;
        if let Some(extras) = &mut self.extras {
            extras.restart();
        }
    }

    /// The head has left, and another protocol goes on: it may have the memory.
    pub(crate) fn hand_over(&mut self) {
        self.fields = FieldList::new();
        self.extras = None;
    }

    fn extras_mut(&mut self) -> &mut Extras {
        self.extras.get_or_insert_default()
    }

    #[inline]
    pub(crate) fn trailers(&self) -> &FieldList {
        self.extras
            .as_ref()
            .map_or(&NO_FIELDS, |extras| &extras.trailers)
    }

    pub(crate) fn trailers_mut(&mut self) -> &mut FieldList {
        &mut self.extras_mut().trailers
    }

    /// Whether the program has asked for a compression that has not been taken out.
    #[inline]
    pub(crate) fn is_compressed(&self) -> bool {
        self.extras
            .as_ref()
            .is_some_and(|extras| extras.compression.is_some())
    }

    pub(crate) fn set_compression(&mut self, compression: Compression) {
        self.extras_mut().compression = Some(compression);
    }

    /// The response to an error begins with its status, and with the fields that the handler refused with.
    pub(crate) fn begin_refusal(&mut self, error: &Error) {
        self.status = Some(error.status());
        if let Error::Handler(refusal) = error {
            self.fields.clone_from(refusal.fields());
        }
    }

    /// The status and the reason phrase, which is the usual one where it is `None`. `is_forwarded`: another
    /// server has sent this status.
    #[inline]
    pub(crate) fn set_status(
        &mut self,
        status: u16,
        is_forwarded: bool,
        reason: Option<&str>,
    ) -> Result<(), Misuse> {
        self.check_open()?;
        if !is_final_status(status, is_forwarded) {
            return Err(Misuse::Status);
        }
        if reason.is_some() || self.extras.is_some() {
            self.set_reason(status, reason.unwrap_or_default())?;
        }
        self.status = Some(status);
        self.is_forwarded = is_forwarded;
        Ok(())
    }

    #[cold]
    fn set_reason(&mut self, status: u16, reason: &str) -> Result<(), Misuse> {
        ResponseOut::new(status, &self.fields).reason(reason)?;
        let kept = &mut self.extras_mut().reason;
        kept.clear();
        kept.push_str(reason);
        Ok(())
    }

    /// The status of the head.
    #[inline]
    pub(crate) fn status(&self) -> u16 {
        self.status.unwrap_or(200)
    }

    /// Takes the compression out if the body is compressed, whose head is changed at the first call.
    pub(crate) fn begin_compression(
        &mut self,
        is_empty: bool,
        is_head: bool,
    ) -> Result<Option<Compression>, Misuse> {
        let status = self.status();
        let asked = self
            .extras
            .as_mut()
            .and_then(|extras| extras.compression.take());
        let Some(mut compression) = asked else {
            return Ok(None);
        };
        let begins = compression.begin(status, &mut self.fields, is_empty, is_head)?;
        Ok(begins.then_some(compression))
    }

    /// The fields, while they can change.
    pub(crate) fn fields_mut(&mut self) -> Result<&mut FieldList, Misuse> {
        self.check_open()?;
        Ok(&mut self.fields)
    }

    /// How many field lines there are.
    pub(crate) fn field_count(&self) -> usize {
        self.fields().len()
    }

    /// Appends a field, and removes those of its name among the first `before`. Returns how many it removed.
    #[inline(always)]
    pub(crate) fn merge(
        &mut self,
        before: usize,
        name: &[u8],
        value: &[u8],
    ) -> Result<usize, Misuse> {
        self.check_open()?;
        self.fields.append(name, value)?;
        Ok(self.fields.remove_among(before, name))
    }

    /// From now on the head cannot change.
    #[inline]
    pub(crate) fn freeze_head(&mut self) {
        self.frozen = true;
    }

    fn check_open(&self) -> Result<(), Misuse> {
        match self.frozen {
            true => Err(Misuse::HeadSent),
            false => Ok(()),
        }
    }

    /// The fields.
    pub(crate) fn fields(&self) -> Fields<'_> {
        self.fields.view()
    }

    /// The fields of a head with this status that no body follows.
    pub(crate) fn check_switch(&self, status: u16) -> Result<&FieldList, Misuse> {
        self.check_open()?;
        if self.status.is_some_and(|theirs| theirs != status) {
            return Err(Misuse::Status);
        }
        if !self.trailers().view().is_empty() {
            return Err(Misuse::TrailerWithoutChunked);
        }
        Ok(&self.fields)
    }

    /// The head, to be encoded. `whole`: the length of the body, if it is sent as a whole.
    #[inline]
    pub(crate) fn head(&self, machine: &Connection, whole: Option<u64>) -> ResponseOut<'_> {
        let mut head = ResponseOut::new(self.status(), &self.fields)
            .forwarded(self.is_forwarded)
            .drop_keep_alive(self.added.drops_keep_alive);
        if let Some(extras) = &self.extras {
            head = head.checked_reason(&extras.reason);
        }
        if let Some(added) = &self.added.fields {
            head = head.server_fields(added);
        }
        match whole {
            Some(length) if !self.is_streamed(machine) => head.length(length),
            _ => head,
        }
    }

    /// A response with this content, if the program has set nothing but a status and fields.
    #[inline(always)]
    pub(crate) fn plain<'a>(&'a self, content: &'a [u8]) -> Option<Plain<'a>> {
        if self.extras.is_some() || self.is_forwarded {
            return None;
        }
        Some(Plain {
            status: self.status(),
            fields: &self.fields,
            server_fields: self.added.fields.as_ref()?,
            content,
            declares_length: !self.frozen,
        })
    }

    /// Whether the head of a body that is sent as a whole says nothing of its length: it is chunked if the
    /// program wrote the head or trailers, and a length that the program declared stays. The response to a
    /// HEAD, and a 304, declare what they do not send.
    #[inline]
    fn is_streamed(&self, machine: &Connection) -> bool {
        let chunked = self.frozen || !self.trailers().view().is_empty();
        self.fields.view().has(Known::ContentLength)
            || (chunked && machine.version() == Version::Http11)
    }

    #[inline]
    pub(crate) fn refresh_date(&mut self, config: &Config) {
        self.added.refresh(config);
    }

    /// When the Date field was made, to the second.
    pub(crate) fn date(&self) -> SystemTime {
        self.added.second.start
    }

    /// The values of a field, before the head is sent.
    pub(crate) fn get_header(&self, name: &str) -> Vec<Vec<u8>> {
        owned(self.fields.view().get_all(name))
    }

    /// The values of a field of the head that was sent.
    pub(crate) fn get_sent_header(&self, name: &str, machine: &Connection) -> Vec<Vec<u8>> {
        let mut sent = Vec::new();
        machine.repeat_response(&self.head(machine, None), &mut sent);
        let unlimited = Limits {
            field_section_bytes: usize::MAX,
            fields: usize::MAX,
            ..Limits::default()
        };
        let mut decoder = ResponseDecoder::new(unlimited);
        match decoder.decode(&sent) {
            Ok(Some(_)) => owned(decoder.head(&sent).fields().get_all(name)),
            _ => Vec::new(),
        }
    }
}

impl Extras {
    fn restart(&mut self) {
        self.reason.clear();
        self.trailers.clear();
        self.compression = None;
    }
}

fn owned<'a>(values: impl Iterator<Item = &'a [u8]>) -> Vec<Vec<u8>> {
    values.map(<[u8]>::to_vec).collect()
}

/// Date and Keep-Alive, encoded anew when a response begins in another second.
#[derive(Debug)]
struct AddedFields {
    second: Range<SystemTime>,
    fields: Option<ServerFields>,
    /// See [`Config::may_end_early`].
    drops_keep_alive: bool,
}

impl Default for AddedFields {
    fn default() -> AddedFields {
        AddedFields {
            second: SystemTime::UNIX_EPOCH..SystemTime::UNIX_EPOCH,
            fields: None,
            drops_keep_alive: false,
        }
    }
}

impl AddedFields {
    #[inline]
    fn refresh(&mut self, config: &Config) {
        let now = SystemTime::now();
        if !self.second.contains(&now) {
            self.renew(now, config);
        }
    }

    #[cold]
    fn renew(&mut self, now: SystemTime, config: &Config) {
        let since_epoch = now.duration_since(SystemTime::UNIX_EPOCH);
        let seconds = since_epoch.map_or(0, |duration| duration.as_secs());
        let date = HttpDate::from_unix_seconds(seconds).unwrap_or(HttpDate::MAX);
        let after = |seconds| SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds));
        let (begin, end) = (after(seconds), after(seconds.saturating_add(1)));
        self.second = begin.unwrap_or(now)..end.unwrap_or(now);
        self.fields = Some(ServerFields::new(date, config.announced_keep_alive_secs()));
        self.drops_keep_alive = config.may_end_early();
    }
}
