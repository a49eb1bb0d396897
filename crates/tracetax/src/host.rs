//! Reads the machine: what makes numbers comparable, and what helps to explain them.
//!
//! Changes nothing. Nothing that names a machine or a person is read: no serial number, host name, user name
//! or address.

use std::{collections::HashMap, fs};

use anyhow::Context as _;
use procfs::{ConfigSetting, CpuInfo, Current as _, Meminfo, sys::kernel::Version};
use record::host::{Host, HostClass, SCHEMA};

use crate::cgroup::Layout;

/// Reads the machine that this process runs on. Which strategies its kernel takes is not read here, since they must be
/// tried; nor is it judged.
///
/// # Errors
/// When a part of `/proc` that every Linux has is not readable.
pub fn read() -> anyhow::Result<Host> {
    let class = read_class()?;
    let system = rustix::system::uname();
    let kernel = format!("{} {}", system.release().to_string_lossy(), system.version().to_string_lossy());
    Ok(Host {
        schema: SCHEMA.to_owned(),
        class_id: class_id(&class),
        class,
        kernel,
        memory_bytes: Meminfo::current().context("cannot read /proc/meminfo")?.mem_total,
        distribution: fs::read_to_string("/etc/os-release")
            .ok()
            .and_then(|text| pretty_name(&text))
            .unwrap_or_else(unknown),
        strategies: Vec::new(),
        facts: Vec::new(),
    })
}

fn read_class() -> anyhow::Result<HostClass> {
    let cpus = CpuInfo::current().context("cannot read /proc/cpuinfo")?;
    let version = Version::current().context("cannot read the kernel's version")?;
    // Absent on many machines, which is not an error: the class then says so.
    let config = procfs::kernel_config().unwrap_or_default();
    Ok(HostClass {
        cpu_model: cpu_model(&cpus),
        cores: u32::try_from(cpus.num_cores())?,
        kernel: format!("{}.{}", version.major, version.minor),
        hz: hz(&config),
        accounting: accounting(&config).to_owned(),
        cgroup_mode: Layout::detect().map_or("none", |layout| layout.mode().name()).to_owned(),
        clock: clock_source().unwrap_or_else(unknown),
        virtualisation: virtualisation(&cpus),
    })
}

/// The short id of a class: FNV-1a over its canonical text, as 8 hexadecimal digits. Baselines are filed
/// under it, so neither may change without a new schema.
#[must_use]
pub fn class_id(class: &HostClass) -> String {
    format!("{:08x}", fnv1a_32(canonical_text(class).as_bytes()))
}

/// One `key=value` a line, in the order of the fields; an absent value is empty.
fn canonical_text(class: &HostClass) -> String {
    let HostClass { cpu_model, cores, kernel, hz, accounting, cgroup_mode, clock, virtualisation } = class;
    let hz = hz.map(|hz| hz.to_string()).unwrap_or_default();
    format!(
        "cpu_model={cpu_model}\ncores={cores}\nkernel={kernel}\nhz={hz}\naccounting={accounting}\n\
         cgroup_mode={cgroup_mode}\nclock={clock}\nvirtualisation={virtualisation}\n"
    )
}

/// FNV-1a, 32 bits (RFC 9923, "The FNV Non-Cryptographic Hash Algorithm").
fn fnv1a_32(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}

/// Model name on x86; on Arm, which has none, the numbers that stand for it.
fn cpu_model(cpus: &CpuInfo) -> String {
    let field =
        |name| cpus.get_field(0, name).map(|value| value.split_whitespace().collect::<Vec<_>>().join(" "));
    field("model name").unwrap_or_else(|| {
        let names = ["CPU implementer", "CPU part", "CPU variant", "CPU revision"];
        let parts: Vec<String> = names.into_iter().filter_map(field).collect();
        if parts.is_empty() { unknown() } else { parts.join(" ") }
    })
}

/// `CONFIG_HZ` (kernel/Kconfig.hz).
fn hz(config: &HashMap<String, ConfigSetting>) -> Option<u32> {
    match config.get("CONFIG_HZ")? {
        ConfigSetting::Value(value) => value.parse().ok(),
        _ => None,
    }
}

/// "Cputime accounting" of init/Kconfig: a choice of three.
pub(crate) fn accounting(config: &HashMap<String, ConfigSetting>) -> &'static str {
    let choices = [
        ("CONFIG_TICK_CPU_ACCOUNTING", "tick"),
        ("CONFIG_VIRT_CPU_ACCOUNTING_GEN", "gen"),
        ("CONFIG_VIRT_CPU_ACCOUNTING_NATIVE", "native"),
    ];
    let chosen = choices.into_iter().find(|(key, _)| matches!(config.get(*key), Some(ConfigSetting::Yes)));
    chosen.map_or("unknown", |(_, name)| name)
}

/// Documentation/ABI/testing/sysfs-devices-system-clocksource.
fn clock_source() -> Option<String> {
    let path = "/sys/devices/system/clocksource/clocksource0/current_clocksource";
    fs::read_to_string(path).ok().map(|text| text.trim().to_owned())
}

/// The `hypervisor` flag is how an x86 guest learns that it is one; who it is, CPUID tells. Elsewhere the
/// firmware's vendor stands in, where there is one.
fn virtualisation(cpus: &CpuInfo) -> String {
    let is_guest = cpus.flags(0).is_some_and(|flags| flags.contains(&"hypervisor"));
    match (cfg!(target_arch = "x86_64"), is_guest) {
        (true, false) => "none".to_owned(),
        (true, true) => hypervisor_signature().unwrap_or_else(unknown),
        (false, _) => fs::read_to_string("/sys/class/dmi/id/sys_vendor")
            .map_or_else(|_| unknown(), |text| text.trim().to_owned()),
    }
}

/// Leaf 0x4000_0000 of CPUID: 12 characters in EBX, ECX, EDX (Documentation/virt/kvm/x86/cpuid.rst).
#[cfg(target_arch = "x86_64")]
fn hypervisor_signature() -> Option<String> {
    let leaf = std::arch::x86_64::__cpuid(0x4000_0000);
    signature([leaf.ebx, leaf.ecx, leaf.edx])
}

#[cfg(not(target_arch = "x86_64"))]
fn hypervisor_signature() -> Option<String> {
    None
}

#[cfg_attr(not(target_arch = "x86_64"), allow(dead_code, reason = "only x86 has CPUID"))]
fn signature(registers: [u32; 3]) -> Option<String> {
    let bytes: Vec<u8> = registers.into_iter().flat_map(u32::to_le_bytes).collect();
    let printable = |byte: &u8| byte.is_ascii_graphic() || *byte == b' ';
    let text: String = bytes.iter().filter(|byte| printable(byte)).map(|byte| char::from(*byte)).collect();
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

/// `PRETTY_NAME` of os-release(5), without its quotes.
fn pretty_name(os_release: &str) -> Option<String> {
    let value = os_release.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="))?;
    Some(value.trim().trim_matches(['"', '\'']).to_owned())
}

fn unknown() -> String {
    "unknown".to_owned()
}

#[cfg(test)]
mod tests;
