//! Tests of what a machine is read as.

use std::collections::HashMap;

use procfs::{ConfigSetting, CpuInfo, FromBufRead as _};
use record::host::HostClass;

use super::{accounting, canonical_text, class_id, cpu_model, fnv1a_32, hz, pretty_name, read, signature};

fn class() -> HostClass {
    HostClass {
        cpu_model: "AMD EPYC".into(),
        cores: 2,
        kernel: "6.18".into(),
        hz: Some(250),
        accounting: "tick".into(),
        cgroup_mode: "hybrid".into(),
        clock: "tsc".into(),
        virtualisation: "KVMKVMKVM".into(),
    }
}

#[test]
fn the_text_behind_the_id_is_fixed() {
    insta::assert_snapshot!(canonical_text(&class()), @r"
    cpu_model=AMD EPYC
    cores=2
    kernel=6.18
    hz=250
    accounting=tick
    cgroup_mode=hybrid
    clock=tsc
    virtualisation=KVMKVMKVM
    ");
    insta::assert_snapshot!(class_id(&class()), @"afc865c9");
}

#[test]
fn every_field_changes_the_id() {
    let others = [
        HostClass { cpu_model: "AMD EPYC 2".into(), ..class() },
        HostClass { cores: 3, ..class() },
        HostClass { kernel: "6.19".into(), ..class() },
        HostClass { hz: None, ..class() },
        HostClass { accounting: "gen".into(), ..class() },
        HostClass { cgroup_mode: "v2".into(), ..class() },
        HostClass { clock: "hpet".into(), ..class() },
        HostClass { virtualisation: "none".into(), ..class() },
    ];
    for other in others {
        assert_ne!(class_id(&other), class_id(&class()), "{other:?}");
    }
}

/// Test vectors of RFC 9923, appendix C.
#[test]
fn the_hash_is_the_well_known_one() {
    assert_eq!(fnv1a_32(b""), 0x811c_9dc5);
    assert_eq!(fnv1a_32(b"a"), 0xe40c_292c);
    assert_eq!(fnv1a_32(b"foobar"), 0xbf9c_f968);
}

fn config(settings: &[(&str, &str)]) -> HashMap<String, ConfigSetting> {
    let setting = |value: &str| match value {
        "y" => ConfigSetting::Yes,
        other => ConfigSetting::Value(other.to_owned()),
    };
    settings.iter().map(|(key, value)| ((*key).to_owned(), setting(value))).collect()
}

#[test]
fn the_kernels_configuration_tells_ticks_and_accounting() {
    let debian = config(&[("CONFIG_HZ", "250"), ("CONFIG_VIRT_CPU_ACCOUNTING_GEN", "y")]);
    assert_eq!((hz(&debian), accounting(&debian)), (Some(250), "gen"));
    let tick = config(&[("CONFIG_HZ", "1000"), ("CONFIG_TICK_CPU_ACCOUNTING", "y")]);
    assert_eq!((hz(&tick), accounting(&tick)), (Some(1000), "tick"));
    let hidden = config(&[]);
    assert_eq!((hz(&hidden), accounting(&hidden)), (None, "unknown"));
}

#[test]
fn a_processor_without_a_model_name_is_told_by_numbers() {
    let check = |text: &str, expect: &str| {
        assert_eq!(cpu_model(&CpuInfo::from_buf_read(text.as_bytes()).unwrap()), expect);
    };
    check("processor\t: 0\nmodel name\t: Some  CPU @ 2.0GHz\n\n", "Some CPU @ 2.0GHz");
    check("processor\t: 0\nCPU implementer\t: 0x41\nCPU part\t: 0xd0c\n\n", "0x41 0xd0c");
    check("processor\t: 0\nBogoMIPS\t: 50.00\n\n", "unknown");
}

#[test]
fn a_hypervisor_signs_in_three_registers() {
    assert_eq!(signature([0x4b4d_564b, 0x564b_4d56, 0x4d]).as_deref(), Some("KVMKVMKVM"));
    assert_eq!(signature([0, 0, 0]), None);
}

#[test]
fn a_distribution_names_itself() {
    assert_eq!(pretty_name("NAME=X\nPRETTY_NAME=\"X 12 (y)\"\n").as_deref(), Some("X 12 (y)"));
    assert_eq!(pretty_name("NAME=X\n"), None);
}

#[test]
fn this_machine_is_read_the_same_twice() {
    let host = read().unwrap();
    assert_eq!(host, read().unwrap());
    assert!(host.class.cores > 0 && host.memory_bytes > 0, "{host:?}");
    assert_eq!(host.class_id, class_id(&host.class));
    assert_eq!(host.class_id.len(), 8);
}
