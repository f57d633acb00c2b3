//! Timestamps: one form to write, three to read (RFC 9110 §5.6.7).
//!
//! ```text
//!   Sun, 06 Nov 1994 08:49:37 GMT       29 bytes     IMF-fixdate, the only one that is sent
//!   Sunday, 06-Nov-94 08:49:37 GMT      30 to 33     rfc850-date, two digits for the year
//!   Sun Nov  6 08:49:37 1994            24 bytes     asctime-date, a space before a one-digit day
//! ```
//!
//! Every part except the long day-name has a fixed width, so the length shows which form it is. Each form
//! is read along a template such as `___, DD ___ YYYY hh:mm:ss GMT`: case matters, extra spaces and `+1`
//! are refused, and so is a day that the calendar does not have.
//!
//! A [`HttpDate`] counts seconds since 1970 began. Years count from 1 March: then the leap day is the last
//! day of its year, and the months before it never move.
//!
//! This file reads no clock. The Date field of a server's responses is cached for each connection, and
//! formatted anew when a response begins in another second: `DateCache` in `http/server/exchange/draft.rs`.

use crate::wire::rules;
use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

const WEEKDAYS: [&str; 7] = [
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
];
const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

const DAY: u64 = 86_400;

/// A second between 1970-01-01 00:00:00 and 9999-12-31 23:59:59, UTC (RFC 9110 §5.6.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HttpDate(u64);

impl HttpDate {
    /// The last second that four digits of year can name (RFC 9110 §5.6.7).
    pub const MAX: HttpDate = HttpDate(253_402_300_799);

    /// The date `seconds` after 1970 began; `None` after the year 9999 (RFC 9110 §5.6.7).
    pub fn from_unix_seconds(seconds: u64) -> Option<HttpDate> {
        // RFC 9110 §5.6.7: "year = 4DIGIT"
        (seconds <= Self::MAX.0).then_some(HttpDate(seconds))
    }

    /// The second that contains `time`; `None` before 1970 and after the year 9999.
    pub fn from_system_time(time: SystemTime) -> Option<HttpDate> {
        Self::from_unix_seconds(time.duration_since(UNIX_EPOCH).ok()?.as_secs())
    }

    /// Seconds since 1970 began.
    pub fn unix_seconds(self) -> u64 {
        self.0
    }

    /// Decodes a whole field value (RFC 9110 §5.6.7). `now` decides the century of the two-digit years in
    /// the rfc850 form.
    ///
    /// A leap second, `23:59:60`, is the second after `23:59:59`, as it is to Unix.
    ///
    /// # Errors
    /// [`DateError`]; most fields with a bad date must be ignored.
    // RFC 9110 §5.6.7: "A recipient that parses a timestamp value in an HTTP field MUST accept
    // all three HTTP-date formats."
    pub fn decode(value: &[u8], now: HttpDate) -> Result<HttpDate, DateError> {
        let stamp = match value.len() {
            29 => imf_fixdate(value),
            24 => asctime(value),
            _ => rfc850(value, now),
        };
        stamp.ok_or(DateError::Form)?.check()
    }

    /// Appends the date as IMF-fixdate (RFC 9110 §5.6.7).
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.to_bytes());
    }

    /// The date as IMF-fixdate (RFC 9110 §5.6.7).
    pub fn to_bytes(self) -> [u8; 29] {
        let (days, second) = (EPOCH + self.0 / DAY, self.0 % DAY);
        let (year, month, day) = civil(days);
        // RFC 9110 §5.6.7: "When a sender generates a field that contains one or more timestamps
        // defined as HTTP-date, the sender MUST generate those timestamps in the IMF-fixdate
        // format."
        let mut out = *b"ddd, DD mmm YYYY hh:mm:ss GMT";
        out[..3].copy_from_slice(&weekday(days).as_bytes()[..3]);
        two_digits(&mut out, 5, day);
        out[8..11].copy_from_slice(MONTHS[month as usize - 1].as_bytes());
        two_digits(&mut out, 12, year / 100);
        two_digits(&mut out, 14, year % 100);
        two_digits(&mut out, 17, second / 3600);
        two_digits(&mut out, 20, second / 60 % 60);
        two_digits(&mut out, 23, second % 60);
        out
    }
}

