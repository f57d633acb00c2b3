//! TLS's bytes and rules: the cases of `fixtures/tls/`.
//!
//! A case of [`hellos`] is decoded whole, byte by byte, cut in two at every place, with bytes behind it,
//! and cut into other records. [`certificates`] compares the fields of each certificate with the output of
//! openssl, then cuts and changes it; [`broken`] makes a certificate for each rule that it breaks.

pub(crate) mod broken;
mod built;
pub(crate) mod certificates;
pub(crate) mod format;
mod hellos;
mod random;

use barewire::tls::wire::Rule;
use std::collections::BTreeSet;

#[test]
fn every_rule_has_a_case() {
    let hellos = format::cases("hellos.txt");
    let hellos = hellos.iter().filter_map(|case| case.error());
    let raised: BTreeSet<Rule> = hellos.chain(broken::rules()).collect();
    for rule in Rule::ALL {
        assert!(raised.contains(rule), "{} has no case", rule.name());
    }
}
