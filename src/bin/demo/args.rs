//! The command line, read by the table of options in the help.
//!
//! A line of the help that begins with `-` describes an option: its names, a word for each value,
//! then two spaces and a sentence. So the help is the only list of options that a demo has:
//!
//! ```text
//!   -o, --output FILE    write the body to FILE
//!   --tls CERT KEY       serve with this certificate and its private key
//!   -s                   print neither progress nor errors
//! ```
//!
//! A demo takes the options that it understands out of [`Args`]. What is left at the end is a
//! mistake of the user: an option that does not apply, or an argument too many.

use std::fmt::Display;
use std::str::FromStr;
use std::time::Duration;

/// A longer time would end behind the end of the clock. It is a century.
const LONGEST: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

/// What the user typed, less what the demo has taken.
pub(crate) struct Args<'h> {
    options: Vec<Row<'h>>,
    words: Vec<String>,
}

/// An option of the help's table, and the values of each time that it was typed.
struct Row<'h> {
    names: Vec<&'h str>,
    values: usize,
    typed: Vec<Vec<String>>,
}

/// The options as `read` understands them; `None` if help was asked for.
pub(crate) fn parse<T>(
    help: &str,
    args: impl Iterator<Item = String>,
    read: impl FnOnce(&mut Args<'_>) -> Result<T, String>,
) -> Result<Option<T>, String> {
    let mut options = vec![Row::new(["-h", "--help"], 0)];
    options.extend(help.lines().filter_map(Row::parse));
    let words = Vec::new();
    let mut all = Args { options, words };
    all.sort(args)?;
    if all.has("--help") {
        return Ok(None);
    }
    let read = read(&mut all)?;
    all.check_empty()?;
    Ok(Some(read))
}

impl<'h> Row<'h> {
    fn new(names: impl Into<Vec<&'h str>>, values: usize) -> Row<'h> {
        let (names, typed) = (names.into(), Vec::new());
        Row {
            names,
            values,
            typed,
        }
    }

    fn parse(line: &'h str) -> Option<Row<'h>> {
        let line = line.trim_start();
        let columns = line.split("  ").next().filter(|_| line.starts_with('-'));
        let (names, values): (Vec<_>, Vec<_>) =
            columns?.split(' ').partition(|word| word.starts_with('-'));
        let names: Vec<_> = names
            .iter()
            .map(|name| name.trim_end_matches(','))
            .collect();
        Some(Row::new(names, values.len()))
    }
}

/// Taking.
/// A whole number as users write it: digits, and no sign.
pub(crate) fn whole_number<T: FromStr>(text: &str) -> Option<T> {
    let is_digits = text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|_| is_digits)
}

impl Args<'_> {
    /// Whether the option was typed.
    pub(crate) fn has(&mut self, name: &str) -> bool {
        !self.take(name).is_empty()
    }

    /// The value of an option; of the last one, if it was typed several times.
    pub(crate) fn value(&mut self, name: &str) -> Option<String> {
        self.all(name).pop()
    }

    /// [`value`](Args::value), or the default.
    pub(crate) fn value_or(&mut self, name: &str, default: &str) -> String {
        self.value(name).unwrap_or_else(|| default.to_owned())
    }

    /// The values of an option that was typed several times.
    pub(crate) fn all(&mut self, name: &str) -> Vec<String> {
        self.take(name).into_iter().flatten().collect()
    }

    /// The two values of an option that has two.
    pub(crate) fn pair(&mut self, name: &str) -> Option<(String, String)> {
        let [first, second] = self.take(name).pop()?.try_into().ok()?;
        Some((first, second))
    }

    /// The value of an option, parsed.
    pub(crate) fn parsed<T, E: Display>(
        &mut self,
        name: &str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<Option<T>, String> {
        let parsed = self.value(name).map(|text| parse(&text));
        parsed.transpose().map_err(|e| format!("{name} {e}"))
    }

    /// The value of an option that is a whole number.
    pub(crate) fn number<T: FromStr>(&mut self, name: &str) -> Result<Option<T>, String> {
        self.parsed(name, |text| {
            whole_number(text).ok_or_else(|| format!("takes a whole number, not {text:?}"))
        })
    }

    /// The value of an option that is a whole number above 0.
    pub(crate) fn at_least_one(&mut self, name: &str) -> Result<Option<usize>, String> {
        match self.number(name)? {
            Some(0) => Err(format!("{name} must be at least 1")),
            number => Ok(number),
        }
    }

    /// The value of an option that is a time, longer than none.
    pub(crate) fn seconds(&mut self, name: &str) -> Result<Option<Duration>, String> {
        self.parsed(name, |text| {
            let plain = text.bytes().all(|b| b.is_ascii_digit() || b == b'.'); // no sign, no exponent
            let seconds = text.parse().ok().filter(|_| plain);
            let time = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
            time.filter(|time| !time.is_zero() && *time <= LONGEST)
                .ok_or_else(|| format!("takes seconds, such as 2.5, not {text:?}"))
        })
    }

    /// The arguments that are neither options nor their values.
    pub(crate) fn words(&mut self) -> Vec<String> {
        std::mem::take(&mut self.words)
    }

    /// The first of them.
    pub(crate) fn word(&mut self) -> Option<String> {
        (!self.words.is_empty()).then(|| self.words.remove(0))
    }

    /// The values of an option, which are not taken; `None` if the demo has no such option.
    pub(crate) fn typed(&self, name: &str) -> Option<Vec<String>> {
        let mut rows = self.options.iter();
        let row = rows.find(|row| row.names.contains(&name))?;
        Some(row.typed.last().cloned().unwrap_or_default())
    }

    fn take(&mut self, name: &str) -> Vec<Vec<String>> {
        std::mem::take(&mut self.row(name).expect("the help has each option").typed)
    }
}

/// Reading.
impl<'h> Args<'h> {
    fn row(&mut self, name: &str) -> Option<&mut Row<'h>> {
        let mut rows = self.options.iter_mut();
        rows.find(|row| row.names.contains(&name))
    }

    fn sort(&mut self, mut args: impl Iterator<Item = String>) -> Result<(), String> {
        while let Some(arg) = args.next() {
            match arg.as_bytes() {
                [b'-', b'-', ..] => self.option(&arg, &mut args)?,
                [b'-', _, ..] => self.letters(&arg[1..], &mut args)?,
                _ => self.words.push(arg),
            }
        }
        Ok(())
    }

    fn option(&mut self, name: &str, args: &mut dyn Iterator<Item = String>) -> Result<(), String> {
        let row = self
            .row(name)
            .ok_or_else(|| format!("there is no option {name}"))?;
        let values: Vec<String> = args.take(row.values).collect();
        match values.len() == row.values {
            true => row.typed.push(values),
            false => return Err(format!("{name} needs a value")),
        }
        Ok(())
    }

    /// `-svo FILE`, `-XPOST`: several letters, the last of which may have its value at once.
    fn letters(
        &mut self,
        letters: &str,
        args: &mut dyn Iterator<Item = String>,
    ) -> Result<(), String> {
        let mut rest = letters.chars();
        while let Some(letter) = rest.next() {
            let name = format!("-{letter}");
            let has_value = self.row(&name).is_some_and(|row| row.values > 0);
            match rest.as_str() {
                value if has_value && !value.is_empty() => {
                    let value = value.to_owned();
                    return self.option(&name, &mut std::iter::once(value).chain(args));
                }
                _ => self.option(&name, args)?,
            }
        }
        Ok(())
    }

    fn check_empty(&self) -> Result<(), String> {
        let left = self.options.iter().find(|row| !row.typed.is_empty());
        if let Some(row) = left {
            return Err(format!("{} does not apply here", row.names.join(", ")));
        }
        match self.words.first() {
            Some(word) => Err(format!("unexpected argument {word:?}")),
            None => Ok(()),
        }
    }
}

/// What is wrong with arguments that are none of the demo's commands.
pub(crate) fn no_command(words: &[&str]) -> String {
    match words {
        [] => "a command is missing".to_owned(),
        words => format!("there is no command {:?}", words.join(" ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HELP: &str = "\
usage: it [OPTIONS]

  -o, --output FILE  a file
  -s                 -v is no option in a sentence
  --tls CERT KEY
";

    fn parse(line: &str) -> Result<Option<String>, String> {
        let args = line.split_whitespace().map(str::to_owned);
        super::parse(HELP, args, |args| {
            let (files, pair) = (args.all("--output"), args.pair("--tls"));
            Ok(format!(
                "{files:?} {} {pair:?} {:?}",
                args.has("-s"),
                args.word()
            ))
        })
    }

    #[test]
    fn options_are_those_of_the_help() {
        for (line, read) in [
            ("", "[] false None None"),
            ("-so a b", "[\"a\"] true None Some(\"b\")"),
            (
                "-oa -ob --output -s",
                "[\"a\", \"b\", \"-s\"] false None None",
            ),
            ("--tls a b -", "[] false Some((\"a\", \"b\")) Some(\"-\")"),
        ] {
            assert_eq!(parse(line).unwrap().unwrap(), read, "{line}");
        }
        assert_eq!(parse("a -sh b"), Ok(None));
        for (line, mistake) in [
            ("-v", "there is no option -v"),
            ("--tls a", "--tls needs a value"),
            ("-so", "-o needs a value"),
            ("a b", "unexpected argument \"b\""),
        ] {
            assert_eq!(parse(line), Err(mistake.to_owned()), "{line}");
        }
    }

    /// A number is digits, for all demos.
    #[test]
    fn fault_e13_a_number_has_no_sign() {
        let number = |text: &str| {
            let args = ["-o", text].map(str::to_owned).into_iter();
            super::parse(HELP, args, |args| args.number::<u16>("-o")).map(Option::flatten)
        };
        assert_eq!(number("5"), Ok(Some(5)));
        for wrong in ["+5", "-5", "", "5 ", "5.0", "65536", "\u{0665}"] {
            assert!(number(wrong).is_err(), "{wrong:?}");
        }
        let seconds = |text: &str| {
            let args = ["-o", text].map(str::to_owned).into_iter();
            super::parse(HELP, args, |args| args.seconds("-o")).map(Option::flatten)
        };
        assert_eq!(seconds("2.5"), Ok(Some(Duration::from_millis(2500))));
        for wrong in ["+2", "-2", "1e3", "inf", "NaN", "0", "2,5", ""] {
            assert!(seconds(wrong).is_err(), "{wrong:?}");
        }
    }
}
