//! Extensions: those of RFC 8446 §4.2 with what is in them, the others with their bytes.
//!
//! ```text
//!   00 00  00 0b   00 09  00  00 06 "server"
//!   type   length  │      │   └ a length, and the name
//!                  │      └ type of the name
//!                  └ length of the list
//! ```
//!
//! Content that is not of its extension's form breaks no rule of this decoder, which knows a few extensions only. It
//! is one leaf.

use super::certificate;
use super::codes;
use super::fields::{Fields, Read};
use crate::trace::wire::labels::Label;

/// The message that an extension stands in: the same extension has another form in each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    ClientHello,
    ServerHello,
    HelloRetryRequest,
}

/// The extensions to the end of a message, if there are any.
pub(super) fn extensions(fields: &mut Fields<'_, '_>, place: Place) -> Read {
    if fields.reader.is_empty() {
        return Ok(());
    }
    fields.list(2, 0, |fields| {
        let label = Label::TlsExtension;
        match fields.try_group(label, |fields| extension(fields, Some(place))) {
            true => Ok(()),
            false => fields.group(label, |fields| extension(fields, None)),
        }
    })
}

fn extension(fields: &mut Fields<'_, '_>, place: Option<Place>) -> Read {
    let kind = fields.code(2, Label::TlsExtensionType, codes::EXTENSIONS)?;
    fields.vector(2, 0, |fields| match place {
        Some(place) if !fields.reader.is_empty() => content(fields, kind, place),
        _ => fields.rest(Label::TlsExtensionData),
    })
}

fn content(fields: &mut Fields<'_, '_>, kind: u16, place: Place) -> Read {
    use Label::*;
    let is_client = place == Place::ClientHello;
    match kind {
        0 => fields.list(2, 1, |fields| {
            fields.code(1, TlsServerNameType, codes::NAME_TYPES)?;
            fields.text(2, 1, TlsServerName)
        }),
        1 => fields
            .code(1, TlsFragmentLength, codes::FRAGMENT_LENGTHS)
            .map(drop),
        5 if is_client => {
            fields.code(1, TlsStatusType, codes::STATUS_TYPES)?;
            fields.opaque(2, 0, TlsResponders)?;
            fields.opaque(2, 0, TlsStatusExtensions)
        }
        10 => fields.codes(2, 2, 2, TlsGroup, codes::GROUPS),
        11 => fields.codes(1, 1, 1, TlsPointFormat, codes::POINT_FORMATS),
        13 | 50 => fields.codes(2, 2, 2, TlsScheme, codes::SCHEMES),
        16 => fields.list(2, 2, |fields| fields.text(1, 1, TlsProtocol)),
        41 if is_client => pre_shared_keys(fields),
        41 => fields.number(2, TlsPskSelected).map(drop),
        42 => fields.number(4, TlsEarlyDataSize).map(drop),
        43 if is_client => fields.codes(1, 2, 2, TlsSupportedVersion, codes::VERSIONS),
        43 => fields
            .code(2, TlsSupportedVersion, codes::VERSIONS)
            .map(drop),
        44 => fields.opaque(2, 1, TlsCookie),
        45 => fields.codes(1, 1, 1, TlsPskMode, codes::PSK_MODES),
        47 => fields.list(2, 3, authority),
        48 => fields.list(2, 0, |fields| {
            fields.vector(1, 1, |fields| {
                let oid = codes::oid_text(fields.reader.bytes(fields.reader.rest().len())?);
                fields.brush.valued(fields.reader.at(), TlsOidFilter, oid);
                Ok(())
            })?;
            fields.opaque(2, 0, TlsOidFilterValues)
        }),
        51 if is_client => fields.list(2, 0, key_share),
        51 if place == Place::HelloRetryRequest => {
            fields.code(2, TlsGroup, codes::GROUPS).map(drop)
        }
        51 => key_share(fields),
        _ => fields.rest(TlsExtensionData),
    }
}

fn key_share(fields: &mut Fields<'_, '_>) -> Read {
    fields.group(Label::TlsKeyShare, |fields| {
        fields.code(2, Label::TlsGroup, codes::GROUPS)?;
        fields.opaque(2, 1, Label::TlsKey)
    })
}

fn pre_shared_keys(fields: &mut Fields<'_, '_>) -> Read {
    fields.list(2, 7, |fields| {
        fields.group(Label::TlsPsk, |fields| {
            fields.opaque(2, 1, Label::TlsPskIdentity)?;
            fields.number(4, Label::TlsPskAge).map(drop)
        })
    })?;
    fields.list(2, 33, |fields| fields.opaque(1, 32, Label::TlsPskBinder))
}

/// The name of a CA, with a length before it.
pub(super) fn authority(fields: &mut Fields<'_, '_>) -> Read {
    fields.vector(2, 1, certificate::authority)
}
