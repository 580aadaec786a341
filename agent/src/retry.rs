//! When to send a request again, and how long to wait before.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;

/// How often a failed request is sent again: on status 408, 429 and 5xx, and when no connection
/// could be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct RetryPolicy {
    /// Requests after the first (default 3).
    pub retries: u32,
    /// Wait before the first retry, doubled before each further one (default 500 ms).
    pub base: Duration,
    /// The longest wait; a provider that asks for more gets no retry (default 30 s).
    pub longest: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        RetryPolicy {
            retries: 3,
            base: Duration::from_millis(500),
            longest: Duration::from_secs(30),
        }
    }
}

impl RetryPolicy {
    /// Every request is sent once.
    #[must_use]
    pub fn never() -> Self {
        RetryPolicy {
            retries: 0,
            ..RetryPolicy::default()
        }
    }

    /// Requests after the first (default 3).
    #[must_use]
    pub fn retries(mut self, retries: u32) -> Self {
        self.retries = retries;
        self
    }

    /// Wait before the first retry, doubled before each further one (default 500 ms).
    #[must_use]
    pub fn base(mut self, base: Duration) -> Self {
        self.base = base;
        self
    }

    /// The longest wait (default 30 s).
    #[must_use]
    pub fn longest(mut self, longest: Duration) -> Self {
        self.longest = longest;
        self
    }

    /// Whether this status is worth another try.
    pub(crate) fn retryable(status: u16) -> bool {
        matches!(status, 408 | 425 | 429 | 500 | 502..=504 | 529)
    }

    /// The wait before retry `attempt` (0 the first); `None` to give up.
    ///
    /// `spread` in `[0, 1)` shortens the wait by up to a quarter, so that clients that failed
    /// together do not come back together.
    pub(crate) fn wait(
        &self,
        attempt: u32,
        retry_after: Option<Duration>,
        spread: f64,
    ) -> Option<Duration> {
        if attempt >= self.retries {
            return None;
        }
        if let Some(asked) = retry_after {
            return (asked <= self.longest).then_some(asked);
        }
        let doubled = self
            .base
            .saturating_mul(2_u32.saturating_pow(attempt))
            .min(self.longest);
        Some(doubled.mul_f64(1.0 - spread.clamp(0.0, 1.0) / 4.0))
    }
}

/// What a `Retry-After` header asks for: seconds, or the time until a date.
pub(crate) fn retry_after(header: &str, now: SystemTime) -> Option<Duration> {
    let header = header.trim();
    if let Ok(seconds) = header.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let at = OffsetDateTime::parse(header, &Rfc2822)
        .ok()?
        .unix_timestamp();
    let now = now.duration_since(UNIX_EPOCH).ok()?.as_secs();
    Some(Duration::from_secs(
        u64::try_from(at).ok()?.saturating_sub(now),
    ))
}

/// A number in `[0, 1)` that differs from call to call.
pub(crate) fn spread() -> f64 {
    let nanos = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |now| now.subsec_nanos());
    f64::from(nanos % 1_000) / 1_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest() {
        let policy = RetryPolicy::default()
            .retries(9)
            .base(Duration::from_secs(1))
            .longest(Duration::from_secs(5));
        let waits: Vec<_> = (0..5)
            .filter_map(|n| policy.wait(n, None, 0.0))
            .map(|w| w.as_secs())
            .collect();
        assert_eq!(waits, [1, 2, 4, 5, 5]);
        assert_eq!(policy.wait(u32::MAX - 1, None, 0.0), None);
        assert!(
            policy
                .wait(8, None, 0.9)
                .is_some_and(|wait| wait >= Duration::from_millis(3_750))
        );
    }

    /// A provider that asks for an hour must not hold the caller for an hour.
    #[test]
    fn a_long_wait_asked_for_is_given_up_and_a_short_one_honoured() {
        let policy = RetryPolicy::default();
        assert_eq!(
            policy.wait(0, Some(Duration::from_secs(7)), 0.5),
            Some(Duration::from_secs(7))
        );
        assert_eq!(policy.wait(0, Some(Duration::from_secs(3_600)), 0.5), None);
        assert_eq!(
            RetryPolicy::never().wait(0, Some(Duration::ZERO), 0.0),
            None
        );
    }

    #[test]
    fn retry_after_is_read_as_seconds_and_as_a_date() {
        let now = UNIX_EPOCH + Duration::from_secs(784_111_777 - 30);
        assert_eq!(retry_after(" 12 ", now), Some(Duration::from_secs(12)));
        assert_eq!(
            retry_after("Sun, 06 Nov 1994 08:49:37 GMT", now),
            Some(Duration::from_secs(30))
        );
        let later = UNIX_EPOCH + Duration::from_secs(784_111_999);
        assert_eq!(
            retry_after("Sun, 06 Nov 1994 08:49:37 GMT", later),
            Some(Duration::ZERO)
        );
        assert_eq!(retry_after("soon", now), None);
        assert_eq!(retry_after("-1", now), None);
    }
}
