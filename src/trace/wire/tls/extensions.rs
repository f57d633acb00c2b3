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
use crate::trace::wire::span::shown;

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
        Some(place) if !fields.reader.is_empty() => {
            content(fields, codes::EXTENSIONS.name(kind), place)
        }
        _ => fields.rest(Label::TlsExtensionData),
    })
}

fn content(fields: &mut Fields<'_, '_>, name: &str, place: Place) -> Read {
    use Label::*;
    let is_client = place == Place::ClientHello;
    match name {
        "server_name" => fields.list(2, 1, |fields| {
            fields.code(1, TlsServerNameType, codes::NAME_TYPES)?;
            fields.opaque_as(2, 1, TlsServerName, shown)
        }),
        "max_fragment_length" => fields
            .code(1, TlsFragmentLength, codes::FRAGMENT_LENGTHS)
            .map(drop),
        "status_request" if is_client => {
            fields.code(1, TlsStatusType, codes::STATUS_TYPES)?;
            fields.opaque(2, 0, TlsResponders)?;
            fields.opaque(2, 0, TlsStatusExtensions)
        }
        "supported_groups" => fields.codes(2, 2, TlsGroup, codes::GROUPS),
        "ec_point_formats" => fields.codes(1, 1, TlsPointFormat, codes::POINT_FORMATS),
        "signature_algorithms" | "signature_algorithms_cert" => {
            fields.codes(2, 2, TlsScheme, codes::SCHEMES)
        }
        "application_layer_protocol_negotiation" => {
            fields.list(2, 2, |fields| fields.opaque_as(1, 1, TlsProtocol, shown))
        }
        "pre_shared_key" if is_client => pre_shared_keys(fields),
        "pre_shared_key" => fields.number(2, TlsPskSelected).map(drop),
        "early_data" => fields.number(4, TlsEarlyDataSize).map(drop),
        "supported_versions" if is_client => {
            fields.codes(1, 2, TlsSupportedVersion, codes::VERSIONS)
        }
        "supported_versions" => fields
            .code(2, TlsSupportedVersion, codes::VERSIONS)
            .map(drop),
        "cookie" => fields.opaque(2, 1, TlsCookie),
        "psk_key_exchange_modes" => fields.codes(1, 1, TlsPskMode, codes::PSK_MODES),
        "certificate_authorities" => fields.list(2, 3, authority),
        "oid_filters" => fields.list(2, 0, |fields| {
            fields.opaque_as(1, 1, TlsOidFilter, codes::oid_text)?;
            fields.opaque(2, 0, TlsOidFilterValues)
        }),
        "key_share" if is_client => fields.list(2, 0, key_share),
        "key_share" if place == Place::HelloRetryRequest => {
            fields.code(2, TlsGroup, codes::GROUPS).map(drop)
        }
        "key_share" => key_share(fields),
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
