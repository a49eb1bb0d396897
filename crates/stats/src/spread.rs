//! The spread between lives of a process: what the blocks inside one life cannot show, such as memory layout.

use crate::{Sample, median};

/// How far apart do groups lie? Their smallest, middle and largest median, in the unit of the input.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    /// The smallest group median.
    pub low: f64,
    /// The median of the group medians.
    pub middle: f64,
    /// The largest group median.
    pub high: f64,
}

/// How much does the typical value differ from group to group? `None` without groups.
///
/// A description, not an interval: it grows with the number of groups.
pub fn spread_of_medians(groups: &[Sample]) -> Option<Spread> {
    let medians = Sample::new(groups.iter().map(median).collect()).ok()?;
    let values = medians.values();
    Some(Spread { low: values[0], middle: median(&medians), high: values[values.len() - 1] })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_the_medians() {
        let groups = [[1.0, 2.0, 90.0], [5.0, 4.0, 6.0], [3.0, 3.0, 3.0]];
        let groups: Vec<Sample> = groups.iter().map(|group| Sample::new(group.to_vec()).unwrap()).collect();
        assert_eq!(spread_of_medians(&groups), Some(Spread { low: 2.0, middle: 3.0, high: 5.0 }));
        assert_eq!(spread_of_medians(&[]), None);
    }
}
