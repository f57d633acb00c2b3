//! The cases of `fixtures/`, explained.

use crate::options::Options;
use crate::script::{Passes, Script, all};
use barewire::trace::wire::Conversation;
use barewire::trace::wire::render::Rendering;
use std::io::{self, ErrorKind, Write};
use std::time::Duration;

pub(crate) fn explain(filter: &str, options: &Options) -> io::Result<u8> {
    let (mut rendering, mut out) = (options.rendering(), options.output()?);
    let mut text = String::new();
    let scripts = (0..).zip(all());
    let mut found = scripts
        .filter(|(_, script)| is_about(script, filter))
        .peekable();
    if found.peek().is_none() {
        let text = format!("no case is about {filter:?}: try a section, such as \"9112 §7.1\"");
        return Err(io::Error::new(ErrorKind::NotFound, text));
    }
    for (number, script) in found {
        let about = format!("{} ({})", script.place, script.rfc);
        rendering.event(number, Duration::ZERO, &about, &mut text);
        let mut conversation = Conversation::with_limits(script.limits);
        if options.show_secrets {
            conversation = conversation.show_secrets();
        }
        for passes in &script.passes {
            let spans = match passes {
                Passes::Bytes(from, bytes) => conversation.receive(*from, Duration::ZERO, bytes),
                Passes::End(from) => conversation.end(*from, Duration::ZERO),
            };
            for explained in spans {
                rendering.explained(number, &explained, &mut text);
            }
        }
        out.write_all(text.as_bytes())?;
        text.clear();
    }
    rendering.finish(&mut text);
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(0)
}

/// Each word must fit: a section with those below it (`§7.1`, `7.1`), an RFC (`9112`), or a part of the name.
fn is_about(script: &Script, filter: &str) -> bool {
    let (rfc, section) = script.rfc.split_once(" §").unwrap_or_default();
    let words = filter.split_whitespace().filter(|word| *word != "RFC");
    let place = script.place.to_lowercase();
    words.into_iter().all(|word| {
        let number = word.trim_start_matches('§');
        match number.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
            true if number.len() >= 4 && !number.contains('.') => rfc.ends_with(number),
            true => section
                .strip_prefix(number.trim_end_matches('.'))
                .is_some_and(|below| below.is_empty() || below.starts_with('.')),
            false => place.contains(&word.to_lowercase()),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_is_a_section_or_a_part_of_the_name() {
        let count = |filter| all().filter(|script| is_about(script, filter)).count();
        let whole = count("");
        assert!(whole > 900, "{whole}");
        let below = count("9112 §7.1");
        assert!(below > count("9112 §7.1.1") && count("9112 §7.1.1") > 0 && below < count("9112"));
        assert_eq!(count("RFC 9112 §7.1"), below);
        assert_eq!(count("9112 7.1"), below);
        assert_eq!((count("§71"), count("9112 nothing is called so")), (0, 0));
        assert_eq!(count("the book's HELLO world"), 1);
    }
}
