//! The words of a command line: options by name, the others in order.

use std::env;
use std::fmt::Debug;
use std::str::FromStr;

pub(crate) struct Args(Vec<String>);

impl Args {
    pub(crate) fn of_this_process() -> Args {
        Args(env::args().skip(1).collect())
    }

    /// The next word; empty if there is none.
    pub(crate) fn word(&mut self) -> String {
        match self.0.is_empty() {
            true => String::new(),
            false => self.0.remove(0),
        }
    }

    /// The next word as a value.
    pub(crate) fn value<T: FromStr<Err: Debug>>(&mut self, name: &str) -> T {
        parsed(name, &self.word())
    }

    /// Whether the option is there.
    pub(crate) fn has(&mut self, option: &str) -> bool {
        let at = self.0.iter().position(|word| word == option);
        at.map(|at| self.0.remove(at)).is_some()
    }

    /// The word behind an option.
    pub(crate) fn option<T: FromStr<Err: Debug>>(&mut self, option: &str) -> Option<T> {
        let at = self.0.iter().position(|word| word == option)?;
        self.0.remove(at);
        Some(parsed(option, self.0.get(at)?)).inspect(|_| drop(self.0.remove(at)))
    }
}

fn parsed<T: FromStr<Err: Debug>>(name: &str, word: &str) -> T {
    word.parse()
        .unwrap_or_else(|error| panic!("{name} {word:?}: {error:?}"))
}
