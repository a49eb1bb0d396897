//! The section `[bystander]`.

use record::plan::BystanderPlan;

use super::{
    super::{key::means, rule::whole, section::Section},
    NS_PER_MS,
};

pub(super) fn bystander(bystander: &mut Section<'_, '_>) -> Option<BystanderPlan> {
    let measure_ms = bystander.required(
        "measure_ms",
        &whole(5..=10_000, "milliseconds"),
        means("How long it makes system calls after the load of each block.", "5"),
    );
    Some(BystanderPlan { measure_ns: u64::from(measure_ms?.value) * NS_PER_MS })
}
