//! What a system call costs a process that nobody traces.

use record::block::Block;
use stats::Sample;

use super::{Measured, arm::ratio};

/// CPU per system call of the bystander, in nanoseconds: the untraced levels, and the differences, pair by pair. None
/// where no pair has it in both blocks.
pub fn ns_per_call(pairs: &[Measured<'_>]) -> Option<(Sample, Sample)> {
    let measured = pairs.iter().filter_map(|pair| Some((of(pair.untraced)?, of(pair.treated)?)));
    let (levels, differences) = measured.map(|(without, with)| (without, with - without)).unzip();
    Some((Sample::new(levels).ok()?, Sample::new(differences).ok()?))
}

fn of(block: &Block) -> Option<f64> {
    block.bystander.map(|used| ratio(used.cpu_ns as f64, used.calls as f64))
}

#[cfg(test)]
mod tests {
    use record::{bystander::BystanderUse, plan::Arm};

    use super::{super::tests::block, Measured, ns_per_call};

    /// `calls` system calls at `ns` each.
    fn used(calls: u64, ns: u64) -> Option<BystanderUse> {
        Some(BystanderUse { calls, cpu_ns: calls * ns })
    }

    #[test]
    fn the_difference_is_of_one_call_however_many_there_were() {
        let mut blocks = [(0, 50, 180), (1, 60, 185)].map(|(pair, without, with)| {
            let mut blocks = [block(pair, Arm::Untraced, 1.0), block(pair, Arm::Treated, 1.0)];
            (blocks[0].bystander, blocks[1].bystander) = (used(1_000, without), used(400, with));
            blocks
        });
        let measured = |blocks: &[[record::block::Block; 2]]| {
            let pairs: Vec<_> =
                blocks.iter().map(|[untraced, treated]| Measured { untraced, treated }).collect();
            ns_per_call(&pairs).map(|(levels, differences)| (stats::median(&levels), differences.count()))
        };
        assert_eq!(measured(&blocks), Some((55.0, 2)));
        blocks[0][1].bystander = None;
        assert_eq!(measured(&blocks), Some((60.0, 1)));
        blocks[1][0].bystander = None;
        assert_eq!(measured(&blocks), None);
    }
}
