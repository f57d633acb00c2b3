//! Files that are named on the command line: their names stand in the errors.

use super::Args;
use std::fs::File;
use std::io::{self, ErrorKind, Write};

/// A file whose name stands in the error, too.
pub(crate) fn read_file(path: &str) -> io::Result<Vec<u8>> {
    std::fs::read(path).map_err(|e| named(path, &e))
}

/// A file that is written.
pub(crate) struct NamedFile(File, String);

impl NamedFile {
    pub(crate) fn create(path: &str) -> io::Result<NamedFile> {
        let file = File::create(path).map_err(|e| named(path, &e))?;
        Ok(NamedFile(file, path.to_owned()))
    }

    /// What is written goes behind what is there.
    pub(crate) fn append(path: &str) -> io::Result<NamedFile> {
        let options = File::options().append(true).create(true).open(path);
        let file = options.map_err(|e| named(path, &e))?;
        Ok(NamedFile(file, path.to_owned()))
    }
}

impl Write for NamedFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes).map_err(|e| named(&self.1, &e))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush().map_err(|e| named(&self.1, &e))
    }
}

/// The error of a file, with its name.
pub(crate) fn named(path: &str, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{path}: {error}"))
}

/// The certificates of a client under TLS.
pub(crate) struct ClientFiles {
    ca: Option<String>,
    cert: Option<String>,
    key: Option<String>,
}

impl ClientFiles {
    /// The file of `ca_option`, and those of `--cert` and `--key` if the demo `has_own`.
    pub(crate) fn of(args: &mut Args<'_>, ca_option: &str, has_own: bool) -> ClientFiles {
        let mut own = |name| has_own.then(|| args.value(name)).flatten();
        ClientFiles {
            cert: own("--cert"),
            key: own("--key"),
            ca: args.value(ca_option),
        }
    }

    /// Certificates to trust instead of the public authorities.
    pub(crate) fn ca(&self) -> io::Result<Option<Vec<u8>>> {
        self.ca.as_deref().map(read_file).transpose()
    }

    /// The client's own certificate and its key. One file may hold both.
    pub(crate) fn identity(&self) -> io::Result<Option<(Vec<u8>, Vec<u8>)>> {
        let (cert, key) = match (&self.cert, &self.key) {
            (None, None) => return Ok(None),
            (None, Some(_)) => {
                return Err(mistake("--key needs its certificate, too: --cert FILE"));
            }
            (Some(path), None) => {
                let both = read_file(path)?;
                if !has_key(&both) {
                    let text = format!("{path} holds no private key: name its file with --key");
                    return Err(mistake(&text));
                }
                (both.clone(), both)
            }
            (Some(cert), Some(key)) => (read_file(cert)?, read_file(key)?),
        };
        Ok(Some((cert, key)))
    }
}

/// `-----BEGIN PRIVATE KEY-----`, and the older forms and the encrypted one, which have a word before that.
fn has_key(pem: &[u8]) -> bool {
    let words = b"PRIVATE KEY-----";
    pem.windows(words.len()).any(|window| window == words)
}

fn mistake(text: &str) -> io::Error {
    io::Error::new(ErrorKind::InvalidInput, text)
}
