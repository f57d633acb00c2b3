//! From names to a file on the disk: is it below the root, and is it regular?

use super::media_type::media_type;
use super::path::Wanted;
use super::refusal::Rule;
use super::stamp::Stamp;
use std::fs::{self, FileType};
use std::io::{self, ErrorKind};
use std::path::{Component, Path, PathBuf};

/// The directory that all files are below.
#[derive(Debug)]
pub(super) struct Root {
    /// Absolute, and without links.
    path: PathBuf,
    pub(super) index: String,
    pub(super) dot_files: bool,
}

/// What a path leads to.
#[derive(Debug)]
pub(super) enum Place {
    /// A regular file.
    File(Found),
    /// A directory with an index, asked for without the slash.
    Directory,
}

/// A file that was there a moment ago.
#[derive(Debug)]
pub(super) struct Found {
    /// Absolute, and without links.
    pub(super) path: PathBuf,
    kind: FileType,
    pub(super) stamp: Stamp,
    /// By the name in the request, which may be another than the file's own.
    pub(super) media_type: &'static str,
    /// It is the file `name.gz` in the place of `name`.
    pub(super) is_gzip: bool,
}

impl Root {
    pub(super) fn new(path: &Path) -> io::Result<Root> {
        let path = fs::canonicalize(path)?;
        if !path.is_dir() {
            return Err(ErrorKind::NotADirectory.into());
        }
        Ok(Root {
            path,
            index: "index.html".into(),
            dot_files: false,
        })
    }

    /// The regular file that `wanted` leads to, by itself or as the index of a directory.
    pub(super) fn find(&self, wanted: &Wanted) -> Result<Place, Rule> {
        let found = self.resolve(&self.path.join(&wanted.names))?;
        if !found.kind.is_dir() {
            return match found.kind.is_file() && !wanted.directory {
                true => Ok(Place::File(found)),
                false => Err(Rule::Missing),
            };
        }
        let index = self.index_of(&found)?;
        Ok(match wanted.directory {
            true => Place::File(index),
            false => Place::Directory,
        })
    }

    /// The same file in gzip: `a.txt.gz` beside `a.txt`, unless it is older and has an earlier content.
    pub(super) fn gzip_of(&self, found: &Found) -> Option<Found> {
        let mut path = found.path.clone().into_os_string();
        path.push(".gz");
        let gzip = self.resolve(Path::new(&path)).ok()?;
        let is_same = gzip.kind.is_file() && !gzip.stamp.is_older_than(&found.stamp);
        is_same.then_some(Found {
            media_type: found.media_type,
            is_gzip: true,
            ..gzip
        })
    }

    fn index_of(&self, directory: &Found) -> Result<Found, Rule> {
        let index = self.resolve(&directory.path.join(&self.index))?;
        match index.kind.is_file() {
            true => Ok(index),
            false => Err(Rule::Missing),
        }
    }

    /// Follows all links and reads the metadata at their end. If anything fails on the way, there is nothing
    /// to serve.
    fn resolve(&self, asked: &Path) -> Result<Found, Rule> {
        let path = fs::canonicalize(asked).map_err(|_| Rule::Missing)?;
        if !self.shows(&path) {
            return Err(Rule::Missing);
        }
        let metadata = fs::symlink_metadata(&path).map_err(|_| Rule::Missing)?;
        Ok(Found {
            path,
            kind: metadata.file_type(),
            stamp: Stamp::of(&metadata),
            media_type: media_type(asked),
            is_gzip: false,
        })
    }

    /// Whether a path without links is below the root, and not below a name that starts with a
    /// dot.
    fn shows(&self, path: &Path) -> bool {
        let hidden = |part: Component<'_>| part.as_os_str().as_encoded_bytes().starts_with(b".");
        path.strip_prefix(&self.path)
            .is_ok_and(|below| self.dot_files || !below.components().any(hidden))
    }
}
