//! A checked plan: what [`record::load::LoadPlan`] says, in the form the engine runs.

use std::net::SocketAddr;

use anyhow::{bail, ensure};
use record::load::{LoadPlan, Pacing};

use crate::schedule::{Gaps, Schedule};

/// Above this rate the gaps are smaller than the clock tells apart.
const MAX_REQUESTS_PER_SECOND: f64 = 1e8;
/// A day; keeps every sum of times far from overflow.
const MAX_NS: u64 = 86_400_000_000_000;
/// The longest path that common servers accept in their default settings.
const MAX_PATH_BYTES: usize = 8_000;

/// One stretch of load, checked.
#[derive(Debug, Clone)]
pub struct Plan {
    /// When requests leave; `None` is closed loop.
    pub schedule: Option<Schedule>,
    /// Requests are planned over this long.
    pub duration_ns: u64,
    /// How long a request may take from when it is sent.
    pub timeout_ns: u64,
    /// The bytes of every request.
    pub request: Vec<u8>,
}

impl Plan {
    /// Checks `plan` for a server at `address`.
    ///
    /// # Errors
    /// Names the field that cannot be obeyed and what it may be.
    pub fn check(plan: &LoadPlan, address: SocketAddr) -> anyhow::Result<Self> {
        ensure!(plan.duration_ns <= MAX_NS, "duration_ns is {}: at most a day", plan.duration_ns);
        ensure!(
            (1..=MAX_NS).contains(&plan.timeout_ns),
            "timeout_ns is {}: at least 1, at most a day",
            plan.timeout_ns
        );
        Ok(Self {
            schedule: schedule(plan)?,
            duration_ns: plan.duration_ns,
            timeout_ns: plan.timeout_ns,
            request: request(&plan.path, address)?,
        })
    }
}

fn schedule(plan: &LoadPlan) -> anyhow::Result<Option<Schedule>> {
    let (gaps, rate) = match plan.pacing {
        Pacing::Closed => return Ok(None),
        Pacing::Poisson { requests_per_second } => (Gaps::Exponential, requests_per_second),
        Pacing::Constant { requests_per_second } => (Gaps::Equal, requests_per_second),
    };
    // Written so that NaN is refused too.
    if !(rate > 0.0 && rate <= MAX_REQUESTS_PER_SECOND) {
        bail!("requests_per_second is {rate}: more than 0, at most {MAX_REQUESTS_PER_SECOND}");
    }
    Ok(Some(Schedule::new(gaps, rate, plan.duration_ns, plan.seed)))
}

/// The request, after checking that the path cannot break out of its line.
fn request(path: &str, address: SocketAddr) -> anyhow::Result<Vec<u8>> {
    ensure!(path.starts_with('/'), "path is {path:?}: it begins with /");
    ensure!(path.len() <= MAX_PATH_BYTES, "path has {} bytes: at most {MAX_PATH_BYTES}", path.len());
    ensure!(
        path.bytes().all(|byte| byte.is_ascii_graphic()),
        "path is {path:?}: printable ASCII without spaces"
    );
    Ok(format!("GET {path} HTTP/1.1\r\nHost: {address}\r\n\r\n").into_bytes())
}

#[cfg(test)]
mod tests {
    use record::load::{LoadPlan, Pacing};

    use super::Plan;

    fn good() -> LoadPlan {
        let pacing = Pacing::Poisson { requests_per_second: 1e3 };
        LoadPlan { seed: 1, pacing, duration_ns: 1_000, path: "/plain?a=b".into(), timeout_ns: 1_000 }
    }

    fn check(plan: &LoadPlan) -> Result<Plan, String> {
        Plan::check(plan, "127.0.0.1:8080".parse().unwrap()).map_err(|error| error.to_string())
    }

    #[test]
    fn a_good_plan_becomes_a_request() {
        let plan = check(&good()).unwrap();
        assert_eq!(plan.request, b"GET /plain?a=b HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n");
        assert!(plan.schedule.is_some());
        assert!(check(&LoadPlan { pacing: Pacing::Closed, ..good() }).unwrap().schedule.is_none());
    }

    #[test]
    fn a_bad_field_is_named() {
        for rate in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            let pacing = Pacing::Constant { requests_per_second: rate };
            assert!(check(&LoadPlan { pacing, ..good() }).unwrap_err().starts_with("requests_per_second"));
        }
        for path in ["", "plain", "/a b", "/a\r\nHost: x", "/\u{e4}"] {
            assert!(check(&LoadPlan { path: path.into(), ..good() }).unwrap_err().starts_with("path"));
        }
        assert!(check(&LoadPlan { timeout_ns: 0, ..good() }).unwrap_err().starts_with("timeout_ns"));
        assert!(check(&LoadPlan { duration_ns: u64::MAX, ..good() }).unwrap_err().starts_with("duration_ns"));
    }
}
