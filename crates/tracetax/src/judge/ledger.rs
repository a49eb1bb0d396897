//! Does the ledger of a pair close? Every event and every request is accounted for, or the block is not trusted.

use record::{
    agent::AgentStats,
    block::Block,
    load::Failure,
    plan::{Treatment, TreatmentKind},
    stage::Stage,
};

use super::Measured;

/// What is open, if anything.
#[must_use]
pub fn open(pair: &Measured<'_>, treatment: &Treatment) -> Option<String> {
    let block = pair.treated.pair;
    let open = untraced(pair.untraced)
        .or_else(|| of_treated(pair.treated, treatment))
        .or_else(|| [pair.untraced, pair.treated].into_iter().find_map(other_hit));
    open.map(|what| format!("pair {block}: {what}"))
}

/// Requests that got a whole answer, of whatever status.
#[must_use]
pub fn answered(block: &Block) -> u64 {
    block.load.completed + block.load.failed.get(&Failure::Status).copied().unwrap_or(0)
}

fn untraced(block: &Block) -> Option<String> {
    let tracer = block.tracer.as_ref()?;
    (tracer.hits != 0).then(|| format!("the tracer was hit {} times while it was detached", tracer.hits))
}

/// At most one of two tracers is switched on at a time.
fn other_hit(block: &Block) -> Option<String> {
    let hits = block.other_hits.filter(|hits| *hits != 0)?;
    Some(format!("the tracer that was switched off was hit {hits} times"))
}

/// What is open in a treated block, if anything.
#[must_use]
pub fn of_treated(block: &Block, treatment: &Treatment) -> Option<String> {
    let (tracer, TreatmentKind::Tracer { stage, .. }) = (block.tracer.as_ref()?, &treatment.kind) else {
        return None;
    };
    identities(tracer).or_else(|| match stage {
        Stage::Floor => counted_nothing(tracer),
        Stage::Lookup | Stage::Copy => sent_nothing(tracer, *stage),
        Stage::Full => lost_any(block, tracer).or_else(|| told_every_request(tracer, answered(block))),
    })
}

fn identities(tracer: &AgentStats) -> Option<String> {
    let filtered: u64 = tracer.filtered.values().sum();
    let rejected: u64 = tracer.rejected.values().sum();
    let (hits, ends) = (tracer.hits + tracer.extra, filtered + tracer.submitted + tracer.reserve_failed);
    if hits != ends {
        return Some(format!("{hits} hits, but {ends} ends"));
    }
    if tracer.submitted != tracer.received {
        return Some(format!("{} events were submitted, {} received", tracer.submitted, tracer.received));
    }
    (tracer.received != tracer.parsed)
        .then(|| format!("{rejected} of {} events were not understood", tracer.received))
}

fn counted_nothing(tracer: &AgentStats) -> Option<String> {
    (tracer.hits != 0).then(|| format!("programs of stage `floor` counted {} hits", tracer.hits))
}

/// A stage that was never entered would be cheap for the wrong reason.
fn sent_nothing(tracer: &AgentStats, stage: Stage) -> Option<String> {
    if tracer.submitted != 0 {
        return Some(format!("programs of stage `{stage}` sent {} events", tracer.submitted));
    }
    (tracer.hits == 0).then(|| format!("programs of stage `{stage}` were never hit"))
}

/// How many are lost is what a flood asks. Elsewhere none may be.
fn lost_any(block: &Block, tracer: &AgentStats) -> Option<String> {
    let lost = tracer.reserve_failed;
    (lost != 0 && block.flood.is_none()).then(|| format!("{lost} events were lost, the ring buffer was full"))
}

/// What is no record found no room, or is an exception with a name; there is no other case.
fn told_every_request(tracer: &AgentStats, answered: u64) -> Option<String> {
    let named: u64 = tracer.exceptions.values().sum();
    let told = tracer.requests + tracer.reserve_failed;
    (told != answered && told + named != answered).then(|| {
        format!(
            "{answered} requests were answered, the tracer reported {}{}{}",
            tracer.requests,
            lost(tracer),
            exceptions(tracer)
        )
    })
}

fn lost(tracer: &AgentStats) -> String {
    if tracer.reserve_failed == 0 { String::new() } else { format!(", lost {}", tracer.reserve_failed) }
}

fn exceptions(tracer: &AgentStats) -> String {
    let named = tracer.exceptions.iter().filter(|(_, count)| **count != 0);
    named.map(|(name, count)| format!(", {name} {count}")).collect()
}
