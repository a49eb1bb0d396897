//! The word of an estimate against its limit.
//!
//! A metric gates in several scenarios of a run, and each is a chance to be wrong, so the p-values of one metric are
//! adjusted over them by Holm's method: of all runs in which nothing is wrong, at most [`FAMILY_RATE`] raise an alarm.

use record::verdict::{Limit, Metric, Word};
use stats::{Alternative, Sample, holm, signed_rank};

/// How often a run without any fault may be called faulty, for each metric.
pub const FAMILY_RATE: f64 = 0.01;

/// A metric on its way to a word.
pub struct Candidate {
    /// What is told of it.
    pub metric: Metric,
    /// The differences it is made of; none for a level, of which the interval alone speaks.
    pub sample: Option<Sample>,
}

/// Gives every candidate with a limit its word.
pub fn give_words(candidates: &mut [&mut Candidate]) {
    let mut names: Vec<String> = candidates.iter().map(|candidate| candidate.metric.name.clone()).collect();
    names.sort();
    names.dedup();
    for name in names {
        let family =
            candidates.iter_mut().filter(|one| one.metric.name == name && one.metric.limit.is_some());
        let mut family: Vec<&mut Candidate> = family.map(|one| &mut **one).collect();
        family_words(&mut family);
    }
}

/// Gives the candidates of one metric, which all have a limit, their words. Returns what each word was made of.
pub fn family_words(family: &mut [&mut Candidate]) -> Vec<Evidence> {
    let evidence =
        adjusted(&family.iter().filter_map(|candidate| Evidence::of(candidate)).collect::<Vec<_>>());
    for (candidate, evidence) in family.iter_mut().zip(&evidence) {
        let (bad, good, better) = (sure(evidence.beyond), sure(evidence.within), sure(evidence.below_zero));
        candidate.metric.word =
            candidate.metric.limit.map(|limit| word(limit, candidate.metric.estimate, bad, good, better));
    }
    evidence
}

fn sure(p: f64) -> bool {
    p <= FAMILY_RATE
}

fn adjusted(evidence: &[Evidence]) -> Vec<Evidence> {
    let of = |of: fn(&Evidence) -> f64| {
        let p: Vec<f64> = evidence.iter().map(of).collect();
        holm(&p).unwrap_or_else(|_| vec![1.0; p.len()])
    };
    let (beyond, within, below_zero) = (of(|e| e.beyond), of(|e| e.within), of(|e| e.below_zero));
    let each = beyond.into_iter().zip(within).zip(below_zero);
    each.map(|((beyond, within), below_zero)| Evidence { beyond, within, below_zero }).collect()
}

/// First match wins.
fn word(limit: Limit, estimate: f64, bad: bool, good: bool, better: bool) -> Word {
    let margin = matches!(limit, Limit::Margin(_));
    if bad {
        if margin { Word::Regressed } else { Word::OverBudget }
    } else if margin && better && estimate <= -limit.value() {
        Word::Improved
    } else if good {
        Word::Pass
    } else {
        Word::Inconclusive
    }
}

/// How surely a metric is on either side: p-values, so small is sure.
#[derive(Debug, Clone, Copy)]
pub struct Evidence {
    /// Of "it is beyond the limit".
    pub beyond: f64,
    /// Of "it is within the limit".
    pub within: f64,
    /// Of "it is below zero".
    pub below_zero: f64,
}

impl Evidence {
    fn of(candidate: &Candidate) -> Option<Self> {
        let limit = candidate.metric.limit?;
        Some(candidate.sample.as_ref().map_or_else(
            || Self::of_level(&candidate.metric, limit),
            |sample| {
                Self::of_sample(sample, limit).unwrap_or(Self { beyond: 1.0, within: 1.0, below_zero: 1.0 })
            },
        ))
    }

    fn of_sample(sample: &Sample, limit: Limit) -> Option<Self> {
        let shifted = sample.shifted_by(-limit.value()).ok()?;
        let p = |sample: &Sample, side| signed_rank::test(sample, side).p;
        let (more, less) = (p(&shifted, Alternative::Greater), p(&shifted, Alternative::Less));
        let (beyond, within) = if matches!(limit, Limit::AtLeast(_)) { (less, more) } else { (more, less) };
        Some(Self { beyond, within, below_zero: p(sample, Alternative::Less) })
    }