impl fmt::Display for HttpDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Every byte is ASCII: the default is never used.
        f.pad(std::str::from_utf8(&self.to_bytes()).unwrap_or_default())
    }
}

rules! {
    /// Why a value is no [`HttpDate`].
    pub enum DateError;

    Form "RFC 9110 §5.6.7" "a date has one of the three forms, as Sun, 06 Nov 1994 08:49:37 GMT";
    Moment "RFC 9110 §5.6.7" "a date exists in the calendar, under that day's name, and its time is at most 23:59:60";
    BeforeEpoch "RFC 9110 §5.6.7" "a date before 1970 is valid, but earlier than every date that is stored here";
}

impl std::error::Error for DateError {}

/// A date as it was written: every part is read, none is checked.
#[derive(Default)]
struct Stamp {
    weekday: &'static str,
    year: u64,
    month: u64,
    day: u64,
    hour: u64,
    minute: u64,
    second: u64,
}

fn imf_fixdate(value: &[u8]) -> Option<Stamp> {
    let weekday = short_weekday(value.get(..3)?)?;
    let month = month(value.get(8..11)?)?;
    read(value, b"___, DD ___ YYYY hh:mm:ss GMT", weekday, month)
}

fn asctime(value: &[u8]) -> Option<Stamp> {
    let weekday = short_weekday(value.get(..3)?)?;
    let month = month(value.get(4..7)?)?;
    read(value, b"___ ___ DD hh:mm:ss YYYY", weekday, month)
        .or_else(|| read(value, b"___ ___  D hh:mm:ss YYYY", weekday, month))
}

fn rfc850(value: &[u8], now: HttpDate) -> Option<Stamp> {
    let (name, rest) = value.split_at(value.iter().position(|&c| c == b',')?);
    let weekday = *WEEKDAYS.iter().find(|full| full.as_bytes() == name)?;
    let month = month(rest.get(5..8)?)?;
    let mut stamp = read(rest, b", DD-___-YY hh:mm:ss GMT", weekday, month)?;
    stamp.year = stamp.full_year(now);
    Some(stamp)
}

/// Reads the digits at the letters of `form`. The names (`_`) have been looked up; every other byte must
/// be equal.
fn read(value: &[u8], form: &[u8], weekday: &'static str, month: u64) -> Option<Stamp> {
    let mut stamp = Stamp::default();
    (stamp.weekday, stamp.month) = (weekday, month);
    for (byte, want) in value.iter().zip(form) {
        let part = match want {
            b'Y' => &mut stamp.year,
            b'D' => &mut stamp.day,
            b'h' => &mut stamp.hour,
            b'm' => &mut stamp.minute,
            b's' => &mut stamp.second,
            // RFC 9110 §5.6.7: "HTTP-date is case sensitive."
            _ if *want == b'_' || byte == want => continue,
            _ => return None,
        };
        *part = *part * 10 + u64::from(char::from(*byte).to_digit(10)?);
    }
    (value.len() == form.len()).then_some(stamp)
}

fn short_weekday(name: &[u8]) -> Option<&'static str> {
    let found = WEEKDAYS.iter().find(|full| &full.as_bytes()[..3] == name);
    found.copied()
}

/// 1 to 12.
fn month(name: &[u8]) -> Option<u64> {
    let at = MONTHS.iter().position(|month| month.as_bytes() == name)?;
    Some(at as u64 + 1)
}

