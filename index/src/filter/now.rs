//! Moments that are told from now.

use std::ops::{Add, Sub};
use std::time::Duration;

use time::{Date, Month, OffsetDateTime, Time};

use super::value::{Form, Literal};

/// Nanoseconds of a second.
const SECOND: i128 = 1_000_000_000;
/// Farthest that a moment may be from now: the calendar has no more years.
const MOST_NANOS: i128 = 10_000 * 366 * 86_400 * SECOND;
const MOST_MONTHS: i64 = 120_000;

/// The moment at which a search begins, with what was added to it: `now() - 7d`.
///
/// It is the whole second, the same for everything in one search: searches within a second can share what
/// they found.
///
/// ```
/// use std::time::Duration;
/// use lumos_index::{Filter, field, now};
///
/// let week = Duration::from_secs(7 * 86_400);
/// let built = field("created").gte(now() - week);
/// assert_eq!(built, Filter::parse("created >= now() - 7d")?);
/// let month = field("created").gte(now().months(-1));
/// assert_eq!(month, Filter::parse("created >= now() - 1mo")?);
/// # Ok::<(), lumos_index::FilterError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Now {
    months: i64,
    nanos: i128,
}

/// The moment at which a search begins; see [`Now`].
#[must_use]
pub fn now() -> Now {
    Now::default()
}

impl Now {
    /// So many calendar months later, or earlier when negative; of a month that is too short, its last day.
    #[must_use]
    pub fn months(self, months: i32) -> Now {
        self.shifted(Shift::Months(i64::from(months)))
    }

    pub(crate) fn shifted(self, shift: Shift) -> Now {
        match shift {
            Shift::Months(months) => Now {
                months: self.months.saturating_add(months),
                ..self
            },
            Shift::Nanos(nanos) => Now {
                nanos: self.nanos.saturating_add(nanos),
                ..self
            },
        }
    }

    /// Whether it is farther from now than the calendar goes.
    pub(crate) fn is_too_far(self) -> bool {
        self.months.abs() > MOST_MONTHS || self.nanos.saturating_abs() > MOST_NANOS
    }

    /// The moment as a date, when now is so many nanoseconds since 1970.
    pub(crate) fn at(self, now: i128) -> Literal {
        let whole = now.div_euclid(SECOND) * SECOND;
        let moment = moved(whole, self.months).saturating_add(self.nanos);
        let (first, last) = (
            bound(0, Month::January, 1),
            bound(9999, Month::December, 31),
        );
        let within = moment.clamp(first, last);
        let text = OffsetDateTime::from_unix_timestamp_nanos(within)
            .ok()
            .and_then(|moment| {
                moment
                    .format(&time::format_description::well_known::Rfc3339)
                    .ok()
            });
        Literal(Form::Text(text.unwrap_or_default()))
    }

    /// What was added, in the largest units without a remainder.
    pub(crate) fn terms(self) -> Vec<String> {
        let mut terms = Vec::new();
        let mut term = |negative: bool, amount: String, unit: &str| {
            terms.push(format!(
                "{} {amount}{unit}",
                if negative { '-' } else { '+' }
            ));
        };
        if self.months != 0 {
            let (amount, unit) = match self.months % 12 {
                0 => (self.months / 12, "y"),
                _ => (self.months, "mo"),
            };
            term(amount < 0, amount.unsigned_abs().to_string(), unit);
        }
        if self.nanos != 0 {
            let size = self.nanos.unsigned_abs();
            let fits = |(_, nanos): &&(&str, i128)| size.is_multiple_of(nanos.unsigned_abs());
            match UNITS.iter().rev().find(fits) {
                Some((unit, nanos)) => {
                    term(
                        self.nanos < 0,
                        (size / nanos.unsigned_abs()).to_string(),
                        unit,
                    );
                }
                None => {
                    let (whole, rest) = (size / 1_000_000_000, size % 1_000_000_000);
                    term(self.nanos < 0, format!("{whole}.{rest:09}"), "s");
                }
            }
        }
        terms
    }
}

