//! A soak, judged: in how many windows all was well, and whether what the tracer holds grows.

use record::{
    block::Block,
    cost::Estimate,
    plan::{ScenarioPlan, Treatment, TreatmentKind},
    soak::{Down, Presence, Soak, Trend, WindowUse},
    verdict::{Limit, Reason},
};
use stats::Alpha;

use super::{
    arm::ratio,
    doubts::NOTHING_MEASURED,
    gate::{Candidate, FAMILY_RATE},
    ledger::{self, answered},
    level::{LEVELS, Level},
    metric::{self, level},
};

/// A level is fitted by the middles of so many stretches: enough for bounds at the level of the verdict, and each of 9
/// windows and more, which is much longer than what one window does to the next.
const CHUNKS: usize = 20;

/// Windows that are named where they were down.
const NAMED: usize = 5;

/// Resident memory moves by pages, so what has not moved may be on its way to the next one.
const PAGE_MB: f64 = 4096.0 / 1e6;

const NS_PER_S: f64 = 1e9;
const MINUTES_PER_HOUR: f64 = 60.0;

/// The windows of one treatment.
pub struct Watched<'a> {
    treatment: &'a Treatment,
    /// In the order of time.
    pub windows: Vec<&'a Block>,
    planned: usize,
}

impl<'a> Watched<'a> {
    pub fn of(plan: &ScenarioPlan, treatment: &'a Treatment, blocks: &'a [Block]) -> Self {
        let is_of = |block: &&Block| block.scenario == plan.name && block.treatment == treatment.name;
        let index = plan.treatments.iter().position(|one| one.name == treatment.name);
        let lives = plan.lives.iter().filter(|life| Some(life.treatment) == index);
        Self {
            treatment,
            windows: blocks.iter().filter(is_of).filter(|block| block.window.is_some()).collect(),
            planned: lives.map(|life| life.pairs.len()).sum(),
        }
    }

    /// A soak without a window has said nothing.
    pub fn nothing_measured(&self, plan: &ScenarioPlan) -> Reason {
        Reason {
            code: NOTHING_MEASURED.into(),
            message: format!("{}/{}: no whole window was measured", plan.name, self.treatment.name),
            next_step: "let the run go to its end".into(),
        }
    }

    /// What became of the tracer.
    pub fn soak(&self) -> Soak {
        let down: Vec<_> = self.windows.iter().map(|block| why_down(block, self.treatment)).collect();
        let ended = self.ended();
        let is = |what: fn(&Why) -> bool| down.iter().flatten().filter(|why| what(why)).count() as u64;
        let measured_up = down.iter().filter(|why| why.is_none()).count() as u64;
        let named = down.iter().zip(0..).filter_map(|(why, index)| Some((index, why.as_ref()?.said())));
        let sum = |of: fn(&Block) -> u64| self.windows.iter().map(|block| of(block)).sum::<u64>();
        let seconds = sum(|block| block.elapsed_ns) as f64 / NS_PER_S;
        Soak {
            seconds,
            windows: self.windows.len() as u64 + ended,
            up: measured_up,
            down: Down {
                ended: ended + is(|why| matches!(why, Why::Gone)),
                silent: is(|why| matches!(why, Why::Silent)),
                failed: is(|why| matches!(why, Why::Failed(_))),
                ledger: is(|why| matches!(why, Why::Ledger(_))),
            },
            first_down: named.take(NAMED).collect(),
            answered: sum(answered),
            failed: sum(failed),
            lost: sum(super::capacity::lost),
            planted_leak_bytes_per_second: planted(self.treatment),
            lab_cpu_pct: 100.0 * ratio(sum(|block| block.cpu.lab_ns) as f64 / NS_PER_S, seconds),
            trends: LEVELS.iter().filter_map(|level| self.trend(level)).collect(),
        }
    }

    /// Windows that were still planned when agent or target ended. Those that an interrupt has cut off do not count.
    fn ended(&self) -> u64 {
        if self.windows.last().is_some_and(|block| is_the_end(block)) {
            self.planned.saturating_sub(self.windows.len()) as u64
        } else {
            0
        }
    }

