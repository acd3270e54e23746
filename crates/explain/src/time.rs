//! Points in time as programs write them: dates and times in text, and numbers since 1970 in
//! several units.

use std::ops::Range;

pub use repro_formats::calendar::{civil, days};

use super::known::Window;

/// A date or time found in text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// Where.
    pub range: Range<usize>,
    /// Seconds since 1970, as UTC; none where only a time of day is written.
    pub seconds: Option<i64>,
}

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// The time as `2026-11-24 22:03:11 UTC`.
pub fn show(seconds: i64) -> String {
    let (year, month, day) = civil(seconds);
    let rest = seconds.rem_euclid(86_400);
    let (hour, minute, second) = (rest / 3600, rest / 60 % 60, rest % 60);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02} UTC")
}

/// The time as RFC 3339 has it: `2026-11-24T22:03:11Z`.
pub fn rfc3339(seconds: i64) -> String {
    show(seconds).replace(" UTC", "Z").replace(' ', "T")
}

#[derive(Clone)]
struct Cursor<'a> {
    text: &'a [u8],
    at: usize,
}

impl Cursor<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    /// What a form reads; where it does not fit, the cursor stays.
    fn attempt<T>(&mut self, form: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        let mut ahead = self.clone();
        let found = form(&mut ahead)?;
        *self = ahead;
        Some(found)
    }

    /// A day of one or two digits.
    fn day(&mut self) -> Option<i64> {
        self.attempt(|c| c.digits(2)).or_else(|| self.digits(1))
    }

    /// A number of exactly so many digits.
    fn digits(&mut self, n: usize) -> Option<i64> {
        let digits = self.text.get(self.at..self.at + n)?;
        let mut value = 0;
        for byte in digits {
            value = value * 10 + i64::from(byte.is_ascii_digit().then(|| byte - b'0')?);
        }
        self.at += n;
        Some(value)
    }

    fn one_of(&mut self, set: &[u8]) -> Option<u8> {
        let byte = self.peek().filter(|b| set.contains(b))?;
        self.at += 1;
        Some(byte)
    }

    fn word(&mut self, word: &str) -> Option<()> {
        let rest = self.text.get(self.at..)?;
        rest.starts_with(word.as_bytes()).then(|| {
            self.at += word.len();
        })
    }

    fn month(&mut self) -> Option<i64> {
        let found = MONTHS.iter().position(|m| self.word(m).is_some())?;
        Some(found as i64 + 1)
    }

    /// `22:03`, with seconds and fractions where they follow; seconds of the day.
    fn clock(&mut self) -> Option<i64> {
        let hour = self.digits(2)?;
        self.one_of(b":")?;
        let minute = self.digits(2)?;
        let seconds = self.attempt(|c| {
            c.one_of(b":")?;
            let seconds = c.digits(2)?;
            if c.one_of(b".,").is_some() {
                while c.digits(1).is_some() {}
            }
            Some(seconds)
        });
        time(hour, minute, seconds.unwrap_or(0))
    }

    /// The same without separators, always with seconds.
    fn compact_clock(&mut self) -> Option<i64> {
        time(self.digits(2)?, self.digits(2)?, self.digits(2)?)
    }

    /// A zone where one follows: its distance from UTC in seconds.
    fn zone(&mut self) -> i64 {
        let zone = self.attempt(|c| {
            let _ = c.one_of(b" ");
            if ["Z", "UTC", "GMT"].iter().any(|name| c.word(name).is_some()) {
                return Some(0);
            }
            let sign = if c.one_of(b"+-")? == b'-' { -1 } else { 1 };
            let hours = c.digits(2)?;
            let _ = c.one_of(b":");
            Some(sign * (hours * 3600 + c.digits(2).unwrap_or(0) * 60))
        });
        zone.unwrap_or(0)
    }

    /// A time of day and its zone, after one of these bytes or none: seconds to add to the day's.
    fn time_behind(
        &mut self,
        separators: &[u8],
        clock: impl FnOnce(&mut Self) -> Option<i64>,
    ) -> Option<i64> {
        self.attempt(|c| {
            let _ = c.one_of(separators);
            Some(clock(c)? - c.zone())
        })
    }
}

fn time(hour: i64, minute: i64, second: i64) -> Option<i64> {
    (hour < 24 && minute < 60 && second < 61).then_some(hour * 3600 + minute * 60 + second)
}

fn date(year: i64, month: i64, day: i64) -> Option<i64> {
    let fits = (1970..2200).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day);
    fits.then(|| days(year, month, day) * 86_400)
}

