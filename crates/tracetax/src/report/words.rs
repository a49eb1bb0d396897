//! The words of a verdict, and of facts, as people read them.

use record::{doctor::State, verdict::Word};

/// A word.
#[must_use]
pub fn word(word: Word) -> &'static str {
    match word {
        Word::Invalid => "invalid",
        Word::OverBudget => "over-budget",
        Word::Regressed => "regressed",
        Word::NotComparable => "not-comparable",
        Word::Inconclusive => "inconclusive",
        Word::New => "new",
        Word::Improved => "improved",
        Word::Pass => "pass",
    }
}

/// How a fact of the machine is judged.
#[must_use]
pub fn state(state: State) -> &'static str {
    match state {
        State::Ok => "ok",
        State::Unknown => "unknown",
        State::Warn => "warn",
        State::Fail => "fail",
    }
}

/// Whether to worry.
#[must_use]
pub fn meaning(word: Word) -> &'static str {
    match word {
        Word::Invalid => "do not use these numbers: the measurement itself has failed",
        Word::OverBudget => "worry: a limit is broken, and not by chance",
        Word::Regressed => "worry: a cost has grown by more than it may, and not by chance",
        Word::NotComparable => "nothing is said: this run and what it is held against are not alike",
        Word::Inconclusive => "cannot tell yet: too little was measured for at least one limit",
        Word::New => "nothing is said yet: there is nothing to compare with",
        Word::Improved => "nothing to worry about: a cost has fallen by more than its tolerance",
        Word::Pass => "nothing to worry about by the limits that are set: all are kept",
    }
}

/// Who the hypervisor is, by the twelve letters that it gives as its signature (CPUID leaf 0x4000_0000).
#[must_use]
pub fn virtualisation(signature: &str) -> &str {
    match signature {
        "KVMKVMKVM" => "KVM",
        "Microsoft Hv" => "Hyper-V",
        "VMwareVMware" => "VMware",
        "XenVMMXenVMM" => "Xen",
        other => other,
    }
}
