//! The rule for a ladder of rates.

use std::num::NonZeroU64;

use toml::de::DeValue;

use super::{
    super::{shape::Shape, step::write},
    Fault, Rule, found, grouped, whole,
};

/// Most rates of a ladder: each is measured in each climb.
const MOST: usize = 10;

/// Rates in events per second, each higher than the one before.
pub(in crate::scenario) struct Ladder;

impl Rule for Ladder {
    type Value = Vec<NonZeroU64>;

    fn allowed(&self) -> String {
        format!("a list of 1 to {MOST} rising rates, each {}", rate().allowed())
    }

    fn shape(&self) -> Shape {
        Shape::List { most: MOST, of: Box::new(rate().shape()) }
    }

    fn check(&self, value: &DeValue<'_>) -> Result<Vec<NonZeroU64>, Fault> {
        let Some(items) = value.as_array() else {
            return Err(self.fault(found(value), write(EXAMPLE)));
        };
        if !(1..=MOST).contains(&items.len()) {
            let held = format!("found a list of {}", items.len());
            return Err(self.fault(held, write(format!("1 to {MOST} rates, as in {EXAMPLE}"))));
        }
        let mut rates: Vec<u32> = Vec::new();
        for item in items.iter() {
            let wrong = |fault: Fault| self.fault(format!("in it: {}", fault.found), fault.step);
            let next = rate().check(item.get_ref()).map_err(wrong)?;
            if let Some(last) = rates.last().filter(|last| **last >= next) {
                let order = format!("{} comes after {}", grouped(next.into()), grouped((*last).into()));
                return Err(self.fault(order, write("the lowest rate first, and each but once")));
            }
            rates.push(next);
        }
        Ok(rates.into_iter().filter_map(|rate| NonZeroU64::new(rate.into())).collect())
    }
}

const EXAMPLE: &str = "`[10_000, 100_000]`";

fn rate() -> impl Rule<Value = u32> {
    whole(1..=100_000_000, "events per second")
}
