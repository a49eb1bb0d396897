//! A latency histogram as it crosses a border: HdrHistogram's V2 encoding, in base64.
//!
//! The encoding is the one that HdrHistogram's own tools read. Values are nanoseconds, from 1 ns to [`MAX_NS`],
//! to three significant digits; larger values are counted as [`MAX_NS`].

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hdrhistogram::serialization::{Deserializer, Serializer as _, V2Serializer};
use serde::{Deserialize, Serialize};

/// The largest value a histogram tells apart: one minute.
pub const MAX_NS: u64 = 60_000_000_000;

/// Significant digits of a value.
const DIGITS: u32 = 3;

/// An encoded histogram of nanoseconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Histogram(String);

impl Default for Histogram {
    /// Of nothing.
    fn default() -> Self {
        Self::encode(&empty())
    }
}

/// An empty histogram of nanoseconds with the range and precision that all of tracetax uses.
#[must_use]
pub fn empty() -> hdrhistogram::Histogram<u64> {
    hdrhistogram::Histogram::new_with_bounds(1, MAX_NS, DIGITS as u8)
        .expect("the bounds are constants that HdrHistogram allows")
}

impl Histogram {
    /// Encodes `histogram`.
    #[must_use]
    pub fn encode(histogram: &hdrhistogram::Histogram<u64>) -> Self {
        let mut bytes = Vec::new();
        V2Serializer::new().serialize(histogram, &mut bytes).expect("a histogram always fits in memory");
        Self(STANDARD.encode(bytes))
    }

    /// Decodes it.
    ///
    /// # Errors
    /// Says what is wrong with the text when it is not base64 of a V2 histogram, or of one with a wider range or more digits than
    /// [`empty`].
    pub fn decode(&self) -> Result<hdrhistogram::Histogram<u64>, String> {
        let bytes = STANDARD.decode(&self.0).map_err(|error| format!("not base64: {error}"))?;
        // Before anything is reserved: a header of 40 bytes may ask for gigabytes.
        if !header_of(&bytes).is_some_and(|Header { digits, high }| digits <= DIGITS && high <= MAX_NS) {
            return Err("not a histogram of at most one minute to three digits".into());
        }
        Deserializer::new()
            .deserialize(&mut bytes.as_slice())
            .map_err(|error| format!("not an HdrHistogram V2: {error}"))
    }
}

/// What the header of a V2 histogram asks for.
struct Header {
    digits: u32,
    high: u64,
}

/// Reads a header (HdrHistogram's V2 encoding: big-endian; the digits stand in byte 12, the highest value in byte 24).
fn header_of(bytes: &[u8]) -> Option<Header> {
    let digits = u32::from_be_bytes(*bytes.get(12..)?.first_chunk()?);
    let high = u64::from_be_bytes(*bytes.get(24..)?.first_chunk()?);
    Some(Header { digits, high })
}

#[cfg(test)]
mod tests {
    use super::{Histogram, MAX_NS, empty};

    #[test]
    fn what_was_recorded_is_read_back() {
        let mut histogram = empty();
        for ns in [1, 1_000, 64_000, 64_000, 1_000_000_000] {
            histogram.record(ns).unwrap();
        }
        let back = Histogram::encode(&histogram).decode().unwrap();
        assert_eq!(back, histogram);
        assert_eq!(back.len(), 5);
    }

    #[test]
    fn what_would_take_much_memory_is_refused() {
        for (high, digits, good) in [
            (MAX_NS, 3, true),
            (2, 1, true),
            (MAX_NS + 1, 3, false),
            (MAX_NS, 4, false),
            (u64::MAX / 2, 3, false),
        ] {
            let wide = hdrhistogram::Histogram::new_with_bounds(1, high, digits).unwrap();
            assert_eq!(Histogram::encode(&wide).decode().is_ok(), good, "{high} {digits}");
        }
    }

    #[test]
    fn a_broken_text_is_refused() {
        assert!(Histogram("not base64!".into()).decode().is_err());
        assert!(Histogram("AAAA".into()).decode().is_err());
    }
}
