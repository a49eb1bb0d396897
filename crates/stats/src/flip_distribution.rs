//! The exact distribution of a rank sum when every sign is the toss of a fair coin.

/// With what probability is the sum of a random subset of `weights` at most `limit`?
///
/// Counts the subsets of each sum by adding one weight at a time (the recurrence of Hollander and Wolfe, section 3.1; the
/// shift algorithm of Streitberg and Röhmel (1986) for tied ranks). Counts are whole numbers below 2^53 for up to 52
/// weights, so nothing is rounded.
pub(crate) fn probability_at_most(weights: &[usize], limit: usize) -> f64 {
    let subsets: f64 = subsets_by_sum(weights, limit).iter().sum();
    subsets / all_subsets(weights.len())
}

/// What is the largest c for which a random subset sums to less than c with probability at most `alpha`?
pub(crate) fn critical_sum(weights: &[usize], alpha: f64) -> usize {
    // Sums are symmetric around half the total, and alpha is below 1/2.
    let half = weights.iter().sum::<usize>() / 2;
    let allowed = alpha * all_subsets(weights.len());
    let mut below = 0.0;
    subsets_by_sum(weights, half)
        .iter()
        .take_while(|&&subsets| {
            below += subsets;
            below <= allowed
        })
        .count()
}

/// The number of subsets with each sum from 0 to `limit`.
fn subsets_by_sum(weights: &[usize], limit: usize) -> Vec<f64> {
    let mut subsets = vec![0.0; limit + 1];
    subsets[0] = 1.0;
    let mut reached = 0;
    for &weight in weights {
        reached = (reached + weight).min(limit);
        for sum in (weight..=reached).rev() {
            subsets[sum] += subsets[sum - weight];
        }
    }
    subsets
}

fn all_subsets(weights: usize) -> f64 {
    2_f64.powi(weights as i32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_the_published_table() {
        // Hollander and Wolfe, table A.4: P(T+ >= 40 | n = 9) = 0.020, P(T+ >= 39 | n = 9) = 0.027.
        let ranks: Vec<usize> = (1..=9).collect();
        assert_eq!(probability_at_most(&ranks, 45 - 40), 10.0 / 512.0);
        assert_eq!(probability_at_most(&ranks, 45 - 39), 14.0 / 512.0);
        assert_eq!(critical_sum(&ranks, 0.0196), 6);
        assert_eq!(critical_sum(&ranks, 0.0195), 5);
        assert_eq!(critical_sum(&ranks, 0.001), 0);
    }

    #[test]
    fn ties_are_counted_as_they_stand() {
        assert_eq!(probability_at_most(&[3, 3], 3), 0.75);
        assert_eq!(probability_at_most(&[], 0), 1.0);
    }

    #[test]
    fn fifty_ranks_stay_exact() {
        let ranks: Vec<usize> = (1..=50).collect();
        assert_eq!(probability_at_most(&ranks, 1275), 1.0);
        assert_eq!(probability_at_most(&ranks, 0), 2_f64.powi(-50));
    }
}
