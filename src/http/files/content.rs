//! The bytes of a file: in memory, or on the disk.

use super::cache::Cache;
use super::place::Found;
use super::refusal::{Refusal, Rule};
use super::stamp::Stamp;
use std::fs::{File, Metadata};
use std::io::{self, ErrorKind, Read, Seek};
use std::sync::Arc;
use std::time::SystemTime;

/// One state of a file, and where its bytes are.
#[derive(Debug)]
pub(super) struct Content {
    stamp: Stamp,
    pub(super) bytes: Bytes,
}

#[derive(Debug)]
pub(super) enum Bytes {
    /// All of them.
    Kept(Arc<[u8]>),
    /// To be read when they are sent.
    OnDisk(File),
}

impl Content {
    /// From memory, if the file has not changed since; else opens it.
    pub(super) fn open(found: &Found, cache: &Cache) -> Result<Content, Refusal> {
        if let Some(bytes) = cache.get(&found.path, &found.stamp) {
            return Ok(Content {
                stamp: found.stamp,
                bytes: Bytes::Kept(bytes),
            });
        }
        // Of the file that was opened, which may be another than the one that was found.
        let (file, metadata) = open(found).map_err(cannot_open)?;
        if !metadata.is_file() {
            return Err(Rule::Missing.into());
        }
        Ok(Content {
            stamp: Stamp::of(&metadata),
            bytes: Bytes::OnDisk(file),
        })
    }

    /// Size and times, when it was opened.
    pub(super) fn stamp(&self) -> &Stamp {
        &self.stamp
    }

    /// Reads the whole file and keeps it, if it is small and a later state would have another stamp.
    pub(super) fn keep(
        mut self,
        found: &Found,
        now: SystemTime,
        cache: &Cache,
    ) -> Result<Content, Refusal> {
        let Bytes::OnDisk(file) = &mut self.bytes else {
            return Ok(self);
        };
        if !cache.takes(&found.path, self.stamp.size()) || !self.stamp.is_unambiguous(now) {
            return Ok(self);
        }
        if let Some(bytes) = read_whole(file, &self.stamp).map_err(Refusal::Failed)? {
            cache.put(&found.path, self.stamp, Arc::clone(&bytes));
            self.bytes = Bytes::Kept(bytes);
        }
        Ok(self)
    }
}

fn open(found: &Found) -> io::Result<(File, Metadata)> {
    let file = File::open(&found.path)?;
    let metadata = file.metadata()?;
    Ok((file, metadata))
}

fn cannot_open(error: io::Error) -> Refusal {
    match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory | ErrorKind::PermissionDenied => {
            Rule::Missing.into()
        }
        _ => Refusal::Failed(error),
    }
}

/// The whole file; `None`, and nothing read, if it has changed since the stamp was taken.
fn read_whole(file: &mut File, stamp: &Stamp) -> io::Result<Option<Arc<[u8]>>> {
    let mut bytes = Vec::with_capacity(stamp.size() as usize);
    file.take(stamp.size()).read_to_end(&mut bytes)?;
    if Stamp::of(&file.metadata()?) == *stamp && bytes.len() as u64 == stamp.size() {
        return Ok(Some(bytes.into()));
    }
    file.rewind()?;
    Ok(None)
}
