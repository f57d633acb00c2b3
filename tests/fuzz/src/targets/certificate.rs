//! Certificates.
//!
//! - One that is taken is refused with a byte less or more.
//! - What is shown of it cannot forge a line: no control character is in it, and a host is ASCII.
//! - The errors of one that is refused point into it.

use crate::input::Input;
use barewire::tls::wire::{AltName, Certificate, Rule};

pub(crate) fn run(input: &Input<'_>) {
    let der = input.bytes;
    match Certificate::decode(der) {
        Err(error) => assert!(error.at() <= der.len() && !error.to_string().is_empty()),
        Ok(certificate) => {
            exact(der);
            shown(&certificate);
            agrees(&certificate);
        }
    }
}

fn exact(der: &[u8]) {
    for end in [0, 1, der.len() / 2, der.len() - 1] {
        assert!(Certificate::decode(&der[..end]).is_err(), "{end} bytes");
    }
    let longer = [der, &[0]].concat();
    let refused = Certificate::decode(&longer).err();
    assert_eq!(refused.map(|error| error.rule()), Some(Rule::DerTrailing));
}

fn shown(certificate: &Certificate<'_>) {
    let (issuer, subject) = (certificate.issuer(), certificate.subject());
    let mut lines = vec![
        issuer.to_string(),
        subject.to_string(),
        certificate.serial_text(),
        certificate.public_key().to_string(),
        certificate.not_before().to_string(),
        certificate.not_after().to_string(),
    ];
    lines.extend(certificate.alt_names().map(|name| name.to_string()));
    for line in &lines {
        assert!(!line.contains(char::is_control), "{line:?}");
    }
    let hosts: Vec<&str> = certificate.dns_names().collect();
    let graphic = |host: &&str| host.bytes().all(|byte| byte.is_ascii_graphic());
    assert!(hosts.iter().all(graphic), "{hosts:?}");
    if let Some(name) = subject.get("CN")
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric())
    {
        assert!(subject.to_string().contains(&format!("CN={name}")));
    }
}

fn agrees(certificate: &Certificate<'_>) {
    assert!((1..=3).contains(&certificate.version()));
    assert!(certificate.version() == 3 || certificate.alt_names().count() == 0);
    let serial = certificate.serial();
    assert!((1..=20).contains(&serial.len()) && (serial == [0] || serial[0] != 0));
    assert_eq!(certificate.serial_text().len(), 2 * serial.len());
    let (dns, ips) = (certificate.dns_names(), certificate.ip_addresses());
    assert_eq!(dns.count() + ips.count(), certificate.alt_names().count());
    for name in certificate.alt_names() {
        match name {
            AltName::Dns(name) => assert!(!name.is_empty()),
            AltName::Ip(bytes) => assert!(matches!(bytes.len(), 4 | 16)),
        }
    }
    let itself = certificate.names_as_issuer(certificate);
    assert_eq!(certificate.is_self_issued(), itself);
}
