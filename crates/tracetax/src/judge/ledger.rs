//! Does the ledger of a pair close? Every event and every request is accounted for, or the block is not trusted.

use record::{agent::AgentStats, block::Block, load::Failure};

use super::Measured;

/// What is open, if anything.
#[must_use]
pub fn open(pair: &Measured<'_>) -> Option<String> {
    let block = pair.treated.pair;
    untraced(pair.untraced).or_else(|| of_treated(pair.treated)).map(|what| format!("pair {block}: {what}"))
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

/// What is open in a treated block, if anything.
#[must_use]
pub fn of_treated(block: &Block) -> Option<String> {
    let tracer = block.tracer.as_ref()?;
    let answered = answered(block);
    if let Some(open) = identities(tracer) {
        return Some(open);
    }
    (tracer.requests != answered).then(|| {
        format!(
            "{answered} requests were answered, the tracer reported {}{}",
            tracer.requests,
            exceptions(tracer)
        )
    })
}

fn identities(tracer: &AgentStats) -> Option<String> {
    let filtered: u64 = tracer.filtered.values().sum();
    let rejected: u64 = tracer.rejected.values().sum();
    let (hits, ends) = (tracer.hits + tracer.extra, filtered + tracer.submitted + tracer.reserve_failed);
    if hits != ends {
        return Some(format!("{hits} hits, but {ends} ends"));
    }
    if tracer.reserve_failed != 0 {
        return Some(format!("{} events were lost, the ring buffer was full", tracer.reserve_failed));
    }
    if tracer.submitted != tracer.received {
        return Some(format!("{} events were submitted, {} received", tracer.submitted, tracer.received));
    }
    (tracer.received != tracer.parsed)
        .then(|| format!("{rejected} of {} events were not understood", tracer.received))
}

fn exceptions(tracer: &AgentStats) -> String {
    let named = tracer.exceptions.iter().filter(|(_, count)| **count != 0);
    named.map(|(name, count)| format!(", {name} {count}")).collect()
}
