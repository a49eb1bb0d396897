//! How much memory a map takes, by the kernel's own formulas (`map_mem_usage` of `kernel/bpf/{arraymap,hashtab,ringbuf}.c`).
//!
//! The head of a map (`struct bpf_map` and what surrounds it, a few hundred bytes) is left out, since its size depends on
//! the kernel's configuration: the result is what a map takes at least. Sizes are those of 64 bits.

use record::inspect::ReckonedFor;

/// The parts of a map's definition that its memory depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Definition {
    /// `enum bpf_map_type` of linux/bpf.h.
    pub map_type: u32,
    /// Size of a key.
    pub key_bytes: u64,
    /// Size of a value.
    pub value_bytes: u64,
    /// Entries; bytes for a ring buffer.
    pub max_entries: u64,
    /// `BPF_F_*` of linux/bpf.h.
    pub flags: u32,
}

const HASH: u32 = 1;
const ARRAY: u32 = 2;
const PROG_ARRAY: u32 = 3;
const PERF_EVENT_ARRAY: u32 = 4;
const PERCPU_HASH: u32 = 5;
const PERCPU_ARRAY: u32 = 6;
const CGROUP_ARRAY: u32 = 8;
const LRU_HASH: u32 = 9;
const LRU_PERCPU_HASH: u32 = 10;
const SK_STORAGE: u32 = 24;
const RINGBUF: u32 = 27;

/// Elements of a hash are allocated when they are needed: nothing is taken for them before.
const F_NO_PREALLOC: u32 = 1;
/// An array that user space may map begins at a page of its own.
const F_MMAPABLE: u32 = 1 << 10;

const POINTER_BYTES: u64 = 8;
/// `struct bucket`: the head of a list and a lock.
const BUCKET_BYTES: u64 = 16;
/// `struct htab_elem` before its key.
const HASH_ELEMENT_BYTES: u64 = 48;
/// `RINGBUF_NR_META_PAGES`: one with the kernel's own state, and one for each of the two positions.
const RING_META_PAGES: u64 = 3;

/// The kernel's name of a kind of map, as `bpftool` has it; `None` for one that is not listed here.
#[must_use]
pub fn kind(map_type: u32) -> Option<&'static str> {
    let kinds = [
        (HASH, "hash"),
        (ARRAY, "array"),
        (PROG_ARRAY, "prog_array"),
        (PERF_EVENT_ARRAY, "perf_event_array"),
        (PERCPU_HASH, "percpu_hash"),
        (PERCPU_ARRAY, "percpu_array"),
        (CGROUP_ARRAY, "cgroup_array"),
        (LRU_HASH, "lru_hash"),
        (LRU_PERCPU_HASH, "lru_percpu_hash"),
        (SK_STORAGE, "sk_storage"),
        (RINGBUF, "ringbuf"),
    ];
    kinds.iter().find(|(number, _)| *number == map_type).map(|(_, name)| *name)
}

/// What a map takes at least, without its head. `None` for a kind without a formula here, and for numbers beyond 64 bits.
#[must_use]
pub fn memory_bytes(map: Definition, machine: ReckonedFor) -> Option<u64> {
    match map.map_type {
        ARRAY | PROG_ARRAY | PERF_EVENT_ARRAY | CGROUP_ARRAY => array(map, machine),
        PERCPU_ARRAY => percpu_array(map, machine),
        HASH | LRU_HASH => hash(map, machine),
        PERCPU_HASH | LRU_PERCPU_HASH => percpu_hash(map, machine),
        SK_STORAGE => socket_storage(machine),
        RINGBUF => ring(map, machine),
        _ => None,
    }
}

/// Every value begins at a multiple of eight bytes.
fn element(value_bytes: u64) -> Option<u64> {
    value_bytes.checked_next_multiple_of(8)
}

/// An array of programs, events or groups holds pointers.
fn array(map: Definition, machine: ReckonedFor) -> Option<u64> {
    let element = if map.map_type == ARRAY { element(map.value_bytes)? } else { POINTER_BYTES };
    let elements = element.checked_mul(map.max_entries)?;
    if map.flags & F_MMAPABLE == 0 {
        return Some(elements);
    }
    elements.checked_next_multiple_of(machine.page_bytes)?.checked_add(machine.page_bytes)
}

/// A pointer an entry, and a value an entry and processor.
fn percpu_array(map: Definition, machine: ReckonedFor) -> Option<u64> {
    let values = element(map.value_bytes)?.checked_mul(machine.possible_cpus)?;
    values.checked_add(POINTER_BYTES)?.checked_mul(map.max_entries)
}

/// The buckets, and the elements unless they come later. One that is not LRU keeps an element in hand for each processor.
fn hash(map: Definition, machine: ReckonedFor) -> Option<u64> {
    let in_hand = if map.map_type == LRU_HASH { 0 } else { machine.possible_cpus };
    let elements = element(map.key_bytes)?.checked_add(element(map.value_bytes)?)?;
    let elements = elements.checked_add(HASH_ELEMENT_BYTES)?.checked_mul(prealloc(map, in_hand)?)?;
    let pointers = if prealloc(map, 1)? == 0 { 0 } else { POINTER_BYTES.checked_mul(in_hand)? };
    buckets(map)?.checked_add(elements)?.checked_add(pointers)
}

