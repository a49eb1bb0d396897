//! Confines a child that needs none of root's rights: a user of its own, no capability, and no way to gain any.
//!
//! The agent is not confined here: it has programs to load first, and then gives up its rights by itself.

use std::{io, os::unix::process::CommandExt as _, process::Command};

use record::load::REALTIME_PRIORITY;
use rustix::{
    process::{Resource, Rlimit, geteuid, setrlimit},
    thread::{
        CapabilitySet, CapabilitySets, Gid, Uid, capabilities, set_capabilities, set_keep_capabilities,
        set_no_new_privs, set_thread_groups, set_thread_res_gid, set_thread_res_uid,
    },
};

use crate::cgroup::Role;

/// Users from here on are nobody's: systemd lists the numbers from 1879048192 to 2147483647 as unused ("Users, Groups,
/// UIDs and GIDs on systemd systems"). With the lab's process id and the role, each child is a user of its own, whom no
/// other process can signal or look into.
const FIRST_USER: u32 = 1_900_000_000;

/// What makes a path passable and a file executable whatever their modes (capabilities(7)): the binaries may lie in a folder
/// that is root's alone.
const TO_START: CapabilitySet = CapabilitySet::DAC_OVERRIDE.union(CapabilitySet::DAC_READ_SEARCH);

/// Has `command` start a process that is confined as its role allows. Of a lab that is not root, no child can be another user.
#[allow(unsafe_code, reason = "between fork and exec only the stack is touched and the kernel called")]
pub(crate) fn confine(command: &mut Command, role: Role) {
    if role == Role::Agent {
        return;
    }
    let user = geteuid().is_root().then(|| user(role));
    unsafe { command.pre_exec(move || give_up(user, role)) };
}

/// Number of the user that a child of this role is.
fn user(role: Role) -> u32 {
    let index = Role::ALL.iter().position(|other| *other == role).unwrap_or(Role::ALL.len());
    FIRST_USER + 8 * std::process::id() + index as u32
}

/// In the child, before it becomes the program. With the program's start the last two capabilities go as well: it is a user's.
fn give_up(user: Option<u32>, role: Role) -> io::Result<()> {
    set_no_new_privs(true)?;
    setrlimit(Resource::Core, limit(0))?;
    if role == Role::Load {
        // Where it may not be granted, the generator finds out, and says so.
        let _ = setrlimit(Resource::Rtprio, limit(REALTIME_PRIORITY.into()));
    }
    let Some(number) = user else { return Ok(()) };
    let (user, group) = (Uid::from_raw(number), Gid::from_raw(number));
    set_keep_capabilities(true)?;
    set_thread_groups(&[])?;
    set_thread_res_gid(group, group, group)?;
    set_thread_res_uid(user, user, user)?;
    let to_start = capabilities(None)?.permitted & TO_START;
    let inheritable = CapabilitySet::empty();
    Ok(set_capabilities(None, CapabilitySets { effective: to_start, permitted: to_start, inheritable })?)
}

fn limit(value: u64) -> Rlimit {
    Rlimit { current: Some(value), maximum: Some(value) }
}
