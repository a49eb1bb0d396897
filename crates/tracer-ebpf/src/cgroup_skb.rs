//! Strategy `cgroup-skb`: the packets that come to the sockets of the watched process's control group, and those that
//! leave them.
//!
//! Packets know neither thread nor descriptor, so records tell none; and the group is what is watched, not the process.
//! What comes in does so on the processor of whoever sends, while what goes out may do so on another: so a connection is
//! locked while a packet is looked at.

use core::ffi::{c_long, c_void};

use aya_ebpf::{
    bindings::__sk_buff,
    helpers::{bpf_ktime_get_ns, generated::bpf_loop},
    macros::cgroup_skb,
    programs::SkBuffContext,
};
use tracer_common::{
    connection::{Connection, Written},
    counter::Counter,
    event::{ANSWER_HALF, WHOLE},
    http::{chunk::Chunk, may_begin_request},
    names::stage,
    order::{Arrival, Order},
    visit::{self, Cursor, MAX_STEPS, Outlet},
};

use crate::{
    constants,
    ledger::Ledger,
    packet_bytes::{PacketBytes, Span},
    segment::Segment,
    sockets::{self, Socket},
};

/// What the programs answer: the packet may pass.
const PASS: i32 = 1;

/// Answers of a step to `bpf_loop`.
const GO_ON: c_long = 0;
const STOP: c_long = 1;

#[cgroup_skb(ingress)]
#[inline(always)]
#[allow(clippy::needless_pass_by_value, reason = "the macro hands the context over by value")]
pub fn cgroup_skb_ingress(context: SkBuffContext) -> i32 {
    if let Some(ledger) = Ledger::open() {
        ingress(ledger, context.skb.skb);
    }
    PASS
}

#[cgroup_skb(egress)]
#[inline(always)]
#[allow(clippy::needless_pass_by_value, reason = "the macro hands the context over by value")]
pub fn cgroup_skb_egress(context: SkBuffContext) -> i32 {
    if let Some(ledger) = Ledger::open() {
        egress(ledger, context.skb.skb);
    }
    PASS
}

/// The ledger, where programs may interrupt each other on one processor.
type Shared = Ledger<true>;

/// A packet of a connection, and where it is counted.
#[derive(Clone, Copy)]
struct Hit {
    ledger: Shared,
    number: i32,
}

impl Outlet for Hit {
    #[inline(always)]
    fn now_ns(&self) -> u64 {
        unsafe { bpf_ktime_get_ns() }
    }

    #[inline(always)]
    fn send(&self, connection: &Connection, kind: u8) {
        let line = &connection.line;
        self.ledger.submit(&line.path, line.path_len, |event| {
            connection.fill(event, kind);
            event.end_ns = if kind == WHOLE || kind == ANSWER_HALF { self.now_ns() } else { 0 };
            event.tgid = constants::target_tgid();
            event.tid = 0;
            event.fd = self.number;
        });
    }

    #[inline(always)]
    fn add(&self, counter: Counter, amount: u64) {
        self.ledger.add(counter, amount);
    }
}

/// What a step is called with. The bytes are on the stack, since no map may hold a byte of a header.
struct Step {
    ledger: Shared,
    packet: *mut __sk_buff,
    socket: *mut Socket,
    chunk: Chunk,
}

impl Step {
    #[inline(always)]
    fn new(ledger: Shared, packet: *mut __sk_buff, socket: &mut Socket) -> Self {
        Self { ledger, packet, socket, chunk: Chunk::EMPTY }
    }
}

/// A packet has come in.
#[inline(always)]
fn ingress(ledger: Shared, packet: *mut __sk_buff) {
    let Some(segment) = segment(ledger, packet) else {
        return;
    };
    let known = if segment.len == 0 { sockets::find(packet) } else { sockets::find_or_add(packet) };
    let Some(socket) = known else {
        return unknown(ledger, packet, segment);
    };
    locked(ledger, socket, |socket| {
        if !socket.is_followed() && !begin(ledger, packet, segment, socket) {
            return;
        }
        let hit = Hit { ledger, number: socket.number };
        if segment.len != 0 {
            read(hit, packet, segment, socket);
        }
        if segment.resets() {
            end(hit, segment, socket);
        } else if segment.len == 0 {
            // The client sends no more, but may still be answered.
            ledger.count(Counter::NoBytes);
        }
    });
}