/// `2026-11-24`, `2026/11/24`, `20261124`, with or without a time after it.
fn iso(c: &mut Cursor) -> Option<Option<i64>> {
    let year = c.digits(4)?;
    let separator = c.one_of(b"-/");
    let month = c.digits(2)?;
    if separator.is_some() {
        c.one_of(b"-/")?;
    }
    let day = c.digits(2)?;
    let date = date(year, month, day)?;
    let clock = if separator.is_some() { Cursor::clock } else { Cursor::compact_clock };
    match c.time_behind(b"T _-", clock) {
        Some(time) => Some(Some(date + time)),
        // Eight digits that go on are some number.
        None if separator.is_none() && c.peek().is_some_and(|b| b.is_ascii_digit()) => None,
        None => Some(Some(date)),
    }
}

/// `24 Nov 2026 22:03:11 +0000`.
fn rfc2822(c: &mut Cursor) -> Option<Option<i64>> {
    let day = c.day()?;
    c.one_of(b" -")?;
    let month = c.month()?;
    c.one_of(b" -")?;
    let date = date(c.digits(4)?, month, day)?;
    Some(Some(date + c.time_behind(b" ", Cursor::clock).unwrap_or(0)))
}

/// `Nov 24 2026` as `__DATE__` has it, `Nov 24 22:03:11 2026` as `asctime`.
fn asctime(c: &mut Cursor) -> Option<Option<i64>> {
    let month = c.month()?;
    c.one_of(b" ")?;
    let _ = c.one_of(b" ");
    let day = c.day()?;
    c.one_of(b" ")?;
    let time = c.time_behind(b"", Cursor::clock);
    if c.one_of(b" ").is_none() && time.is_some() {
        return None;
    }
    Some(Some(date(c.digits(4)?, month, day)? + time.unwrap_or(0)))
}

/// `22:03:11`.
fn time_of_day(c: &mut Cursor) -> Option<Option<i64>> {
    let start = c.at;
    c.clock()?;
    (c.at - start >= 8).then_some(None)
}

/// `2026-331`: a year and a day of it.
fn ordinal(c: &mut Cursor) -> Option<Option<i64>> {
    let year = c.digits(4)?;
    c.one_of(b"-")?;
    let day = c.digits(3).filter(|day| (1..=366).contains(day))?;
    let ends = !c.peek().is_some_and(|b| b.is_ascii_alphanumeric() || b == b'-');
    (ends && (1970..2200).contains(&year)).then(|| Some((days(year, 1, 1) + day - 1) * 86_400))
}

type Form = fn(&mut Cursor) -> Option<Option<i64>>;
const FORMS: [Form; 5] = [iso, ordinal, rfc2822, asctime, time_of_day];

/// Dates and times in a text, in order, none within another.
pub fn stamps(text: &[u8]) -> Vec<Stamp> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let digit_before = at > 0 && text[at - 1].is_ascii_digit();
        let begins = text[at].is_ascii_digit() && !digit_before || text[at].is_ascii_uppercase();
        let hit = begins.then(|| {
            FORMS.iter().find_map(|form| {
                let mut c = Cursor { text, at };
                let seconds = form(&mut c)?;
                Some((c.at, seconds))
            })
        });
        match hit.flatten() {
            Some((end, seconds)) => {
                found.push(Stamp { range: at..end, seconds });
                at = end;
            }
            None => at += 1,
        }
    }
    found
}

/// A unit in which time since 1970 is counted.
#[derive(Debug, PartialEq, Eq)]
pub struct Unit {
    /// Its name, as a plural.
    pub name: &'static str,
    /// How many make a second.
    per_second: u128,
    /// How many seconds it has.
    seconds: u128,
}

const UNITS: [Unit; 7] = [
    unit("seconds", 1, 1),
    unit("milliseconds", 1_000, 1),
    unit("microseconds", 1_000_000, 1),
    unit("nanoseconds", 1_000_000_000, 1),
    unit("minutes", 1, 60),
    unit("hours", 1, 3_600),
    unit("days", 1, 86_400),
];

const fn unit(name: &'static str, per_second: u128, seconds: u128) -> Unit {
    Unit { name, per_second, seconds }
}

impl Unit {
    /// Whether it is a second or less: a number of larger units is too small to be told from others.
    pub fn is_fine(&self) -> bool {
        self.seconds == 1
    }
}

/// The unit in which both numbers are times in their windows.
pub fn unit_of(a: u128, b: u128, clocks: (Window, Window)) -> Option<&'static Unit> {
    let fits = |value: u128, window: Window, unit: &Unit| {
        let from = window.from.max(0) as u128;
        let to = window.to.max(0) as u128;
        let (low, high) = match unit.is_fine() {
            true => (from * unit.per_second, (to + 1) * unit.per_second - 1),
            false => (from / unit.seconds, to / unit.seconds),
        };
        (low..=high).contains(&value)
    };
    UNITS.iter().find(|u| fits(a, clocks.0, u) && fits(b, clocks.1, u))
}

