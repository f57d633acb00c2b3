//! libFuzzer, with the target that `FUZZ_TARGET` names. `main.rs` says how it has to be built.

#![no_main]

use barewire_fuzz::Target;
use libfuzzer_sys::fuzz_target;
use std::sync::OnceLock;

static TARGET: OnceLock<&Target> = OnceLock::new();

fn chosen() -> &'static Target {
    let name = std::env::var("FUZZ_TARGET").unwrap_or_default();
    Target::named(&name).unwrap_or_else(|| panic!("FUZZ_TARGET names no target: {name:?}"))
}

fuzz_target!(|data: &[u8]| TARGET.get_or_init(chosen).play(data));
