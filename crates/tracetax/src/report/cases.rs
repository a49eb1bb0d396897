//! What was judged, case by case: the one list that JUnit, annotations and Bencher are made of, from either model.

use record::{
    comparison::{Comparison, MetricComparison, ScenarioComparison},
    plan::Plan,
    verdict::{Limit, Metric, Reason, ScenarioVerdict, TreatmentVerdict, Verdict, Word},
};

use super::{comparison::change, tables};
use crate::judge::{interval_name, short};

/// A scenario and what was judged of it.
#[derive(Debug)]
pub struct Suite<'a> {
    /// Its name.
    pub scenario: &'a str,
    /// What is said of all of it.
    pub word: Word,
    /// Why.
    pub reasons: &'a [Reason],
    /// Its parts.
    pub cases: Vec<Case<'a>>,
}

/// One metric of one treatment.
#[derive(Debug)]
pub struct Case<'a> {
    /// Name of the treatment.
    pub treatment: &'a str,
    /// Name of the metric.
    pub metric: &'a str,
    /// What is said of it; absent where it does not gate.
    pub word: Option<Word>,
    /// Why, where it has a reason of its own.
    pub reason: Option<&'a Reason>,
    /// Its numbers in one sentence.
    pub said: String,
    /// The line of its limit in the scenario's file, where it is known.
    pub line: Option<u32>,
    /// Its numbers by what they measure.
    pub numbers: Vec<Number>,
}

/// A number of a case.
#[derive(Debug)]
pub struct Number {
    /// What it measures, in kebab-case.
    pub slug: String,
    /// The number.
    pub value: f64,
    /// The ends of its interval, where there is one.
    pub interval: Option<[f64; 2]>,
}

impl Suite<'_> {
    /// Why a case has its word: its own reason, else the first of all.
    pub fn reason_of<'a>(&'a self, case: &Case<'a>) -> Option<&'a Reason> {
        case.reason.or(self.reasons.first())
    }

    /// Whether the word is of the scenario and of none of its cases.
    pub fn is_said_of_the_whole(&self) -> bool {
        !self.cases.iter().any(|case| case.word == Some(self.word))
    }

    /// The reasons in one text.
    pub fn why(&self) -> String {
        let lines = self
            .reasons
            .iter()
            .map(|reason| format!("{} [{}]; next: {}", reason.message, reason.code, reason.next_step));
        lines.collect::<Vec<_>>().join("\n")
    }
}

/// The cases of a comparison. `plan` tells the lines of the limits.
#[must_use]
pub fn of_comparison<'a>(comparison: &'a Comparison, plan: &Plan) -> Vec<Suite<'a>> {
    let suite = |scenario: &'a ScenarioComparison| Suite {
        scenario: &scenario.name,
        word: scenario.word,
        reasons: &scenario.reasons,
        cases: scenario.metrics.iter().map(|metric| compared(metric, &scenario.name, plan)).collect(),
    };
    comparison.scenarios.iter().map(suite).collect()
}

fn compared<'a>(metric: &'a MetricComparison, scenario: &str, plan: &Plan) -> Case<'a> {
    let slug = kebab(&metric.metric);
    Case {
        treatment: &metric.treatment,
        metric: &metric.metric,
        word: Some(metric.word),
        reason: metric.reason.as_ref(),
        said: change(metric),
        line: line(plan, scenario, &["tolerance"], &metric.metric),
        numbers: vec![
            Number {
                slug: format!("{slug}-change"),
                value: metric.change,
                interval: both(metric.low, metric.high),
            },
            // The interval is one of the change: the level has none of its own.
            Number { slug, value: metric.now, interval: None },
        ],
    }
}

/// The cases of a verdict. `plan` tells the lines of the limits.
#[must_use]
pub fn of_verdict<'a>(verdict: &'a Verdict, plan: &Plan) -> Vec<Suite<'a>> {
    let suite = |scenario: &'a ScenarioVerdict| Suite {
        scenario: &scenario.name,
        word: scenario.word,
        reasons: &scenario.reasons,
        cases: scenario.treatments.iter().flat_map(|one| judged(one, scenario, plan)).collect(),
    };
    verdict.scenarios.iter().map(suite).collect()
}

fn judged<'a>(treatment: &'a TreatmentVerdict, scenario: &'a ScenarioVerdict, plan: &Plan) -> Vec<Case<'a>> {
    let reason = |metric: &Metric| {
        let place = format!("{}/{}: {} ", scenario.name, treatment.name, metric.name);
        scenario.reasons.iter().find(|reason| reason.message.starts_with(&place))
    };
    let case = |metric: &'a Metric| Case {
        treatment: &treatment.name,
        metric: &metric.name,
        word: metric.word,
        reason: reason(metric),
        said: said(metric),
        line: line(plan, &scenario.name, &["budget", "margin"], &metric.name),
        numbers: vec![Number {
            slug: kebab(&metric.name),
            value: metric.estimate,
            interval: both(metric.low, metric.high),
        }],
    };
    treatment.metrics.iter().map(case).collect()
}

fn said(metric: &Metric) -> String {
    let limit = match metric.limit {
        None => "no limit".into(),
        Some(Limit::Budget(most)) => format!("budget {}", short(most)),
        Some(Limit::Margin(most)) => format!("margin {}", short(most)),
        Some(Limit::AtLeast(least)) => format!("at least {}", short(least)),
    };
    let (estimate, interval) = (short(metric.estimate), tables::interval(metric));
    format!("{} is {estimate} ({} {interval}), {limit}", metric.name, interval_name(metric))
}

/// Where the limit of a metric stands, of the first of these sections that has one.
fn line(plan: &Plan, scenario: &str, sections: &[&str], metric: &str) -> Option<u32> {
    let planned = plan.scenarios.iter().find(|planned| planned.name == scenario)?;
    sections.iter().find_map(|section| planned.lines.get(&format!("{section}.{metric}")).copied())
}

fn both(low: Option<f64>, high: Option<f64>) -> Option<[f64; 2]> {
    Some([low?, high?])
}

fn kebab(name: &str) -> String {
    name.replace('_', "-")
}