/// An element holds a pointer to its values, one for each processor.
fn percpu_hash(map: Definition, machine: ReckonedFor) -> Option<u64> {
    let values = element(map.value_bytes)?.checked_mul(machine.possible_cpus)?;
    let element =
        element(map.key_bytes)?.checked_add(HASH_ELEMENT_BYTES + POINTER_BYTES)?.checked_add(values)?;
    buckets(map)?.checked_add(element.checked_mul(prealloc(map, 0)?)?)
}

fn buckets(map: Definition) -> Option<u64> {
    map.max_entries.checked_next_power_of_two()?.checked_mul(BUCKET_BYTES)
}

/// The buckets, two or more (`bpf_local_storage_map_alloc` of kernel/bpf/bpf_local_storage.c); what hangs on a socket
/// comes and goes with it.
fn socket_storage(machine: ReckonedFor) -> Option<u64> {
    machine.possible_cpus.checked_next_power_of_two()?.max(2).checked_mul(BUCKET_BYTES)
}

/// Elements that are there from the beginning.
fn prealloc(map: Definition, in_hand: u64) -> Option<u64> {
    if map.flags & F_NO_PREALLOC == 0 { map.max_entries.checked_add(in_hand) } else { Some(0) }
}

/// The pages, and pointers to them: those of the data are mapped twice in a row, so that no event is cut at the end. The
/// loader rounds the size up to a power of two of pages.
fn ring(map: Definition, machine: ReckonedFor) -> Option<u64> {
    let data = map.max_entries.checked_next_power_of_two()?.max(machine.page_bytes);
    let data_pages = data / machine.page_bytes;
    let pointers = (RING_META_PAGES + 2 * data_pages) * POINTER_BYTES;
    data.checked_add(RING_META_PAGES * machine.page_bytes)?.checked_add(pointers)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MACHINE: ReckonedFor = ReckonedFor { possible_cpus: 2, page_bytes: 4096 };

    fn check(
        map_type: u32,
        key_bytes: u64,
        value_bytes: u64,
        max_entries: u64,
        flags: u32,
        expect: Option<u64>,
    ) {
        let map = Definition { map_type, key_bytes, value_bytes, max_entries, flags };
        assert_eq!(memory_bytes(map, MACHINE), expect, "{map:?}");
    }

    #[test]
    fn arrays_round_their_values_up() {
        check(ARRAY, 4, 4, 10, 0, Some(80));
        check(ARRAY, 4, 8, 10, 0, Some(80));
        check(ARRAY, 4, 9, 10, 0, Some(160));
        check(PROG_ARRAY, 4, 4, 10, 0, Some(80));
        check(PERCPU_ARRAY, 4, 12, 10, 0, Some(10 * (8 + 2 * 16)));
    }

    #[test]
    fn an_array_for_user_space_takes_whole_pages() {
        check(ARRAY, 4, 8, 10, F_MMAPABLE, Some(4096 + 4096));
        check(ARRAY, 4, 4096, 3, F_MMAPABLE, Some(4096 + 3 * 4096));
    }

    #[test]
    fn hashes_have_buckets_and_elements() {
        check(HASH, 8, 4, 1000, 0, Some(1024 * 16 + 1002 * (48 + 8 + 8) + 2 * 8));
        check(HASH, 4, 4, 1000, F_NO_PREALLOC, Some(1024 * 16));
        check(LRU_HASH, 8, 4, 1000, 0, Some(1024 * 16 + 1000 * (48 + 8 + 8)));
        check(PERCPU_HASH, 8, 4, 1000, 0, Some(1024 * 16 + 1000 * (48 + 8 + 8 + 2 * 8)));
    }

    #[test]
    fn a_ring_has_pages_of_its_own_and_twice_the_pointers() {
        // The kernel's own example tells 78424 bytes, of which 320 are the head (commit "bpf: ringbuf memory usage").
        check(RINGBUF, 0, 0, 65536, 0, Some(65536 + 3 * 4096 + (3 + 2 * 16) * 8));
        check(RINGBUF, 0, 0, 5000, 0, Some(8192 + 3 * 4096 + (3 + 2 * 2) * 8));
        check(RINGBUF, 0, 0, 1, 0, Some(4096 + 3 * 4096 + (3 + 2) * 8));
    }

    #[test]
    fn what_is_not_known_is_not_guessed() {
        check(11, 4, 8, 10, 0, None);
        assert_eq!((kind(11), kind(RINGBUF)), (None, Some("ringbuf")));
        for map_type in [HASH, ARRAY, PERCPU_HASH, PERCPU_ARRAY, LRU_HASH, RINGBUF] {
            check(map_type, u64::MAX, u64::MAX, u64::MAX, 0, None);
        }
    }
}
