//! From a plan of groups of three blocks to a comparison of two revisions of the tracer. Pure, as all of the judge.
//!
//! The group is the sample: what the server paid for a request with this revision's tracer, less what it paid with the
//! other's a moment before or after. The change keeps to the scenario's tolerance by the same rule by which a cost keeps
//! to its margin (`gate`), and the p-values are adjusted over all scenarios of the run.

use record::{
    block::Block,
    comparison::{Against, Arithmetic, Comparison, MetricComparison, SCHEMA, ScenarioComparison},
    part::Part,
    plan::{Plan, ScenarioPlan, Treatment, TreatmentKind},
    revision::Revision,
    verdict::{Limit, Reason, Word},
};
use stats::Sample;

use super::{
    Measured, Selected, doubts,
    gate::{self, Candidate, Evidence, FAMILY_RATE},
    live_reason, metric,
    metric::server_cpu_us_per_request,
    part, reason,
};

/// The metric that is compared.
const SERVER_CPU: &str = "server_cpu_us_per_request";

/// A live comparison as it was measured.
#[derive(Debug, Clone, Copy)]
pub struct Live<'a> {
    /// Name of the run's folder.
    pub run: &'a str,
    /// Short id of the class of host.
    pub host_class: &'a str,
    /// What was to be measured.
    pub plan: &'a Plan,
    /// What was measured.
    pub blocks: &'a [Block],
}

/// Judges a live comparison. `None` where the plan is of one revision alone.
#[must_use]
pub fn compare(live: &Live<'_>) -> Option<Comparison> {
    let against = live.plan.against.as_ref()?;
    let compared = live.plan.scenarios.iter().filter_map(|scenario| Draft::of(live, against, scenario));
    let mut drafts: Vec<Draft<'_>> = compared.collect();
    let mut family: Vec<&mut Candidate> =
        drafts.iter_mut().flat_map(|draft| &mut draft.changes).map(|change| &mut change.candidate).collect();
    let mut evidence = gate::family_words(&mut family).into_iter();
    let scenarios: Vec<_> = drafts.into_iter().map(|draft| draft.finish(&mut evidence)).collect();
    let interrupted = part::of_run(live.plan, live.blocks);
    Some(Comparison {
        schema: SCHEMA.into(),
        // A run of which nothing was judged has proved nothing.
        word: scenarios.iter().map(|scenario| scenario.word).min().unwrap_or(Word::Inconclusive),
        run: live.run.into(),
        host_class: live.host_class.into(),
        revision: live.plan.revision.clone(),
        against: Against::Revision(against.clone()),
        interrupted,
        notes: interrupted.map(part::note).into_iter().collect(),
        scenarios,
    })
}

/// A scenario on its way to its words.
struct Draft<'a> {
    plan: &'a ScenarioPlan,
    against: &'a Revision,
    doubts: Vec<Reason>,
    refused: Vec<Reason>,
    changes: Vec<Change<'a>>,
    /// Where it was not measured to its end.
    interrupted: Option<Part>,
}

/// A treatment on its way to its word.
struct Change<'a> {
    treatment: &'a Treatment,
    /// The change of the cost from one revision to the other, in microseconds.
    candidate: Candidate,
    before: f64,
    now: f64,
    untraced: f64,
}

impl<'a> Draft<'a> {
    /// None for a scenario that has no tolerance.
    fn of(live: &Live<'a>, against: &'a Revision, plan: &'a ScenarioPlan) -> Option<Self> {
        let tolerance = plan.tolerance.server_cpu_us_per_request?;
        let interrupted = part::of_scenario(plan, live.blocks);
        let mut draft =
            Self { plan, against, doubts: Vec::new(), refused: Vec::new(), changes: Vec::new(), interrupted };
        for treatment in plan.treatments.iter().filter(|one| !plan.unavailable.contains_key(&one.name)) {
            if let Some(why) = refusal(live.plan, treatment) {
                draft.refused.push(live_reason::refused(plan, treatment, against, why));
                continue;
            }
            let selected = Selected::of_groups(plan, treatment, live.blocks);
            let doubts = doubts::of_groups(plan, treatment, &against.short(), &selected);
            draft.doubts.extend(
                doubts
                    .into_iter()
                    .filter(|doubt| interrupted.is_none() || doubt.code != doubts::NOTHING_MEASURED),
            );
            draft.changes.extend(Change::of(treatment, tolerance, &selected));
        }
        Some(draft)
    }

