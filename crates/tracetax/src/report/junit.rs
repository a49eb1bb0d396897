//! JUnit: a suite a scenario, a case a metric that gates.
//!
//! What is clearly worse is a failure; what cannot be trusted is an error; what was not decided is skipped, with the
//! reason, so that a reader sees that it has not passed.

use anyhow::Result;
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};
use record::verdict::Word;

use super::{
    cases::{Case, Suite},
    words::word,
};

/// The case of what is said of a scenario and of none of its metrics.
const WHOLE: &str = "the scenario as a whole";

/// The file.
///
/// # Errors
/// When it cannot be written as XML.
pub fn render(suites: &[Suite<'_>]) -> Result<String> {
    let mut report = Report::new("tracetax");
    report.add_test_suites(suites.iter().map(suite));
    Ok(report.to_string()?)
}

fn suite(suite: &Suite<'_>) -> TestSuite {
    let mut cases = TestSuite::new(suite.scenario);
    if suite.is_said_of_the_whole() {
        cases.add_test_case(classed(TestCase::new(WHOLE, status(suite.word, &suite.why(), "")), suite));
    }
    cases.add_test_cases(suite.cases.iter().filter_map(|one| case(suite, one)));
    cases
}

fn case(suite: &Suite<'_>, case: &Case<'_>) -> Option<TestCase> {
    let why = match suite.reason_of(case) {
        Some(reason) => format!("{}; next: {}", reason.message, reason.next_step),
        None => String::new(),
    };
    let name = format!("{}: {}", case.treatment, case.metric);
    let mut made = classed(TestCase::new(name, status(case.word?, &case.said, &why)), suite);
    made.set_system_out(&*case.said);
    Some(made)
}

fn classed(mut case: TestCase, suite: &Suite<'_>) -> TestCase {
    case.set_classname(format!("tracetax.{}", suite.scenario));
    case
}

fn status(said: Word, message: &str, description: &str) -> TestCaseStatus {
    let mut status = match said {
        Word::Pass | Word::Improved => return TestCaseStatus::success(),
        Word::Regressed | Word::OverBudget => TestCaseStatus::non_success(NonSuccessKind::Failure),
        Word::Invalid => TestCaseStatus::non_success(NonSuccessKind::Error),
        Word::NotComparable | Word::Inconclusive | Word::New => TestCaseStatus::skipped(),
    };
    status.set_type(word(said)).set_message(format!("{}: {message}", word(said)));
    if !description.is_empty() {
        status.set_description(description);
    }
    status
}