impl Stamp {
    fn check(&self) -> Result<HttpDate, DateError> {
        let days = days(self.year, self.month, self.day);
        // A day that its month does not have comes back as a day of another month.
        let real_day = self.day > 0 && civil(days) == (self.year, self.month, self.day);
        // RFC 9110 §5.6.7: "00:00:00 - 23:59:60 (leap second)"
        let real_time = match (self.hour, self.minute, self.second) {
            (23, 59, 60) => true,
            (hour, minute, second) => hour < 24 && minute < 60 && second < 60,
        };
        // RFC 9110 §5.6.7: "The semantics of day-name, day, month, year, and time-of-day are the
        // same as those defined for the Internet Message Format constructs with the corresponding
        // name"
        let real_name = self.weekday == weekday(days);
        if !(real_day && real_time && real_name) {
            return Err(DateError::Moment);
        }
        let days = days.checked_sub(EPOCH).ok_or(DateError::BeforeEpoch)?;
        Ok(HttpDate(days * DAY + self.second_of_day()).min(HttpDate::MAX))
    }

    fn second_of_day(&self) -> u64 {
        self.hour * 3600 + self.minute * 60 + self.second
    }

    /// The latest year with these last two digits that is not too far ahead of `now`.
    fn full_year(&self, now: HttpDate) -> u64 {
        let (year, month, day) = civil(EPOCH + now.0 / DAY);
        let horizon = (year + 50, month, day, now.0 % DAY).min((9999, 12, 31, DAY));
        let year = horizon.0 - horizon.0 % 100 + self.year;
        // RFC 9110 §5.6.7: "Recipients of a timestamp value in rfc850-date format, which uses a
        // two-digit year, MUST interpret a timestamp that appears to be more than 50 years in the
        // future as representing the most recent year in the past that had the same last two
        // digits."
        let too_far = (year, self.month, self.day, self.second_of_day()) > horizon;
        if too_far { year - 100 } else { year }
    }
}

/// 1970-01-01, in days since 1 March of the year -400. Counting starts there so that
/// no year of four digits is before it, and so that 400-year cycles start there too.
const EPOCH: u64 = 865_565;

/// The day's number, counted from 1 March of the year -400.
fn days(year: u64, month: u64, day: u64) -> u64 {
    let years = year + 400 - u64::from(month <= 2);
    let leap_days = years / 4 - years / 100 + years / 400;
    years * 365 + leap_days + days_before_month((month + 9) % 12) + day - 1
}

/// The year, month and day with this number.
fn civil(days: u64) -> (u64, u64, u64) {
    const CYCLE: u64 = 146_097;
    let in_cycle = days % CYCLE;
    // Without their leap days, 400 years are 400 times 365 days.
    let years = (in_cycle - in_cycle / 1460 + in_cycle / 36_524 - in_cycle / (CYCLE - 1)) / 365;
    let in_year = in_cycle - (years * 365 + years / 4 - years / 100);
    let month = (5 * in_year + 2) / 153;
    let day = in_year - days_before_month(month) + 1;
    let year = days / CYCLE * 400 + years + u64::from(month >= 10) - 400;
    (year, (month + 2) % 12 + 1, day)
}

/// March is month 0: 31, 30, 31, 30, 31 days, that again, and what is left.
fn days_before_month(month: u64) -> u64 {
    (153 * month + 2) / 5
}

/// 1 March of the year -400 was a Wednesday.
fn weekday(days: u64) -> &'static str {
    WEEKDAYS[(days as usize + 2) % 7]
}

