//! The share of treated blocks in which all went well, with its bounds.

use record::{block::Block, plan::Treatment};
use stats::Alpha;

use super::{gate::FAMILY_RATE, ledger};

/// Blocks without a failed request and with a closed ledger, in percent: lower bound, share, upper bound, each bound at
/// [`FAMILY_RATE`] one-sided.
pub fn share_pct(treatment: &Treatment, treated: &[&Block]) -> Option<[f64; 3]> {
    let good = treated.iter().filter(|block| is_good(block, treatment)).count();
    let share = stats::proportion(good as u64, treated.len() as u64, Alpha::one_sided(FAMILY_RATE).ok()?)?;
    Some([share.low, share.estimate, share.high].map(|share| 100.0 * share))
}

fn is_good(block: &Block, treatment: &Treatment) -> bool {
    block.load.failed.is_empty() && ledger::of_treated(block, treatment).is_none()
}
