//! Many questions, one error rate.

use crate::Refused;

/// Which of several p-values still count when all were asked at once? Adjusted p-values, in the order of the input.
///
/// Rejecting where the adjusted p is at most alpha keeps the probability of any false alarm at alpha, however the
/// questions depend on one another.
///
/// # Errors
/// [`Refused::Probability`] for the first that is not between 0 and 1.
///
/// Source: Holm, *A simple sequentially rejective multiple test procedure*, Scand. J. Statist. 6 (1979).
pub fn holm(p: &[f64]) -> Result<Vec<f64>, Refused> {
    if let Some(&bad) = p.iter().find(|p| !(0.0..=1.0).contains(*p)) {
        return Err(Refused::Probability(bad));
    }
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|&a, &b| p[a].total_cmp(&p[b]));
    let mut adjusted = vec![0.0; p.len()];
    let mut largest = 0.0_f64;
    for (rank, &index) in order.iter().enumerate() {
        // The smallest pays for all, the next for one fewer, and none may undercut its predecessor.
        largest = largest.max(p[index] * (p.len() - rank) as f64).min(1.0);
        adjusted[index] = largest;
    }
    Ok(adjusted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adjusts_as_published() {
        // R: p.adjust(c(0.01, 0.04, 0.03, 0.005), "holm") gives 0.03 0.06 0.06 0.02.
        let adjusted = holm(&[0.01, 0.04, 0.03, 0.005]).unwrap();
        for (found, expected) in adjusted.iter().zip([0.03, 0.06, 0.06, 0.02]) {
            assert!((found - expected).abs() < 1e-15, "{adjusted:?}");
        }
        assert_eq!(holm(&[0.6, 0.7]).unwrap(), [1.0, 1.0]);
        assert_eq!(holm(&[]).unwrap(), []);
    }

    #[test]
    fn refuses_what_is_no_probability() {
        assert_eq!(holm(&[0.1, 1.5]), Err(Refused::Probability(1.5)));
        assert!(holm(&[f64::NAN]).is_err());
    }
}