/// A packet goes out.
#[inline(always)]
fn egress(ledger: Shared, packet: *mut __sk_buff) {
    let Some(segment) = segment(ledger, packet) else {
        return;
    };
    let Some(socket) = sockets::find(packet) else {
        return not_followed(ledger, packet, segment.offset);
    };
    locked(ledger, socket, |socket| {
        if socket.is_over() {
            // An answer that was under way when the client has ended the connection: that is counted.
            return ledger.count(Counter::NoConnection);
        }
        if !socket.is_followed() {
            return not_followed(ledger, packet, segment.offset);
        }
        let hit = Hit { ledger, number: socket.number };
        if segment.len != 0 {
            written(hit, packet, segment, socket);
        }
        if segment.ends() {
            end(hit, segment, socket);
        }
    });
}

/// A packet of a connection of which no request was seen goes out; its bytes begin at `offset`. A function of its own,
/// since what it keeps on the stack would not fit beside that of the usual way.
#[inline(never)]
fn not_followed(ledger: Shared, packet: *mut __sk_buff, offset: u32) {
    let span = Span { offset: offset.into(), left: 0 };
    if (PacketBytes { packet, span }).begins_answer() {
        ledger.count(Counter::AnswerWithoutRequest);
    }
    ledger.count(Counter::NoConnection);
}

/// The packet's headers, if it brings bytes or an end.
#[inline(always)]
fn segment(ledger: Shared, packet: *mut __sk_buff) -> Option<Segment> {
    match Segment::of(packet) {
        Ok(segment) if segment.len != 0 || segment.ends() => return Some(segment),
        Ok(_) => ledger.count(Counter::NoBytes),
        Err(counter) => ledger.count(counter),
    }
    None
}

/// A packet has come to a socket that is not known, and cannot be.
#[inline(always)]
fn unknown(ledger: Shared, packet: *mut __sk_buff, segment: Segment) {
    if segment.len == 0 {
        return ledger.count(Counter::NoConnection);
    }
    if segment.opens() || sockets::listens(packet) {
        ledger.count(Counter::BeforeAccept);
        return ledger.count(Counter::NoConnection);
    }
    ledger.count(Counter::TableFull);
}

/// Does `work` on a socket that no other program works on.
#[inline(always)]
fn locked(ledger: Shared, socket: &mut Socket, work: impl FnOnce(&mut Socket)) {
    if !constants::reaches(stage::COPY) {
        return ledger.count(Counter::Stage);
    }
    if !socket.lock() {
        // What is not seen now is missed later, by its numbers.
        ledger.count(Counter::Contended);
        return ledger.count(Counter::Progress);
    }
    work(socket);
    socket.unlock();
}

/// The first bytes that come in on a connection that is not followed: do they look like the start of a request?
#[inline(always)]
fn begin(ledger: Shared, packet: *mut __sk_buff, segment: Segment, socket: &mut Socket) -> bool {
    if segment.len == 0 || socket.is_over() {
        ledger.count(Counter::NoConnection);
        return false;
    }
    match bytes(packet, segment, 0).first() {
        Some(first) if may_begin_request(first) => {
            socket.begin(packet, Order::before(segment.sequence), Order::before(segment.acknowledged));
            if !sockets::received_nothing(packet) {
                socket.connection.join_midway();
            }
            return true;
        }
        Some(_) => ledger.count(Counter::NoConnection),
        None => ledger.count(Counter::Fault),
    }
    false
}

/// The bytes that a packet has brought in.
#[inline(always)]
fn read(hit: Hit, packet: *mut __sk_buff, segment: Segment, socket: &mut Socket) {
    let arrival = socket.read.take(segment.sequence, segment.len);
    let Some(bytes) = unseen(hit, packet, segment, arrival, &mut socket.connection) else {
        return;
    };
    if !socket.connection.begin_read() {
        return hit.ledger.count(Counter::Progress);
    }
    let mut step = Step::new(hit.ledger, packet, socket);
    let mut cursor = Cursor::new(bytes);
    cursor.begin_read(&mut socket.connection, &mut step.chunk, &hit);
    if cursor.goes_on() {
        cursor = by_steps(cursor, &mut step, socket, read_step);
    }
    if !cursor.close(&hit) {
        socket.connection.give_up_requests();
    }
}

/// The bytes that a packet takes out.
#[inline(always)]
fn written(hit: Hit, packet: *mut __sk_buff, segment: Segment, socket: &mut Socket) {
    let arrival = socket.written.take(segment.sequence, segment.len);
    let Some(bytes) = unseen(hit, packet, segment, arrival, &mut socket.connection) else {
        return;
    };
    match socket.connection.begin_write() {
        Written::Answer => {}
        Written::Unasked => return unasked(hit.ledger, packet, segment.offset, socket),
        Written::Lost => return hit.ledger.count(Counter::Progress),
    }
    let mut step = Step::new(hit.ledger, packet, socket);
    let mut cursor = Cursor::new(bytes);
    cursor.begin_written(&mut socket.connection, &mut step.chunk, &hit);
    if cursor.goes_on() {
        cursor = by_steps(cursor, &mut step, socket, write_step);
    }
    if !cursor.close(&hit) {
        socket.connection.answers.give_up();
    }
}

