//! The two times of a validity (RFC 5280 §4.1.2.5).
//!
//! ```text
//!   17 0d  "200101000000Z"      UTCTime: YYMMDDHHMMSSZ, 1950 to 2049
//!   18 0f  "21200101000000Z"    GeneralizedTime: YYYYMMDDHHMMSSZ
//! ```

use std::fmt;

use super::der::{Element, tag};
use super::error::{Error, Rule};

const DAY: i64 = 86_400;
const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// A second between the years 0 and 9999, UTC. Displayed as by OpenSSL and Node,
/// `Jan  1 00:00:00 2120 GMT`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(i64);

impl Time {
    /// Seconds since the beginning of 1970; negative before it.
    pub fn unix_seconds(self) -> i64 {
        self.0
    }

    // RFC 5280 §4.1.2.5: "Conforming applications MUST be able to process validity dates that are
    // encoded in either UTCTime or GeneralizedTime."
    pub(super) fn decode(element: Element<'_>) -> Result<Time, Error> {
        let time = match element.tag {
            tag::UTC_TIME => utc(element.content()),
            tag::GENERALIZED_TIME => generalized(element.content()),
            _ => return Err(element.refuse(Rule::CertificateShape)),
        };
        time.ok_or_else(|| element.refuse(Rule::TimeInvalid))
    }
}

// RFC 5280 §4.1.2.5.1: "Where YY is greater than or equal to 50, the year SHALL be interpreted as
// 19YY; and Where YY is less than 50, the year SHALL be interpreted as 20YY."
fn utc(text: &[u8]) -> Option<Time> {
    let (year, rest) = digits(text)?;
    let century = if year >= 50 { 1900 } else { 2000 };
    moment(century + year, rest)
}

fn generalized(text: &[u8]) -> Option<Time> {
    let (century, rest) = digits(text)?;
    let (year, rest) = digits(rest)?;
    moment(century * 100 + year, rest)
}

/// `MMDDHHMMSSZ` of a year.
// RFC 5280 §4.1.2.5.2: "GeneralizedTime values MUST NOT include fractional seconds."
fn moment(year: i64, text: &[u8]) -> Option<Time> {
    let (month, text) = digits(text)?;
    let (day, text) = digits(text)?;
    let (hour, text) = digits(text)?;
    let (minute, text) = digits(text)?;
    let (second, text) = digits(text)?;
    let exists = (1..=12).contains(&month)
        && (1..=last_day(year, month)).contains(&day)
        && hour < 24
        && minute < 60
        && second < 60;
    let seconds = hour * 3600 + minute * 60 + second;
    (exists && text == b"Z").then(|| Time(day_number(year, month, day) * DAY + seconds))
}

fn digits(text: &[u8]) -> Option<(i64, &[u8])> {
    let ([tens, ones], rest) = text.split_first_chunk()?;
    let both = tens.is_ascii_digit() && ones.is_ascii_digit();
    both.then(|| (i64::from(tens - b'0') * 10 + i64::from(ones - b'0'), rest))
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn last_day(year: i64, month: i64) -> i64 {
    match month {
        2 => 28 + i64::from(is_leap(year)),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since the beginning of 1970.
fn day_number(year: i64, month: i64, day: i64) -> i64 {
    let months: i64 = (1..month).map(|month| last_day(year, month)).sum();
    new_year(year) + months + day - 1
}

/// The day number of 1 January. The leap days are those of the years before.
fn new_year(year: i64) -> i64 {
    const TO_1970: i64 = 719_528;
    let before = year - 1;
    let leaps = before.div_euclid(4) - before.div_euclid(100) + before.div_euclid(400) + 1;
    year * 365 + leaps - TO_1970
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (days, second) = (self.0.div_euclid(DAY), self.0.rem_euclid(DAY));
        // the year of this day, or a few years earlier
        let first = 1970 + days.div_euclid(365).min(days.div_euclid(366));
        let mut years = first..;
        let year = years
            .find(|year| days < new_year(year + 1))
            .unwrap_or(first);
        let (mut month, mut day) = (1, days - new_year(year));
        while day >= last_day(year, month) {
            day -= last_day(year, month);
            month += 1;
        }
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        let name = MONTHS[month as usize - 1];
        let day = day + 1;
        write!(
            f,
            "{name} {day:2} {hour:02}:{minute:02}:{second:02} {year} GMT"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_of_every_day_decodes_to_that_day() {
        // The calendar repeats itself after 400 years. Of the other years, one day in 97 is tried.
        let a_cycle = new_year(1900)..new_year(2300);
        let others = (new_year(0)..new_year(10_000)).step_by(97);
        for days in a_cycle.chain(others) {
            let time = Time(days * DAY + days.rem_euclid(DAY));
            let text = time.to_string();
            let (month, rest) = text.split_at(3);
            let month = MONTHS.iter().position(|name| *name == month).unwrap() + 1;
            let parts: Vec<i64> = rest
                .split([' ', ':'])
                .filter_map(|part| part.parse().ok())
                .collect();
            let [day, hour, minute, second, year] = parts[..] else {
                panic!("{text}")
            };
            let text = format!("{year:04}{month:02}{day:02}{hour:02}{minute:02}{second:02}Z");
            assert_eq!(generalized(text.as_bytes()), Some(time), "{text}");
        }
    }

    #[test]
    fn a_year_of_two_digits_is_1950_to_2049() {
        let year = |text: &str| utc(text.as_bytes()).unwrap().to_string();
        assert_eq!(year("500101000000Z"), "Jan  1 00:00:00 1950 GMT");
        assert_eq!(year("491231235959Z"), "Dec 31 23:59:59 2049 GMT");
        assert_eq!(utc(b"700101000000Z"), Some(Time(0)));
        assert_eq!(utc(b"691231235959Z"), Some(Time(-1)));
        assert_eq!(generalized(b"20010909014640Z"), Some(Time(1_000_000_000)));
    }

    #[test]
    fn other_forms_and_times_that_do_not_exist_are_refused() {
        let refused = "2001010000Z 200101000000 200101000000+0100 200101000000ZZ 201301000000Z \
            200001000000Z 200100000000Z 200132000000Z 210229000000Z 200101240000Z 200101006000Z \
            200101000060Z 2001010000-1Z 20200101000000Z";
        for text in refused.split_whitespace() {
            assert_eq!(utc(text.as_bytes()), None, "{text}");
        }
        for text in ["200101000000Z", "20200101000000.0Z", "21000229000000Z"] {
            assert_eq!(generalized(text.as_bytes()), None, "{text}");
        }
    }
}
