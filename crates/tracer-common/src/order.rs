//! The order of one direction of a TCP connection, by the sequence numbers of its packets (RFC 9293, 3.4).

/// Where a direction is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(C)]
pub struct Order {
    /// Number of the next byte that was not seen.
    next: u32,
}

/// How a packet follows upon those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    /// It brings the next bytes, after so many that were seen before.
    Next(u32),
    /// All of it was seen before.
    Duplicate,
    /// Bytes before it were not seen.
    Gap,
}

impl Order {
    /// Before the byte with this number.
    #[inline(always)]
    #[must_use]
    pub const fn before(next: u32) -> Self {
        Self { next }
    }

    /// A packet of `len` bytes begins with the byte numbered `sequence`. Afterwards the next bytes are those behind it,
    /// also where bytes before it are missing.
    #[inline(always)]
    pub fn take(&mut self, sequence: u32, len: u32) -> Arrival {
        // Numbers wrap around; those of two packets that are under way are never half of all apart.
        let seen = self.next.wrapping_sub(sequence);
        if seen as i32 > 0 && seen >= len {
            return Arrival::Duplicate;
        }
        self.next = sequence.wrapping_add(len);
        if (seen as i32) < 0 { Arrival::Gap } else { Arrival::Next(seen) }
    }
}

#[cfg(test)]
mod tests {
    use super::{Arrival, Order};

    #[track_caller]
    fn check(next: u32, sequence: u32, len: u32, expect: Arrival, after: u32) {
        let mut order = Order::before(next);
        assert_eq!((order.take(sequence, len), order), (expect, Order::before(after)));
    }

    #[test]
    fn packets_follow_upon_each_other() {
        check(1_000, 1_000, 10, Arrival::Next(0), 1_010);
        check(1_000, 1_000, 0, Arrival::Next(0), 1_000);
        check(u32::MAX, u32::MAX, 10, Arrival::Next(0), 9);
    }

    #[test]
    fn what_was_seen_before_is_known() {
        check(1_000, 990, 10, Arrival::Duplicate, 1_000);
        check(1_000, 990, 5, Arrival::Duplicate, 1_000);
        check(1_000, 999, 0, Arrival::Duplicate, 1_000);
        check(5, u32::MAX - 4, 10, Arrival::Duplicate, 5);
        check(1_000, 990, 15, Arrival::Next(10), 1_005);
        check(5, u32::MAX - 4, 11, Arrival::Next(10), 6);
    }

    #[test]
    fn what_is_missing_is_known() {
        check(1_000, 1_001, 10, Arrival::Gap, 1_011);
        check(1_000, 1_001, 0, Arrival::Gap, 1_001);
        check(u32::MAX, 0, 10, Arrival::Gap, 10);
    }

    /// However a stream is cut, sent again and put in order by who sends it, each byte is taken once.
    #[test]
    fn every_byte_of_a_stream_is_taken_once() {
        let mut order = Order::before(u32::MAX - 20);
        let mut taken = 0;
        for (from, to) in [(0, 7), (0, 7), (3, 11), (11, 12), (5, 40), (39, 40), (0, 40), (40, 41), (38, 50)]
        {
            let len = to - from;
            match order.take((u32::MAX - 20).wrapping_add(from), len) {
                Arrival::Next(skip) => {
                    assert_eq!(from + skip, taken, "{from}..{to}");
                    taken = to;
                }
                Arrival::Duplicate => assert!(to <= taken, "{from}..{to}"),
                Arrival::Gap => panic!("{from}..{to} after {taken}"),
            }
        }
        assert_eq!(taken, 50);
    }
}
