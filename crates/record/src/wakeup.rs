//! When the tracer's kernel side wakes the agent, as one text that files and command lines share.

use std::{fmt, ops::RangeInclusive, str::FromStr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Bytes that [`Wakeup::Bytes`] may wait for. One event is the least that can wait, and no ring holds more.
pub const BYTES: RangeInclusive<u64> = 1..=1 << 30;

/// Milliseconds of [`Wakeup::Timer`].
pub const TIMER_MS: RangeInclusive<u64> = 1..=60_000;

/// When the agent is woken to drain the ring buffer.
///
/// Written `adaptive`, `bytes(4096)` or `timer(10 ms)`; spaces between the parts do not matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(into = "String", try_from = "String")]
pub enum Wakeup {
    /// As the kernel does by default: with each event that finds the agent waiting for it.
    Adaptive,
    /// Once so many bytes wait; a timer takes what is left below that.
    Bytes(u64),
    /// Never. The agent looks by itself, every so many milliseconds.
    Timer {
        /// From one look to the next, in milliseconds.
        ms: u64,
    },
}

impl fmt::Display for Wakeup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Adaptive => f.pad("adaptive"),
            Self::Bytes(bytes) => f.pad(&format!("bytes({bytes})")),
            Self::Timer { ms } => f.pad(&format!("timer({ms} ms)")),
        }
    }
}

impl From<Wakeup> for String {
    fn from(wakeup: Wakeup) -> Self {
        wakeup.to_string()
    }
}

impl TryFrom<String> for Wakeup {
    type Error = Wrong;

    fn try_from(text: String) -> Result<Self, Wrong> {
        text.parse()
    }
}

/// What is wrong with a text that should say when the agent is woken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wrong {
    /// It is none of the three.
    NoPolicy,
    /// A time without its unit.
    NoUnit,
    /// What stands between the brackets is no whole number of this range.
    NoNumber(RangeInclusive<u64>),
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoPolicy => f.write_str("no wake-up policy: write adaptive, bytes(4096) or timer(10 ms)"),
            Self::NoUnit => f.write_str("a time without its unit: write milliseconds, as in timer(10 ms)"),
            Self::NoNumber(range) => write!(f, "no whole number from {} to {}", range.start(), range.end()),
        }
    }
}

impl std::error::Error for Wrong {}

impl FromStr for Wakeup {
    type Err = Wrong;

    fn from_str(text: &str) -> Result<Self, Wrong> {
        let text = text.trim();
        if text == "adaptive" {
            return Ok(Self::Adaptive);
        }
        if let Some(amount) = inside(text, "bytes") {
            return number(amount, BYTES).map(Self::Bytes);
        }
        let amount = inside(text, "timer").ok_or(Wrong::NoPolicy)?;
        let ms = amount.strip_suffix("ms").ok_or(Wrong::NoUnit)?;
        number(ms.trim_end(), TIMER_MS).map(|ms| Self::Timer { ms })
    }
}

/// What stands between the brackets of `name(...)`.
fn inside<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    let amount = text.strip_prefix(name)?.trim_start().strip_prefix('(')?.strip_suffix(')')?;
    Some(amount.trim())
}

fn number(text: &str, range: RangeInclusive<u64>) -> Result<u64, Wrong> {
    text.parse().ok().filter(|number| range.contains(number)).ok_or(Wrong::NoNumber(range))
}

#[cfg(test)]
mod tests {
    use super::{BYTES, TIMER_MS, Wakeup, Wrong};

    #[test]
    fn every_policy_is_read_as_it_is_written() {
        for wakeup in [Wakeup::Adaptive, Wakeup::Bytes(4096), Wakeup::Timer { ms: 10 }] {
            assert_eq!(wakeup.to_string().parse(), Ok(wakeup));
            let json = serde_json::to_string(&wakeup).unwrap();
            assert_eq!(json, format!("\"{wakeup}\""));
            assert_eq!(serde_json::from_str::<Wakeup>(&json).unwrap(), wakeup);
        }
    }

    #[test]
    fn spaces_do_not_matter() {
        assert_eq!("timer(10ms)".parse(), Ok(Wakeup::Timer { ms: 10 }));
        assert_eq!(" bytes ( 1 ) ".parse(), Ok(Wakeup::Bytes(1)));
    }

    #[test]
    fn what_is_no_policy_says_what_is_wrong() {
        let (bytes, timer) = (Wrong::NoNumber(BYTES), Wrong::NoNumber(TIMER_MS));
        for (text, wrong) in [
            ("", Wrong::NoPolicy),
            ("Adaptive", Wrong::NoPolicy),
            ("bytes", Wrong::NoPolicy),
            ("bytes(0)", bytes.clone()),
            ("bytes(4 KiB)", bytes.clone()),
            ("bytes(-1)", bytes),
            ("timer(10)", Wrong::NoUnit),
            ("timer(0 ms)", timer.clone()),
            ("timer(1.5 ms)", timer.clone()),
            ("timer(99999999999999999999 ms)", timer),
            ("timer(10 ms", Wrong::NoPolicy),
        ] {
            assert_eq!(text.parse::<Wakeup>(), Err(wrong), "{text}");
        }
    }
}
