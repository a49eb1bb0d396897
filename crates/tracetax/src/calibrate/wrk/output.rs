//! What `wrk` prints. Pure.

use anyhow::{Context, Result, ensure};

/// The rate that a run of `wrk` tells.
///
/// # Errors
/// When it tells none, or of requests that failed: then its rate is not comparable.
pub fn requests_per_second(output: &str) -> Result<f64> {
    let value = |label| output.lines().find_map(|line| line.trim().strip_prefix(label)).map(str::trim);
    for trouble in ["Socket errors:", "Non-2xx or 3xx responses:"] {
        ensure!(value(trouble).is_none(), "wrk had {trouble} {}", value(trouble).unwrap_or_default());
    }
    let rate = value("Requests/sec:").with_context(|| format!("wrk told no rate: {output:?}"))?;
    let rate: f64 = rate.parse().with_context(|| format!("wrk told the rate {rate:?}"))?;
    ensure!(rate.is_finite() && rate > 0.0, "wrk told the rate {rate}");
    Ok(rate)
}

/// The version among what `wrk --version` prints: `wrk 4.1.0 [epoll] Copyright ...`.
pub fn version(output: &str) -> Option<&str> {
    output.split_whitespace().skip_while(|word| *word != "wrk").nth(1)
}

#[cfg(test)]
mod tests {
    use super::{requests_per_second, version};

    const GOOD: &str = "\
Running 1s test @ http://127.0.0.1:8080/plain
  1 threads and 16 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency   112.06us   26.73us   1.06ms   85.22%
    Req/Sec   138.42k     2.19k  141.01k    81.82%
  151442 requests in 1.10s, 18.05MB read
Requests/sec: 137702.61
Transfer/sec:     16.42MB
";

    #[test]
    fn the_rate_is_read() {
        assert_eq!(requests_per_second(GOOD).unwrap(), 137_702.61);
    }

    #[test]
    fn a_run_in_trouble_is_none() {
        let refused = |output: &str| requests_per_second(output).unwrap_err().to_string();
        let errors = GOOD
            .replace("Requests/sec", "  Socket errors: connect 0, read 3, write 0, timeout 0\nRequests/sec");
        assert_eq!(refused(&errors), "wrk had Socket errors: connect 0, read 3, write 0, timeout 0");
        let status = GOOD.replace("Requests/sec", "  Non-2xx or 3xx responses: 7\nRequests/sec");
        assert_eq!(refused(&status), "wrk had Non-2xx or 3xx responses: 7");
        assert!(refused("unable to connect").starts_with("wrk told no rate"));
        assert!(refused("Requests/sec: 0.00").starts_with("wrk told the rate"));
        assert!(refused("Requests/sec: nan").starts_with("wrk told the rate"));
    }

    #[test]
    fn the_version_is_read() {
        assert_eq!(version("wrk debian/4.1.0-3+b2 [epoll] Copyright (C) 2012"), Some("debian/4.1.0-3+b2"));
        assert_eq!(version("something else"), None);
    }
}