fn two_digits(out: &mut [u8; 29], at: usize, n: u64) {
    out[at] = b'0' + (n / 10) as u8;
    out[at + 1] = b'0' + (n % 10) as u8;
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: HttpDate = HttpDate(1_790_000_000); // Mon, 21 Sep 2026 14:13:20 GMT

    #[test]
    fn every_day_of_400_years() {
        every_day_until(1970 + 400); // then the calendar repeats
    }

    #[test]
    #[ignore = "takes 2 s unoptimized; .ci/run runs it"]
    fn every_day_until_the_year_10000() {
        every_day_until(10_000);
    }

    fn every_day_until(end: u64) {
        let (mut year, mut month, mut day) = (1970, 1, 1);
        for at in 0..=HttpDate::MAX.0 / DAY {
            if year == end {
                break;
            }
            assert_eq!(civil(EPOCH + at), (year, month, day));
            let date = HttpDate(at * DAY + at % DAY);
            assert_eq!(HttpDate::decode(&date.to_bytes(), NOW), Ok(date));
            let last = match month {
                2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
                2 => 28,
                4 | 6 | 9 | 11 => 30,
                _ => 31,
            };
            (year, month, day) = match (month, day == last) {
                (12, true) => (year + 1, 1, 1),
                (_, true) => (year, month + 1, 1),
                _ => (year, month, day + 1),
            };
        }
        assert_eq!((year, month, day), (end, 1, 1));
    }

    /// The same moment in several spellings; the first is how we spell it.
    const KNOWN: &str = "\
0|Thu, 01 Jan 1970 00:00:00 GMT
784111777|Sun, 06 Nov 1994 08:49:37 GMT|Sunday, 06-Nov-94 08:49:37 GMT|Sun Nov  6 08:49:37 1994
784975777|Wed, 16 Nov 1994 08:49:37 GMT|Wednesday, 16-Nov-94 08:49:37 GMT|Wed Nov 16 08:49:37 1994
915148800|Fri, 01 Jan 1999 00:00:00 GMT|Thu, 31 Dec 1998 23:59:60 GMT
951827696|Tue, 29 Feb 2000 12:34:56 GMT
3367923200|Mon, 21 Sep 2076 14:13:20 GMT|Monday, 21-Sep-76 14:13:20 GMT
212163201|Tue, 21 Sep 1976 14:13:21 GMT|Tuesday, 21-Sep-76 14:13:21 GMT
4107542400|Mon, 01 Mar 2100 00:00:00 GMT
253402300799|Fri, 31 Dec 9999 23:59:59 GMT|Fri, 31 Dec 9999 23:59:60 GMT";

    #[test]
    fn known_dates() {
        for line in KNOWN.lines() {
            let (seconds, texts) = line.split_once('|').unwrap();
            let date = HttpDate::from_unix_seconds(seconds.parse().unwrap()).unwrap();
            assert!(texts.starts_with(&date.to_string()), "{line}");
            for text in texts.split('|') {
                assert_eq!(HttpDate::decode(text.as_bytes(), NOW), Ok(date), "{text}");
            }
        }
        assert_eq!(HttpDate::from_unix_seconds(HttpDate::MAX.0 + 1), None);
    }

    const REFUSED: &str = "\
BeforeEpoch|Wed, 31 Dec 1969 23:59:59 GMT|Sat, 01 Jan 0000 00:00:00 GMT
Moment|Thu, 31 Dec 1998 22:59:60 GMT|Thu, 31 Dec 1998 24:00:00 GMT
Moment|Mon, 06 Nov 1994 08:49:37 GMT|Monday, 06-Nov-94 08:49:37 GMT
Moment|Mon, 29 Feb 2100 00:00:00 GMT|Sun, 00 Nov 1994 08:49:37 GMT|Fri, 00 Jan 0000 00:00:00 GMT
Form|sun, 06 Nov 1994 08:49:37 GMT|Sun, 06 nov 1994 08:49:37 GMT|Sun, 06 Nov 1994 08:49:37 UTC
Form|Sun, +6 Nov 1994 08:49:37 GMT|Sun,  6 Nov 1994 08:49:37 GMT|Sun, 6 Nov 1994 08:49:37 GMT
Form|Sun, 06 Nov 1994 08:49:37 GMT |Sun, 06-Nov-94 08:49:37 GMT|Sun Nov 6  08:49:37 1994|7|,|";

    #[test]
    fn refused_dates() {
        for line in REFUSED.lines() {
            let (error, texts) = line.split_once('|').unwrap();
            for text in texts.split('|') {
                let refused = HttpDate::decode(text.as_bytes(), NOW).unwrap_err();
                assert_eq!(format!("{refused:?}"), error, "{text}");
            }
        }
    }
}
