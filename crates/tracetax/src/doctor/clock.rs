//! Facts about time: what tells it, how finely, and what asking costs.

use std::time::Instant;

use procfs::ConfigSetting;
use rustix::time::{ClockId, clock_getres};

use super::{
    Finding, Machine,
    machine::{unconfigured, unreadable},
    topic::Topic,
};

pub(super) const TOPICS: [Topic; 4] = [
    Topic {
        id: "clock-source",
        wanted: "one that processes read without a system call: `tsc`, `arch_sys_counter`, `kvm-clock`, `hyperv_clocksource_tsc_page`",
        why: "Each request takes several time stamps. A clock that needs a system call, or a device, makes each of them dearer \
              than the tracer that is measured.",
        judge: source,
    },
    Topic {
        id: "clock-read",
        wanted: "below 200 ns a reading",
        why: "The time that a reading takes is part of every latency, and of the generator's lateness.",
        judge: reading,
    },
    Topic {
        id: "timer-resolution",
        wanted: "1 ns: high-resolution timers are on",
        why: "In open loop a request leaves at its planned microsecond. Timers that go by ticks make the generator late by \
              milliseconds, and late blocks are discarded.",
        judge: resolution,
    },
    Topic {
        id: "hz",
        wanted: "250 ticks a second or more",
        why: "Idle time is counted by ticks, so that each end of a block leaves up to a tick a core unaccounted.",
        judge: ticks,
    },
];

const FOLDER: &str = "/sys/devices/system/clocksource/clocksource0";

/// Read in the vDSO (vdso(7); `vdso_clock_mode` of the kernel's clock sources).
const WITHOUT_SYSTEM_CALL: [&str; 5] =
    ["tsc", "arch_sys_counter", "kvm-clock", "hyperv_clocksource_tsc_page", "riscv_clocksource"];

/// Above this a reading has been a system call, or a device. A vDSO takes 15 to 50 ns, an emulated device microseconds.
const DEAR_READ_NS: f64 = 200.0;

/// Readings that are timed.
const READINGS: u32 = 2_000;

/// What was measured of the clock.
#[derive(Debug, Clone, Copy)]
pub(super) struct Readings {
    /// One reading, in nanoseconds.
    pub read_ns: f64,
    /// As the kernel tells it, in nanoseconds.
    pub resolution_ns: i64,
}

impl Readings {
    /// Measures for a fraction of a millisecond.
    pub fn take() -> Self {
        let resolution = clock_getres(ClockId::Monotonic);
        Self { read_ns: read_ns(), resolution_ns: resolution.tv_sec * 1_000_000_000 + resolution.tv_nsec }
    }
}

/// The best of three, since whatever else runs only makes it longer.
fn read_ns() -> f64 {
    let mean = |_| {
        let start = Instant::now();
        let last = (0..READINGS).fold(start, |_, _| Instant::now());
        (last - start).as_nanos() as f64 / f64::from(READINGS)
    };
    (0..3).map(mean).fold(f64::INFINITY, f64::min)
}

/// Documentation/ABI/testing/sysfs-devices-system-clocksource.
fn source(machine: &Machine) -> Finding {
    let path = format!("{FOLDER}/current_clocksource");
    let current = match machine.text(&path) {
        Ok(current) => current,
        Err(error) => return unreadable(&path, &error),
    };
    if WITHOUT_SYSTEM_CALL.contains(&current.as_str()) {
        return Finding::ok(current);
    }
    let available = machine.text(&format!("{FOLDER}/available_clocksource")).unwrap_or_default();
    let better = available.split_whitespace().find(|name| WITHOUT_SYSTEM_CALL.contains(name));
    let next_step = match better {
        Some(better) => format!("echo {better} | sudo tee {path}"),
        None => "sudo dmesg | grep -i clocksource  # says why the kernel has no better one".into(),
    };
    Finding::warn(format!("{current}, of {available}"), next_step)
}

fn reading(machine: &Machine) -> Finding {
    let found = format!("{:.0} ns", machine.clock.read_ns);
    if machine.clock.read_ns < DEAR_READ_NS {
        return Finding::ok(found);
    }
    Finding::warn(found, format!("cat {FOLDER}/available_clocksource  # tsc is the cheapest"))
}

/// 1 ns with high-resolution timers, else a tick (clock_getres(2); Documentation/timers/highres.rst).
fn resolution(machine: &Machine) -> Finding {
    let found = format!("{} ns", machine.clock.resolution_ns);
    if machine.clock.resolution_ns <= 1_000 {
        return Finding::ok(found);
    }
    Finding::fail(
        found,
        "cat /proc/cmdline  # boot without `highres=off` and `nohz=off`, on a kernel with CONFIG_HIGH_RES_TIMERS=y",
    )
}

/// `CONFIG_HZ` (kernel/Kconfig.hz).
fn ticks(machine: &Machine) -> Finding {
    let hz = match machine.config.get("CONFIG_HZ") {
        Some(ConfigSetting::Value(value)) => value.parse::<u32>().ok(),
        _ => None,
    };
    let Some(hz) = hz else { return unconfigured() };
    let found = format!("{hz} ticks a second");
    if hz >= 250 {
        return Finding::ok(found);
    }
    Finding::warn(
        found,
        "BENCHMARK_DURATION=60s cargo xtask bench SCENARIO  # more load makes up for coarse idle time",
    )
}

#[cfg(test)]
mod tests {
    use record::doctor::State::{Fail, Ok, Unknown, Warn};

    use super::{FOLDER, Readings, reading, resolution, source, ticks};
    use crate::doctor::made_up::{changed, check, configured, judged};

    #[test]
    fn a_clock_that_needs_a_system_call_is_told_with_a_better_one() {
        let with = |current: &str, available: &str| {
            let files = [("current_clocksource", current), ("available_clocksource", available)];
            let files = files.map(|(name, text)| (format!("{FOLDER}/{name}"), text));
            judged(&[(&files[0].0, files[0].1), (&files[1].0, files[1].1)], source)
        };
        check(with("tsc\n", "tsc kvm-clock\n"), Ok, "tsc", "");
        check(with("hpet", "tsc hpet"), Warn, "hpet, of tsc hpet", "echo tsc | sudo tee /sys");
        check(with("acpi_pm", "acpi_pm"), Warn, "acpi_pm", "dmesg");
        check(judged(&[], source), Unknown, "current_clocksource: No such file", "ls -l");
    }

    #[test]
    fn dear_and_coarse_clocks_are_told() {
        let with = |read_ns, resolution_ns, judge| {
            changed(&[], |machine| machine.clock = Readings { read_ns, resolution_ns }, judge)
        };
        check(with(25.4, 1, reading), Ok, "25 ns", "");
        check(with(850.0, 1, reading), Warn, "850 ns", "available_clocksource");
        check(with(25.0, 1, resolution), Ok, "1 ns", "");
        check(with(25.0, 4_000_000, resolution), Fail, "4000000 ns", "/proc/cmdline");
    }

    #[test]
    fn slow_ticks_are_told() {
        check(configured(&[("CONFIG_HZ", "250")], ticks), Ok, "250 ticks", "");
        check(configured(&[("CONFIG_HZ", "100")], ticks), Warn, "100 ticks", "BENCHMARK_DURATION=60s");
        check(judged(&[], ticks), Unknown, "configured", "modprobe configs");
    }

    #[test]
    fn this_machines_clock_can_be_measured() {
        let readings = Readings::take();
        assert!(
            readings.read_ns > 0.0 && readings.read_ns.is_finite() && readings.resolution_ns > 0,
            "{readings:?}"
        );
    }
}