/// The units of time that have one length, ascending, in nanoseconds.
const UNITS: [(&str, i128); 5] = [
    ("s", SECOND),
    ("m", 60 * SECOND),
    ("h", 3_600 * SECOND),
    ("d", 86_400 * SECOND),
    ("w", 604_800 * SECOND),
];

/// What is added to a moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Shift {
    Months(i64),
    Nanos(i128),
}

impl Shift {
    /// Reads digits, perhaps with a fraction, and a unit.
    pub(crate) fn read(number: &str, unit: &str, negative: bool) -> Option<Shift> {
        let sign = if negative { -1 } else { 1 };
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        let count: i64 = whole.parse().ok()?;
        let months = match unit {
            "mo" => Some(1),
            "y" => Some(12),
            _ => None,
        };
        if let Some(months) = months {
            let whole = fraction.is_empty() && !number.contains('.');
            return whole.then_some(Shift::Months(count.checked_mul(months)?.checked_mul(sign)?));
        }
        let (_, nanos) = UNITS.iter().find(|(name, _)| *name == unit)?;
        let mut total = i128::from(count).checked_mul(*nanos)?;
        let mut part = *nanos;
        for digit in fraction.chars().take(9) {
            // Every unit is a whole number of nanoseconds nine digits down.
            part /= 10;
            total += part * i128::from(digit.to_digit(10)?);
        }
        Some(Shift::Nanos(total * i128::from(sign)))
    }
}

fn bound(year: i32, month: Month, day: u8) -> i128 {
    let date = Date::from_calendar_date(year, month, day).ok();
    let time = if year == 0 { Time::MIDNIGHT } else { Time::MAX };
    date.map_or(0, |date| {
        date.with_time(time).assume_utc().unix_timestamp_nanos()
    })
}

/// The same time of the day, months later.
fn moved(moment: i128, months: i64) -> i128 {
    if months == 0 {
        return moment;
    }
    let moved = || {
        let at = OffsetDateTime::from_unix_timestamp_nanos(moment).ok()?;
        let month = i64::from(at.year()) * 12 + i64::from(u8::from(at.month())) - 1 + months;
        let year = i32::try_from(month.div_euclid(12)).ok()?;
        let month = Month::try_from(u8::try_from(month.rem_euclid(12) + 1).ok()?).ok()?;
        let day = at.day().min(month.length(year));
        let date = Date::from_calendar_date(year, month, day).ok()?;
        Some(
            date.with_time(at.time())
                .assume_utc()
                .unix_timestamp_nanos(),
        )
    };
    let far = if months < 0 { -MOST_NANOS } else { MOST_NANOS };
    moved().unwrap_or(moment + far)
}

impl Sub<Duration> for Now {
    type Output = Now;

    fn sub(self, duration: Duration) -> Now {
        self.shifted(Shift::Nanos(-nanos(duration)))
    }
}

impl Add<Duration> for Now {
    type Output = Now;

    fn add(self, duration: Duration) -> Now {
        self.shifted(Shift::Nanos(nanos(duration)))
    }
}

fn nanos(duration: Duration) -> i128 {
    i128::try_from(duration.as_nanos()).unwrap_or(i128::MAX)
}

impl From<Now> for Literal {
    fn from(now: Now) -> Self {
        Literal(Form::Now(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_told_from_a_clock() {
        // 2026-03-31T12:00:00.5Z
        let clock = 1_774_958_400_500_000_000;
        let at = |now: Now| now.at(clock).to_string();
        assert_eq!(at(now()), "'2026-03-31T12:00:00Z'");
        assert_eq!(at(now().months(-1)), "'2026-02-28T12:00:00Z'");
        assert_eq!(at(now().months(12)), "'2027-03-31T12:00:00Z'");
        assert_eq!(
            at(now() - Duration::from_secs(86_400)),
            "'2026-03-30T12:00:00Z'"
        );
        assert_eq!(
            at(now() + Duration::from_millis(1500)),
            "'2026-03-31T12:00:01.5Z'"
        );
        assert_eq!(
            at(now().months(i32::MAX)),
            "'9999-12-31T23:59:59.999999999Z'"
        );
        assert_eq!(at(now().months(-100_000)), "'0000-01-01T00:00:00Z'");
    }
}
