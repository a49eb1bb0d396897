//! Every type that crosses a process or file border, with its schema version.
//!
//! Nothing here does I/O, reads a clock or computes a result: these are the shapes of messages and files. No
//! other crate derives `Serialize`, so this crate is the list of everything tracetax says to the outside.

pub mod agent;
pub mod baseline;
pub mod baseline_files;
pub mod bencher;
pub mod block;
pub mod bystander;
pub mod calibration;
pub mod capacity;
pub mod comparison;
pub mod cost;
pub mod doctor;
pub mod exact;
pub mod flood;
pub mod histogram;
pub mod host;
pub mod inspect;
pub mod load;
pub mod part;
pub mod plan;
pub mod recording;
pub mod revision;
pub mod sealed;
pub mod soak;
pub mod stage;
pub mod target;
pub mod unit;
pub mod verdict;
pub mod wakeup;
