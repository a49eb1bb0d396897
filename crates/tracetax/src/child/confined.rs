//! Confines a child that needs none of root's rights, or one: a user of its own, and no way to gain more.
//!
//! The agent is not confined here: it has programs to load first, and then gives up its rights by itself.

use std::{io, os::unix::process::CommandExt as _, process::Command};

use rustix::{
    process::{Resource, Rlimit, geteuid, setpriority_process, setrlimit},
    thread::{
        CapabilitySet, CapabilitySets, Gid, Uid, capabilities, configure_capability_in_ambient_set,
        set_capabilities, set_keep_capabilities, set_no_new_privs, set_thread_groups, set_thread_res_gid,
        set_thread_res_uid,
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

/// The rights that a child of this role is confined to; `None` for the agent, which is not confined here.
pub(crate) fn kept_by(role: Role) -> Option<CapabilitySet> {
    match role {
        Role::Agent => None,
        // It runs in real time while it makes requests, and only then. A limit (`RLIMIT_RTPRIO`) would do as well, but to
        // raise one takes a right that root in a container often lacks.
        Role::Load => Some(CapabilitySet::SYS_NICE),
        Role::Target | Role::Lab | Role::Keeper | Role::Warmer | Role::Bystander => {
            Some(CapabilitySet::empty())
        }
    }
}

/// Has `command` start a process as the user of this role, with these capabilities, where the lab has them. Of a lab that is
/// not root, no child can be another user.
#[allow(unsafe_code, reason = "between fork and exec only the stack is touched and the kernel called")]
pub(crate) fn confine(command: &mut Command, role: Role, keeps: CapabilitySet) {
    let user = geteuid().is_root().then(|| user(role));
    unsafe { command.pre_exec(move || give_up(role, user, keeps)) };
}

/// Number of the user that a child of this role is.
fn user(role: Role) -> u32 {
    let index = Role::ALL.iter().position(|other| *other == role).unwrap_or(Role::ALL.len());
    FIRST_USER + 8 * std::process::id() + index as u32
}

/// In the child, before it becomes the program.
fn give_up(role: Role, user: Option<u32>, keeps: CapabilitySet) -> io::Result<()> {
    set_no_new_privs(true)?;
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })?;
    let Some(number) = user else { return Ok(()) };
    if role == Role::Warmer {
        // It becomes idle by a call that sets this too, which a nice lab's child may not. Where it fails, that one says so.
        let _ = setpriority_process(None, 0);
    }
    become_user(number)?;
    start_with(keeps)
}

fn become_user(number: u32) -> io::Result<()> {
    let (user, group) = (Uid::from_raw(number), Gid::from_raw(number));
    set_keep_capabilities(true)?;
    set_thread_groups(&[])?;
    set_thread_res_gid(group, group, group)?;
    Ok(set_thread_res_uid(user, user, user)?)
}

/// With the program's start all capabilities go that are not ambient, since it is a user's (capabilities(7)).
fn start_with(keeps: CapabilitySet) -> io::Result<()> {
    let had = capabilities(None)?.permitted;
    let (keeps, permitted) = (had & keeps, had & (keeps | TO_START));
    set_capabilities(None, CapabilitySets { effective: permitted, permitted, inheritable: keeps })?;
    for capability in keeps.iter() {
        configure_capability_in_ambient_set(capability, true)?;
    }
    Ok(())
}