const WEEKDAYS: [&str; 7] =
    ["Thursday", "Friday", "Saturday", "Sunday", "Monday", "Tuesday", "Wednesday"];
const LONG_MONTHS: [&str; 12] = [
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
];

/// What the parts of a date are called.
const PARTS: [&str; 4] = ["the year", "the day of the year", "the weekday", "the month"];

/// The parts of a date, each in the two ways in which `strftime` writes it.
fn calendar(seconds: i64) -> [[String; 2]; 4] {
    let (year, month, _) = civil(seconds);
    let day = seconds.div_euclid(86_400);
    let of_year = day - days(year, 1, 1) + 1;
    let weekday = WEEKDAYS[day.rem_euclid(7) as usize];
    let month = month as usize - 1;
    [
        [year.to_string(), year.to_string()],
        [format!("{of_year:03}"), of_year.to_string()],
        [weekday.to_string(), weekday[..3].to_string()],
        [LONG_MONTHS[month].to_string(), MONTHS[month].to_string()],
    ]
}

/// Half a day: how far local time may be from UTC, either way.
const ZONES: i64 = 43_200;

/// The part of a date that both texts are in their windows, in one time zone or another.
pub fn part_of_date(a: &str, b: &str, clocks: (Window, Window)) -> Option<&'static str> {
    let parts = |text: &str, window: Window| {
        let window = window.wider(ZONES);
        let all = [window.from, window.from.midpoint(window.to), window.to].map(calendar);
        let part_of =
            |date: &[[String; 2]; 4]| date.iter().position(|p| p.iter().any(|t| t == text));
        all.iter().find_map(part_of)
    };
    let part = parts(a, clocks.0)?;
    (a != b && parts(b, clocks.1) == Some(part)).then_some(PARTS[part])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_times_are_read_as_programs_write_them() {
        let t = Some(1_795_557_791); // 2026-11-24 22:03:11
        let day = Some(1_795_478_400);
        let cases = [
            ("2026-11-24T22:03:11Z", t),
            ("2026-11-24 22:03:11.123456 UTC", t),
            ("2026-11-24T23:03:11+01:00", t),
            ("Tue, 24 Nov 2026 22:03:11 +0000", t),
            ("Tue Nov 24 22:03:11 2026", t),
            ("20261124220311", t),
            ("2026-11-24", day),
            ("Nov 24 2026", day),
            ("24 Nov 2026", day),
            ("22:03:11", None),
            ("2026-328", day),
        ];
        for (text, want) in cases {
            let found = stamps(format!("x {text} y").as_bytes());
            assert_eq!(found.len(), 1, "{text}: {found:?}");
            assert_eq!(found[0].seconds, want, "{text}");
        }
        assert_eq!(show(1_795_557_791), "2026-11-24 22:03:11 UTC");
        for none in [
            "1.2.3", "12:3", "99999999", "2026-367", "2026-3280", "2026-328-1", "2026-13-01",
            "Novel 1",
        ] {
            assert_eq!(stamps(none.as_bytes()), [], "{none}");
        }
    }

    #[test]
    fn numbers_are_times_only_in_the_window_and_in_one_unit() {
        let w = |from, to| Window { from, to };
        let clocks = (w(1_795_557_791, 1_795_557_800), w(1_830_136_811, 1_830_136_820));
        let of = |a, b| unit_of(a, b, clocks).map(|unit| unit.name);
        assert_eq!(of(1_795_557_795, 1_830_136_815), Some("seconds"));
        assert_eq!(of(1_795_557_795_123_456_789, 1_830_136_815_000_000_000), Some("nanoseconds"));
        assert_eq!(of(1_795_557_791 / 86_400, 1_830_136_811 / 86_400), Some("days"));
        assert_eq!(of(1_795_557_795, 1_795_557_795), None);
        assert_eq!(of(17, 18), None);
    }

    #[test]
    fn parts_of_dates_are_those_of_the_windows() {
        let w = |at| Window { from: at, to: at + 60 };
        // 2026-11-27 and 2028-01-01, each at noon.
        let clocks = (w(1_795_780_800), w(1_830_340_800));
        let cases = [
            ("2026", "2028", Some("the year")),
            ("331", "001", Some("the day of the year")),
            ("331", "1", Some("the day of the year")),
            ("Fri", "Sat", Some("the weekday")),
            ("November", "January", Some("the month")),
            ("Friday", "Sat", Some("the weekday")),
            ("333", "001", None),
            ("2026", "001", None),
            ("Mon", "Tue", None),
        ];
        for (a, b, want) in cases {
            assert_eq!(part_of_date(a, b, clocks), want, "{a} {b}");
        }
    }
}
