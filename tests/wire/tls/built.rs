//! Certificates built from parts, of which a test can change one.

/// An element of DER with a length in its shortest form.
pub(crate) fn der(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let length = content.len();
    let mut out = vec![tag];
    match length {
        0..=0x7f => out.push(length as u8),
        0x80..=0xff => out.extend_from_slice(&[0x81, length as u8]),
        _ => out.extend_from_slice(&[0x82, (length >> 8) as u8, length as u8]),
    }
    out.extend(content);
    out
}

pub(crate) fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    der(0x30, parts)
}

/// A name of one attribute: its common name.
pub(crate) fn name(tag: u8, text: &[u8]) -> Vec<u8> {
    let attribute = sequence(&[&der(6, &[b"\x55\x04\x03"]), &der(tag, &[text])]);
    sequence(&[&der(0x31, &[&attribute])])
}

/// An extension of 2.5.29.`last`, which is not critical.
pub(crate) fn extension(last: u8, value: &[u8]) -> Vec<u8> {
    sequence(&[&der(6, &[&[0x55, 0x1d, last]]), &der(4, &[value])])
}

/// The parts of a certificate, each with its tag; an empty part is left out.
#[derive(Clone)]
pub(crate) struct Parts {
    pub(crate) version: Vec<u8>,
    pub(crate) serial: Vec<u8>,
    pub(crate) signed_with: Vec<u8>,
    pub(crate) issuer: Vec<u8>,
    pub(crate) validity: Vec<u8>,
    pub(crate) subject: Vec<u8>,
    pub(crate) key: Vec<u8>,
    pub(crate) unique: Vec<u8>,
    /// `None` is left out; an empty list is not.
    pub(crate) extensions: Option<Vec<Vec<u8>>>,
    pub(crate) algorithm: Vec<u8>,
    pub(crate) signature: Vec<u8>,
}

impl Parts {
    pub(crate) fn good() -> Parts {
        let algorithm = sequence(&[&der(6, &[b"\x2b\x65\x70"])]);
        Parts {
            version: der(0xa0, &[&der(2, &[&[2]])]),
            serial: der(2, &[&[7]]),
            signed_with: algorithm.clone(),
            issuer: name(0x0c, b"a CA"),
            validity: validity(b"200101000000Z", b"491231235959Z"),
            subject: name(0x0c, b"a"),
            key: sequence(&[&algorithm, &der(3, &[&[0; 33]])]),
            unique: Vec::new(),
            extensions: Some(vec![extension(17, &sequence(&[&der(0x82, &[b"a"])]))]),
            algorithm,
            signature: der(3, &[&[0; 65]]),
        }
    }

    pub(crate) fn build(&self) -> Vec<u8> {
        let extensions = self.extensions.as_ref();
        let extensions = extensions.map_or(Vec::new(), |list| {
            der(0xa3, &[&sequence(&[&list.concat()])])
        });
        let signed = sequence(&[
            &self.version,
            &self.serial,
            &self.signed_with,
            &self.issuer,
            &self.validity,
            &self.subject,
            &self.key,
            &self.unique,
            &extensions,
        ]);
        sequence(&[&signed, &self.algorithm, &self.signature])
    }
}

pub(crate) fn validity(from: &[u8], until: &[u8]) -> Vec<u8> {
    sequence(&[&der(0x17, &[from]), &der(0x17, &[until])])
}
