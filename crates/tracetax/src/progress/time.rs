//! How long a run will still take: as planned, corrected by how long what was planned has taken so far. Pure.

use std::time::Duration;

/// The plan is believed as if it had been right for so long; a run that has just begun says little.
const BELIEF: Duration = Duration::from_secs(10);

/// What was planned, block by block.
#[derive(Debug)]
pub struct TimeLeft {
    /// Planned time from the beginning of each block to the end, and zero at last.
    rest: Vec<Duration>,
}

impl TimeLeft {
    /// From the planned time of each block.
    pub fn of(blocks: Vec<Duration>) -> Self {
        let mut rest = vec![Duration::ZERO];
        for block in blocks.into_iter().rev() {
            rest.push(block + rest.last().copied().unwrap_or_default());
        }
        rest.reverse();
        Self { rest }
    }

    /// Blocks that are planned.
    pub fn blocks(&self) -> usize {
        self.rest.len() - 1
    }

    /// When so many blocks are done after so long.
    pub fn left(&self, done: usize, elapsed: Duration) -> Duration {
        let all = self.rest[0];
        let rest = self.rest.get(done).copied().unwrap_or_default();
        rest.mul_f64((elapsed + BELIEF).as_secs_f64() / (all - rest + BELIEF).as_secs_f64())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::TimeLeft;

    fn check(done: usize, elapsed_s: u64, left_s: u64) {
        let time = TimeLeft::of(vec![Duration::from_secs(2); 45]);
        assert_eq!(time.left(done, Duration::from_secs(elapsed_s)), Duration::from_secs(left_s), "{done}");
    }

    #[test]
    fn the_plan_is_believed_first_and_what_was_seen_later() {
        check(0, 0, 90);
        // As planned.
        check(15, 30, 60);
        // Twice as slow for 40 s in place of 20: of 30 s that are believed or were planned, 50 have gone.
        check(10, 50, 140);
        // Twice as fast.
        check(20, 15, 25);
    }

    #[test]
    fn nothing_is_left_at_the_end_and_beyond() {
        check(45, 95, 0);
        check(46, 95, 0);
        assert_eq!(TimeLeft::of(vec![]).left(0, Duration::ZERO), Duration::ZERO);
    }
}