    /// A level has its bounds at the level of the verdict already: it is sure, or it is not.
    fn of_level(metric: &Metric, limit: Limit) -> Self {
        let sure = |holds: Option<bool>| if holds == Some(true) { 0.0 } else { 1.0 };
        let (above, below) =
            (metric.low.map(|low| low > limit.value()), metric.high.map(|high| high <= limit.value()));
        match limit {
            Limit::AtLeast(least) => Self {
                beyond: sure(metric.high.map(|high| high < least)),
                within: sure(metric.low.map(|low| low >= least)),
                below_zero: 1.0,
            },
            Limit::Budget(_) | Limit::Margin(_) => {
                Self { beyond: sure(above), within: sure(below), below_zero: 1.0 }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use record::verdict::{Limit, Metric, Word};
    use stats::Sample;

    use super::{Candidate, give_words};

    fn candidate(name: &str, limit: Limit, differences: &[f64]) -> Candidate {
        let sample = Sample::new(differences.to_vec()).unwrap();
        Candidate { metric: metric(name, limit, stats::hodges_lehmann(&sample), None), sample: Some(sample) }
    }

    fn metric(name: &str, limit: Limit, estimate: f64, bounds: Option<(f64, f64)>) -> Metric {
        Metric {
            name: name.into(),
            untraced: None,
            estimate,
            low: bounds.map(|bounds| bounds.0),
            high: bounds.map(|bounds| bounds.1),
            samples: 1,
            mde: None,
            mean: None,
            lives: None,
            limit: Some(limit),
            adequate: None,
            word: None,
        }
    }

    /// `count` differences around `centre`, no two alike.
    fn around(centre: f64, count: u32) -> Vec<f64> {
        (0..count).map(|index| centre + 0.01 * (f64::from(index) - f64::from(count - 1) / 2.0)).collect()
    }

    fn word_of(mut candidate: Candidate) -> Word {
        give_words(&mut [&mut candidate]);
        candidate.metric.word.unwrap()
    }

    #[test]
    fn each_word_has_its_case() {
        let cases = [
            (Limit::Budget(1.0), 2.0, Word::OverBudget),
            (Limit::Budget(1.0), 0.5, Word::Pass),
            (Limit::Budget(1.0), 1.0, Word::Inconclusive),
            (Limit::Budget(1.0), -5.0, Word::Pass),
            (Limit::AtLeast(1.0), 2.0, Word::Pass),
            (Limit::AtLeast(1.0), 0.5, Word::OverBudget),
            (Limit::AtLeast(1.0), 1.0, Word::Inconclusive),
            (Limit::Margin(1.0), 2.0, Word::Regressed),
            (Limit::Margin(1.0), 0.5, Word::Pass),
            (Limit::Margin(1.0), -0.5, Word::Pass),
            (Limit::Margin(1.0), -2.0, Word::Improved),
            (Limit::Margin(1.0), 1.0, Word::Inconclusive),
        ];
        for (limit, centre, word) in cases {
            assert_eq!(word_of(candidate("m", limit, &around(centre, 20))), word, "{limit:?} at {centre}");
        }
    }

    #[test]
    fn too_few_samples_never_pass_and_never_fail() {
        for centre in [-100.0, 0.0, 100.0] {
            let few = candidate("m", Limit::Budget(1.0), &around(centre, 6));
            assert_eq!(word_of(few), Word::Inconclusive, "at {centre}");
        }
        assert_eq!(word_of(candidate("m", Limit::Budget(1.0), &around(100.0, 7))), Word::OverBudget);
    }

    #[test]
    fn more_scenarios_ask_for_more_evidence() {
        // 7 samples reach p = 1/128: enough alone, and not enough for one of two.
        let mut alone = candidate("m", Limit::Budget(1.0), &around(100.0, 7));
        let mut other = candidate("m", Limit::Budget(1.0), &around(1.0, 7));
        give_words(&mut [&mut alone, &mut other]);
        assert_eq!(alone.metric.word, Some(Word::Inconclusive));
        let mut elsewhere = candidate("another metric", Limit::Budget(1.0), &around(1.0, 7));
        give_words(&mut [&mut alone, &mut elsewhere]);
        assert_eq!(alone.metric.word, Some(Word::OverBudget));
    }

    #[test]
    fn a_level_is_judged_by_its_bounds() {
        let cases = [
            (Limit::Budget(10.0), Some((5.0, 9.0)), Word::Pass),
            (Limit::Budget(10.0), Some((5.0, 11.0)), Word::Inconclusive),
            (Limit::Budget(10.0), Some((11.0, 12.0)), Word::OverBudget),
            (Limit::AtLeast(10.0), Some((11.0, 12.0)), Word::Pass),
            (Limit::AtLeast(10.0), Some((9.0, 12.0)), Word::Inconclusive),
            (Limit::AtLeast(10.0), Some((8.0, 9.0)), Word::OverBudget),
            (Limit::Budget(10.0), None, Word::Inconclusive),
        ];
        for (limit, bounds, word) in cases {
            let level = Candidate { metric: metric("m", limit, 0.0, bounds), sample: None };
            assert_eq!(word_of(level), word, "{limit:?} {bounds:?}");
        }
    }

    #[test]
    fn without_a_limit_there_is_no_word() {
        let mut free = candidate("m", Limit::Budget(1.0), &around(100.0, 20));
        free.metric.limit = None;
        give_words(&mut [&mut free]);
        assert_eq!(free.metric.word, None);
    }
}