/// A packet takes out what answers no request that was seen; its bytes begin at `offset`. Rare, so it has its own part of
/// the stack.
#[inline(never)]
fn unasked(ledger: Shared, packet: *mut __sk_buff, offset: u32, socket: &mut Socket) {
    let span = Span { offset: offset.into(), left: 0 };
    if (PacketBytes { packet, span }).begins_interim() {
        return ledger.count(Counter::Progress);
    }
    visit::answer_without_request(&mut socket.connection, &Hit { ledger, number: socket.number });
}

/// What the packet carries that was not seen before; or counts why there is nothing.
#[inline(always)]
fn unseen(
    hit: Hit,
    packet: *mut __sk_buff,
    segment: Segment,
    arrival: Arrival,
    connection: &mut Connection,
) -> Option<PacketBytes> {
    match arrival {
        Arrival::Next(skip) => return Some(bytes(packet, segment, skip)),
        Arrival::Duplicate => hit.ledger.count(Counter::Duplicate),
        Arrival::Gap => {
            missed(hit, connection);
            hit.ledger.count(Counter::Progress);
        }
    }
    None
}

#[inline(always)]
fn bytes(packet: *mut __sk_buff, segment: Segment, skip: u32) -> PacketBytes {
    let span = Span { offset: (segment.offset + skip).into(), left: (segment.len - skip).into() };
    PacketBytes { packet, span }
}

/// Bytes were missed, so nobody knows what follows.
#[inline(always)]
fn missed(hit: Hit, connection: &mut Connection) {
    if !connection.requests.is_lost() || !connection.answers.is_lost() {
        hit.ledger.count(Counter::Gap);
    }
    connection.requests.give_up();
    connection.answers.give_up();
}

/// The connection ends with this packet.
#[inline(always)]
fn end(hit: Hit, segment: Segment, socket: &mut Socket) {
    if segment.len != 0 {
        hit.ledger.count(Counter::Extra);
    }
    if segment.resets() {
        // What ends with the connection is complete only where that ends well.
        socket.connection.answers.give_up();
    } else if socket.written.take(segment.sequence.wrapping_add(segment.len), 0) == Arrival::Gap {
        missed(hit, &mut socket.connection);
    }
    closed(hit.ledger, socket);
}

/// Rare, so it has its own part of the stack.
#[inline(never)]
fn closed(ledger: Shared, socket: &mut Socket) {
    visit::closed(&mut socket.connection, &Hit { ledger, number: socket.number });
    socket.end();
}

/// Goes on with what the short way has left. Returns how far that has got.
#[inline(always)]
fn by_steps(
    cursor: Cursor<PacketBytes>,
    step: &mut Step,
    socket: &mut Socket,
    each: unsafe extern "C" fn(u64, *mut Step) -> c_long,
) -> Cursor<PacketBytes> {
    let packet = step.packet;
    socket.cursor = cursor.map(|bytes| bytes.span);
    unsafe { bpf_loop(MAX_STEPS, each as *mut c_void, (&raw mut *step).cast(), 0) };
    socket.cursor.map(|span| PacketBytes { packet, span })
}

unsafe extern "C" fn read_step(_index: u64, step: *mut Step) -> c_long {
    let step = unsafe { &mut *step };
    let (socket, packet) = (unsafe { &mut *step.socket }, step.packet);
    let hit = Hit { ledger: step.ledger, number: socket.number };
    let mut cursor = socket.cursor.map(|span| PacketBytes { packet, span });
    let goes_on = cursor.read_step(&mut socket.connection, &mut step.chunk, &hit);
    socket.cursor = cursor.map(|bytes| bytes.span);
    if goes_on { GO_ON } else { STOP }
}

unsafe extern "C" fn write_step(_index: u64, step: *mut Step) -> c_long {
    let step = unsafe { &mut *step };
    let (socket, packet) = (unsafe { &mut *step.socket }, step.packet);
    let hit = Hit { ledger: step.ledger, number: socket.number };
    let mut cursor = socket.cursor.map(|span| PacketBytes { packet, span });
    let goes_on = cursor.write_step(&mut socket.connection, &mut step.chunk, &hit);
    socket.cursor = cursor.map(|bytes| bytes.span);
    if goes_on { GO_ON } else { STOP }
}
