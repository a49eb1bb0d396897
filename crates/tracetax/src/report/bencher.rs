//! The Bencher Metric Format: every number, whether it gates or not.

use record::bencher::{Bencher, Measure, Measures};

use super::cases::{Case, Number, Suite};
use crate::judge::INTERRUPTED;

/// The content of the file. What is no number is left out: JSON has no word for it.
#[must_use]
pub fn of(suites: &[Suite<'_>]) -> Bencher {
    let mut file = Bencher::new();
    // It has no word for a part, which would stand in a history as if it were the whole.
    for suite in suites.iter().filter(|suite| !suite.reasons.iter().any(|why| why.code == INTERRUPTED)) {
        for case in &suite.cases {
            let name = format!("{}/{}", suite.scenario, case.treatment);
            file.entry(name).or_default().extend(measures(case));
        }
    }
    file
}

fn measures(case: &Case<'_>) -> Measures {
    let finite = case.numbers.iter().filter(|number| number.value.is_finite());
    finite.map(|number| (number.slug.clone(), measure(number))).collect()
}

fn measure(number: &Number) -> Measure {
    let [lower_value, upper_value] = number
        .interval
        .filter(|ends| ends.iter().all(|end| end.is_finite()))
        .map_or([None; 2], |ends| ends.map(Some));
    Measure { value: number.value, lower_value, upper_value }
}
