//! Bars: made here, and summed up to the word of the command.

use record::{
    calibration::{Bar, BarState, Calibration},
    verdict::Word,
};

/// A bar that holds.
pub fn holds(message: String) -> Bar {
    Bar { state: BarState::Holds, message, next_step: None }
}

/// A bar that does not.
pub fn fails(state: BarState, message: String, next_step: &str) -> Bar {
    Bar { state, message, next_step: Some(next_step.into()) }
}

/// Next step where noise is the likely cause.
pub const QUIET: &str = "stop what else runs on this machine, and calibrate again";

/// The word, and with it the exit code: a missed bar breaks nothing, a failed null control does.
pub fn word(calibration: &Calibration) -> Word {
    match calibration.parts.iter().map(|part| part.bar.state).min() {
        Some(BarState::Holds) => Word::Pass,
        Some(BarState::Invalid) => Word::Invalid,
        Some(BarState::Missed | BarState::NotRun) | None => Word::Inconclusive,
    }
}

#[cfg(test)]
mod tests {
    use record::{
        calibration::{BarState, Calibration, Finding, Part, SCHEMA},
        verdict::Word,
    };

    use super::{fails, holds, word};

    #[track_caller]
    fn check(states: &[BarState], expect: Word) {
        let part = |state: &BarState| {
            let bar = if *state == BarState::Holds {
                holds(String::new())
            } else {
                fails(*state, String::new(), "")
            };
            Part { finding: Finding::Planted(Vec::new()), bar }
        };
        let parts = states.iter().map(part).collect();
        assert_eq!(word(&Calibration { schema: SCHEMA.into(), seed: 1, parts }), expect, "{states:?}");
    }

    #[test]
    fn the_worst_bar_decides() {
        use BarState::{Holds, Invalid, Missed, NotRun};
        check(&[Holds, Holds], Word::Pass);
        check(&[Holds, NotRun], Word::Inconclusive);
        check(&[Missed, Holds], Word::Inconclusive);
        check(&[Missed, Invalid, NotRun], Word::Invalid);
        check(&[], Word::Inconclusive);
    }
}
