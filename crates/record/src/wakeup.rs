//! When the tracer's kernel side wakes the agent, as one text that files and command lines share.

use std::{fmt, ops::RangeInclusive, str::FromStr};

use serde::{Deserialize, Serialize};

/// Bytes that [`Wakeup::Bytes`] may wait for. One event is the least that can wait, and no ring holds more.
pub const BYTES: RangeInclusive<u64> = 1..=1 << 30;

/// Milliseconds of [`Wakeup::Timer`].
pub const TIMER_MS: RangeInclusive<u64> = 1..=60_000;

/// When the agent is woken to drain the ring buffer.
///
/// Written `adaptive`, `bytes(4096)` or `timer(10 ms)`; spaces between the parts do not matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
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
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl FromStr for Wakeup {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text == "adaptive" {
            return Ok(Self::Adaptive);
        }
        if let Some(amount) = inside(text, "bytes") {
            return number(amount, &BYTES).map(Self::Bytes);
        }
        let Some(amount) = inside(text, "timer") else {
            return Err(format!(
                "`{text}` is no wake-up policy: write adaptive, bytes(4096) or timer(10 ms)"
            ));
        };
        let ms = amount.strip_suffix("ms");
        let ms = ms.ok_or_else(|| format!("`{text}` has no unit: write milliseconds, as in timer(10 ms)"))?;
        number(ms.trim_end(), &TIMER_MS).map(|ms| Self::Timer { ms })
    }
}

/// What stands between the brackets of `name(...)`.
fn inside<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    let amount = text.strip_prefix(name)?.trim_start().strip_prefix('(')?.strip_suffix(')')?;
    Some(amount.trim())
}

fn number(text: &str, range: &RangeInclusive<u64>) -> Result<u64, String> {
    let number = text.parse().ok().filter(|number| range.contains(number));
    number.ok_or_else(|| format!("`{text}` is no whole number from {} to {}", range.start(), range.end()))
}

#[cfg(test)]
mod tests {
    use super::Wakeup;

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
    fn what_is_no_policy_says_what_is() {
        for (text, says) in [
            ("", "write adaptive, bytes(4096) or timer(10 ms)"),
            ("Adaptive", "write adaptive"),
            ("bytes", "is no wake-up policy"),
            ("bytes(0)", "from 1 to"),
            ("bytes(4 KiB)", "is no whole number"),
            ("bytes(-1)", "is no whole number"),
            ("timer(10)", "has no unit"),
            ("timer(0 ms)", "from 1 to 60000"),
            ("timer(1.5 ms)", "is no whole number"),
            ("timer(99999999999999999999 ms)", "is no whole number"),
            ("timer(10 ms", "is no wake-up policy"),
        ] {
            let error = text.parse::<Wakeup>().unwrap_err();
            assert!(error.contains(says), "`{text}`: {error}");
        }
    }
}
