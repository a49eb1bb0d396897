//! Numbers in, estimate out: what do the paired differences of a run say, and how surely?
//!
//! Pure functions: no I/O, no clock, no randomness, no formatting. Every value keeps the unit of its input.
//! A [`Sample`] cannot hold NaN, an infinity or nothing at all, so that no estimate has to ask.

mod bisection;
pub mod chunk_flip;
mod flip_distribution;
mod hodges_lehmann;
mod holm;
mod interval;
mod noncentral_t;
pub mod power;
pub mod prediction;
mod proportion;
mod quantile;
mod refused;
mod sample;
pub mod signed_rank;
mod slope;
mod spread;
pub mod student;
mod trend;

pub use hodges_lehmann::hodges_lehmann;
pub use holm::holm;
pub use interval::{Alpha, Alternative, Interval};
pub use proportion::{proportion, trials_needed};
pub use quantile::{median, quantile};
pub use refused::Refused;
pub use sample::Sample;
pub use slope::theil_sen;
pub use spread::{Spread, spread_of_medians};
pub use trend::{Trend, trend};