    fn trend(&self, level: &Level) -> Option<Trend> {
        let series = self.series(level);
        let levels = || series.iter().map(|point| point.1);
        let fitted = stats::trend(&series, CHUNKS, Alpha::one_sided(FAMILY_RATE).ok()?).ok();
        let finite = |number: f64| number.is_finite().then_some(settled(number));
        let minutes = |(hours, level): (f64, f64)| (hours * MINUTES_PER_HOUR, level);
        Some(Trend {
            name: level.name.into(),
            first: levels().next()?,
            last: levels().next_back()?,
            least: levels().fold(f64::INFINITY, f64::min),
            greatest: levels().fold(f64::NEG_INFINITY, f64::max),
            per_hour: fitted.as_ref().map(|fitted| Estimate {
                estimate: settled(fitted.slope.estimate),
                low: finite(fitted.slope.low),
                high: finite(fitted.slope.high),
            }),
            points: fitted.map_or(Vec::new(), |fitted| fitted.chunks.into_iter().map(minutes).collect()),
        })
    }

    /// Hours since the start of the first window, by the monotonic clock, and the level then.
    fn series(&self, level: &Level) -> Vec<(f64, f64)> {
        let mut since_ns = 0;
        let points = self.windows.iter().filter_map(|block| {
            since_ns += block.elapsed_ns;
            Some((since_ns as f64 / NS_PER_S / 3600.0, (level.of)(block)?))
        });
        points.collect()
    }

    /// The metrics of a soak.
    pub fn metrics(&self, plan: &ScenarioPlan, soak: &Soak) -> Vec<Candidate> {
        let budget = &plan.budget;
        let memory = metric::agent_memory(&self.windows, budget.agent_memory_mb);
        let up = self.up(soak, budget.uptime_pct.map(Limit::AtLeast));
        [up, growth(soak, budget.agent_growth_mb_per_hour.map(Limit::Budget)), memory]
            .into_iter()
            .flatten()
            .collect()
    }

    fn up(&self, soak: &Soak, limit: Option<Limit>) -> Option<Candidate> {
        let share = stats::proportion(soak.up, soak.windows, Alpha::one_sided(FAMILY_RATE).ok()?)?;
        let bounds = [share.low, share.estimate, share.high].map(|share| 100.0 * share);
        Some(level("uptime_pct", bounds, soak.windows as u32, limit))
    }
}

/// Whether agent or target ended in this window, so that there is none after it.
pub fn is_the_end(block: &Block) -> bool {
    block.window.as_ref().is_some_and(WindowUse::is_the_end)
}

/// The slope of all that the agent holds, with a page over the whole soak on either side.
fn growth(soak: &Soak, limit: Option<Limit>) -> Option<Candidate> {
    let trend = soak.trends.iter().find(|trend| trend.name == LEVELS[0].name)?;
    let per_hour = trend.per_hour?;
    let unseen = ratio(PAGE_MB, soak.seconds / 3600.0);
    let mut candidate =
        level("agent_growth_mb_per_hour", [0.0, per_hour.estimate, 0.0], trend.points.len() as u32, limit);
    candidate.metric.low = per_hour.low.map(|low| low - unseen);
    candidate.metric.high = per_hour.high.map(|high| high + unseen);
    Some(candidate)
}

/// A slope is found by bisection over all numbers, which ends beside zero and not at it.
fn settled(slope: f64) -> f64 {
    if slope.abs() < f64::MIN_POSITIVE.sqrt() { 0.0 } else { slope }
}

/// Why a window was down.
enum Why {
    Gone,
    Silent,
    Failed(u64),
    Ledger(String),
}

impl Why {
    fn said(&self) -> String {
        match self {
            Self::Gone => "agent or target had ended".into(),
            Self::Silent => "the agent did not answer in time".into(),
            Self::Failed(count) => format!("failed requests: {count}"),
            Self::Ledger(what) => what.clone(),
        }
    }
}

fn why_down(block: &Block, treatment: &Treatment) -> Option<Why> {
    let held = block.window.as_ref()?;
    match held.agent {
        Some(Presence::Gone) => return Some(Why::Gone),
        _ if held.target_gone => return Some(Why::Gone),
        Some(Presence::Silent) => return Some(Why::Silent),
        Some(Presence::Answers) | None => {}
    }
    let failed = failed(block);
    if failed > 0 {
        return Some(Why::Failed(failed));
    }
    ledger::of_treated(block, treatment).map(Why::Ledger)
}

fn failed(block: &Block) -> u64 {
    block.load.failed.values().sum()
}

fn planted(treatment: &Treatment) -> u64 {
    match treatment.kind {
        TreatmentKind::Tracer { leak_bytes_per_second, .. } => leak_bytes_per_second,
        TreatmentKind::Planted { .. } | TreatmentKind::Nothing => 0,
    }
}

#[cfg(test)]
mod tests;
