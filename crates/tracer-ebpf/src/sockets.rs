//! The connections of the watched group by socket: each value hangs on its socket, and is freed with it. That needs no
//! table of a fixed size, no hash, and no word from the process when a connection is over.

use core::{
    ffi::{c_long, c_void},
    ptr,
};

use aya_ebpf::{
    bindings::{__sk_buff, BPF_SK_STORAGE_GET_F_CREATE},
    btf_maps::SkStorage,
    helpers::{
        bpf_ktime_get_ns,
        generated::{
            bpf_get_smp_processor_id, bpf_get_socket_cookie, bpf_loop, bpf_sk_storage_get, bpf_tcp_sock,
        },
    },
    macros::btf_map,
};
use tracer_common::{connection::Connection, order::Order, visit::Cursor};

use crate::{atomic, attachment, packet_bytes::Span};

/// `TCP_LISTEN` of linux/tcp_states.h.
const LISTEN: u32 = 10;

/// In place of a number of an attachment: the connection is over, so that nothing begins on it any more.
const OVER: u64 = u64::MAX;

/// How long a program waits for one on another processor, in nanoseconds. Most are done within one microsecond; but that
/// processor may be interrupted, or the hypervisor have taken it.
const PATIENCE_NS: u64 = 1_000_000;
/// More looks than there is time for.
const LOOKS: u32 = 1 << 20;

#[btf_map]
static SOCKETS: SkStorage<Socket> = SkStorage::new();

/// What is known of a connection.
#[repr(C)]
pub struct Socket {
    /// The processor whose program works on it, counted from 1; 0 while none does.
    busy: u64,
    /// The attachment in which it was seen; 0 in none.
    attachment: u64,
    /// The order of what comes in, and of what goes out.
    pub read: Order,
    pub written: Order,
    pub connection: Connection,
    /// How far the current packet is. It lies here and not on the stack: of values in a map the verifier knows nothing,
    /// so that it need not follow each into every step.
    pub cursor: Cursor<Span>,
    /// Tells connections apart: negative, as no descriptor is.
    pub number: i32,
}

/// The socket of a packet.
#[inline(always)]
pub fn find(packet: *mut __sk_buff) -> Option<&'static mut Socket> {
    storage(packet, 0)
}

/// The socket of a packet, made known where it was not. None for one that listens, and where memory is short.
#[inline(always)]
pub fn find_or_add(packet: *mut __sk_buff) -> Option<&'static mut Socket> {
    if let Some(socket) = find(packet) {
        return Some(socket);
    }
    if listens(packet) { None } else { storage(packet, BPF_SK_STORAGE_GET_F_CREATE.into()) }
}

/// Does the packet come to a socket that listens? So does the end of a handshake, with what it brings.
#[inline(always)]
pub fn listens(packet: *mut __sk_buff) -> bool {
    let socket = unsafe { (*packet).__bindgen_anon_2.sk };
    !socket.is_null() && unsafe { (*socket).state } == LISTEN
}

/// Has the socket of the packet received no byte so far? Of this packet it has not, yet.
#[inline(always)]
pub fn received_nothing(packet: *mut __sk_buff) -> bool {
    let socket = unsafe { (*packet).__bindgen_anon_2.sk };
    if socket.is_null() {
        return false;
    }
    let tcp = unsafe { bpf_tcp_sock(socket) };
    !tcp.is_null() && unsafe { (*tcp).bytes_received } == 0
}

#[inline(always)]
fn storage(packet: *mut __sk_buff, flags: u64) -> Option<&'static mut Socket> {
    let socket = unsafe { (*packet).__bindgen_anon_2.sk };
    if socket.is_null() {
        return None;
    }
    let map = (&raw const SOCKETS).cast_mut().cast();
    unsafe { bpf_sk_storage_get(map, socket.cast(), ptr::null_mut(), flags).cast::<Socket>().as_mut() }
}

impl Socket {
    /// Keeps programs of the other direction out, which may run on another processor, or be what this one has
    /// interrupted. False if one stays in for too long.
    #[inline(always)]
    pub fn lock(&mut self) -> bool {
        self.try_lock() || self.wait()
    }

    #[inline(always)]
    fn try_lock(&mut self) -> bool {
        let own = u64::from(unsafe { bpf_get_smp_processor_id() }) + 1;
        unsafe { atomic::compare_swap(&raw mut self.busy, 0, own) == 0 }
    }

    /// Rare, so it has its own part of the stack.
    #[inline(never)]
    fn wait(&mut self) -> bool {
        let mut wait =
            Wait { socket: self, until_ns: unsafe { bpf_ktime_get_ns() } + PATIENCE_NS, locked: 0 };
        unsafe { bpf_loop(LOOKS, look as *mut c_void, (&raw mut wait).cast(), 0) };
        wait.locked != 0
    }

    #[inline(always)]
    pub fn unlock(&mut self) {
        unsafe { atomic::store(&raw mut self.busy, 0) };
    }

    /// Is the connection followed?
    #[inline(always)]
    pub fn is_followed(&self) -> bool {
        self.attachment == attachment::current()
    }

    /// Can it begin to be followed?
    #[inline(always)]
    pub fn is_over(&self) -> bool {
        self.attachment == OVER
    }

    /// Begins to follow it, before these bytes of either direction.
    #[inline(always)]
    pub fn begin(&mut self, packet: *mut __sk_buff, read: Order, written: Order) {
        let cookie = unsafe { bpf_get_socket_cookie(packet.cast()) };
        self.number = !(cookie as i32 & i32::MAX);
        self.attachment = attachment::current();
        self.read = read;
        self.written = written;
        self.connection.clear();
    }

    /// Follows it no longer, and never again.
    #[inline(always)]
    pub fn end(&mut self) {
        self.attachment = OVER;
    }
}

struct Wait {
    socket: *mut Socket,
    until_ns: u64,
    locked: u64,
}

unsafe extern "C" fn look(_index: u64, wait: *mut Wait) -> c_long {
    let wait = unsafe { &mut *wait };
    let socket = unsafe { &mut *wait.socket };
    let own = u64::from(unsafe { bpf_get_smp_processor_id() }) + 1;
    // One that this program has interrupted goes on only after it.
    let hopeless = unsafe { (&raw const socket.busy).read_volatile() } == own;
    wait.locked = socket.try_lock() as u64;
    let goes_on = wait.locked == 0 && !hopeless && unsafe { bpf_ktime_get_ns() } < wait.until_ns;
    !goes_on as c_long
}