    fn finish(self, evidence: &mut impl Iterator<Item = Evidence>) -> ScenarioComparison {
        let Self { plan, against, doubts, refused, changes, interrupted } = self;
        let nothing = interrupted.is_none() && doubts.is_empty() && refused.is_empty() && changes.is_empty();
        let metrics: Vec<MetricComparison> =
            changes.into_iter().zip(evidence).map(|(change, evidence)| change.finish(&evidence)).collect();
        let of_part = |word| if interrupted.is_some() { part::word(word) } else { word };
        let with_reason = |metric: MetricComparison| MetricComparison {
            reason: live_reason::of(plan, against, &metric),
            word: of_part(metric.word),
            ..metric
        };
        let metrics: Vec<_> = metrics.into_iter().map(with_reason).collect();
        let mut words = vec![Word::Pass];
        words.extend((!doubts.is_empty()).then_some(Word::Invalid));
        words.extend((!refused.is_empty()).then_some(Word::NotComparable));
        words.extend(nothing.then_some(Word::Inconclusive));
        words.extend(interrupted.map(|_| part::word(Word::Pass)));
        words.extend(metrics.iter().map(|metric| metric.word));
        let so_far = interrupted.map(|part| part::reason(plan, part));
        let mut reasons: Vec<Reason> = so_far.into_iter().chain(doubts).chain(refused).collect();
        reasons.extend(nothing.then(|| reason::all_unavailable(plan)));
        reasons.extend(metrics.iter().filter_map(|metric| metric.reason.clone()));
        let word = words.into_iter().min().unwrap_or(Word::Pass);
        ScenarioComparison { name: plan.name.clone(), word, reasons, baseline: None, metrics }
    }
}

/// Why the other revision's tracer cannot be measured with this treatment, if so.
fn refusal<'a>(plan: &'a Plan, treatment: &Treatment) -> Option<&'a str> {
    let TreatmentKind::Tracer { strategy, .. } = &treatment.kind else {
        return None;
    };
    plan.against_refuses.get(strategy).map(String::as_str)
}

impl<'a> Change<'a> {
    /// None where no group counts.
    fn of(treatment: &'a Treatment, tolerance: f64, [head, base]: &[Selected<'_>; 2]) -> Option<Self> {
        let groups = head.pairs.iter().zip(&base.pairs);
        let change = groups.map(|(head, base)| cost(head.treated) - cost(base.treated));
        let change = Sample::new(change.collect()).ok()?;
        let untraced = Sample::new(head.pairs.iter().map(|pair| cost(pair.untraced)).collect()).ok()?;
        let untraced = stats::median(&untraced);
        Some(Self {
            treatment,
            candidate: metric::candidate(SERVER_CPU, Some(untraced), change, Some(Limit::Margin(tolerance))),
            before: paired(&base.pairs)?,
            now: paired(&head.pairs)?,
            untraced,
        })
    }

    fn finish(self, evidence: &Evidence) -> MetricComparison {
        let metric = self.candidate.metric;
        MetricComparison {
            treatment: self.treatment.name.clone(),
            metric: metric.name,
            word: metric.word.unwrap_or(Word::Inconclusive),
            before: self.before,
            now: self.now,
            change: metric.estimate,
            low: metric.low,
            high: metric.high,
            mde: metric.mde,
            tolerance: metric.limit.map_or(0.0, Limit::value),
            untraced_before: None,
            untraced_now: self.untraced,
            reason: None,
            arithmetic: Arithmetic::Pairs {
                pairs: metric.samples,
                above_tolerance_p: evidence.beyond,
                within_tolerance_p: evidence.within,
                below_zero_p: evidence.below_zero,
                level: FAMILY_RATE,
            },
        }
    }
}

fn cost(block: &Block) -> f64 {
    server_cpu_us_per_request(block)
}

/// What a tracer costs: the same estimate as in a run of one revision.
fn paired(pairs: &[Measured<'_>]) -> Option<f64> {
    let costs = pairs.iter().map(|pair| cost(pair.treated) - cost(pair.untraced));
    Some(stats::hodges_lehmann(&Sample::new(costs.collect()).ok()?))
}

#[cfg(test)]
mod tests;
