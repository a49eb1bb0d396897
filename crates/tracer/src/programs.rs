//! The eBPF programs of one strategy: load, attach, detach, and read their counters.

use std::{collections::BTreeSet, path::Path, time::Instant};

use anyhow::{Context, Result, anyhow};
use aya::{
    Ebpf,
    maps::{Array, MapData, PerCpuArray, RingBuf},
};
use record::agent::{LoadedMap, LoadedProgram};
use tracer_common::{
    counter::{COUNTERS, Row, closes},
    names,
};
use zerocopy::IntoBytes as _;

use crate::{
    choice::{Choice, Strategy},
    hooks::Link,
    loaded, loader, messages,
    place::Place,
    rights::Rights,
    sizes,
};

/// The loaded programs.
pub struct Programs {
    ebpf: Ebpf,
    strategy: Strategy,
    pid: u32,
    /// Of each hook; else why there is none. That is no matter until it is to be attached.
    places: Result<Vec<Place>, String>,
    counters: PerCpuArray<MapData, Row>,
    attachment: Array<MapData, u64>,
    attachments: u64,
    links: Vec<Link>,
    /// From reading the object to loaded programs, in nanoseconds.
    pub load_ns: u64,
    /// The programs as the kernel describes them.
    pub loaded: Vec<LoadedProgram>,
    /// The maps they use.
    pub maps: Vec<LoadedMap>,
}

/// Readings of the counters until one is without a hit under way.
const READINGS: u32 = 100;

impl Programs {
    /// Loads what was chosen from `object`, and takes out the ring buffer.
    ///
    /// # Errors
    /// Names what is missing, or gives the kernel's reason where it refuses.
    pub fn load(object: &Path, choice: &Choice) -> Result<(Self, RingBuf<MapData>)> {
        let started = Instant::now();
        let bytes = read(object)?;
        let pid = choice.pid;
        anyhow::ensure!(Path::new(&format!("/proc/{pid}")).exists(), "there is no process {pid}");
        let layout = choice.strategy.sees_messages().then(messages::layout).transpose()?;
        let mut loader = loader::without_kernel_types();
        sizes::fit(&mut loader, choice.strategy);
        if let Some(layout) = &layout {
            loader.override_global(names::MESSAGE_LAYOUT, layout.as_bytes(), true);
        }
        let mut ebpf = loader
            .override_global(names::TARGET_TGID, &pid, true)
            .override_global(names::ORDERED_STORES, &u32::from(cfg!(target_arch = "x86_64")), true)
            .override_global(names::STAGE, &(choice.stage as u32), true)
            .override_global(names::WAKEUP_BYTES, &choice.wakeup_bytes(), true)
            .map_max_entries(names::EVENTS, choice.ring_bytes)
            .load(&bytes)
            .with_context(|| format!("cannot load the object {}", object.display()))?;
        for hook in choice.strategy.hooks() {
            let name = choice.strategy.name();
            hook.load(&mut ebpf).with_context(|| format!("the kernel refuses `{name}`"))?;
        }
        let events = RingBuf::try_from(take(&mut ebpf, names::EVENTS)?)?;
        let counters = PerCpuArray::try_from(take(&mut ebpf, names::COUNTERS)?)?;
        let attachment = Array::try_from(take(&mut ebpf, names::ATTACHMENT)?)?;
        let places: Result<_> = choice.strategy.hooks().iter().map(|hook| Place::of(hook, pid)).collect();
        let load_ns = started.elapsed().as_nanos() as u64;
        let (loaded, maps) = (loaded::programs(&ebpf)?, loaded::maps()?);
        let programs = Self {
            ebpf,
            strategy: choice.strategy,
            pid,
            places: places.map_err(|error| format!("{error:#}")),
            counters,
            attachment,
            attachments: 0,
            links: Vec::new(),
            load_ns,
            loaded,
            maps,
        };
        // How many processors there are is read off a file at the first reading, and kept.
        programs.read_counters()?;
        Ok((programs, events))
    }

    /// Attaches, unless that is already so. Connections that were followed before are forgotten first: what passed
    /// on them in between was not seen.
    ///
    /// # Errors
    /// With the kernel's reason.
    pub fn attach(&mut self) -> Result<()> {
        if self.is_attached() {
            return Ok(());
        }
        let cannot = || format!("cannot attach `{}`", self.strategy.name());
        let places = self.places.as_ref().map_err(|why| anyhow!("{}: {why}", cannot()))?;
        self.attachments += 1;
        self.attachment.set(0, self.attachments, 0)?;
        let mut links = Vec::new();
        for (hook, place) in self.strategy.hooks().iter().zip(places) {
            links.push(hook.attach(&mut self.ebpf, self.pid, place).with_context(cannot)?);
        }
        self.links = links;
        Ok(())
    }

    /// Attaches each program at the first of its places, and sees that the others are there. For a trial: to detach from one
    /// tracepoint takes the kernel some 70 ms (it waits for all processors, `perf_trace_destroy` of
    /// kernel/trace/trace_event_perf.c), and one of the strategies has 26.
    ///
    /// # Errors
    /// With the kernel's reason.
    pub fn attach_each_once(&mut self) -> Result<()> {
        let cannot = || format!("cannot attach `{}`", self.strategy.name());
        let places = self.places.as_ref().map_err(|why| anyhow!("{}: {why}", cannot()))?;
        let mut attached = BTreeSet::new();
        for (hook, place) in self.strategy.hooks().iter().zip(places) {
            let tried = if attached.insert(hook.program()) {
                hook.attach(&mut self.ebpf, self.pid, place).map(|link| self.links.push(link))
            } else {
                hook.find()
            };
            tried.with_context(cannot)?;
        }
        Ok(())
    }

    /// Detaches, unless that is already so: first what was attached last.
    pub fn detach(&mut self) {
        while self.links.pop().is_some() {}
    }

    /// Is it attached?
    pub fn is_attached(&self) -> bool {
        !self.links.is_empty()
    }

    /// What it takes to attach them.
    pub fn rights(&self) -> Rights {
        Rights::to_attach(self.strategy)
    }

    /// Runs of the programs while run-time statistics were on, and their time in nanoseconds.
    ///
    /// # Errors
    /// With the kernel's reason.
    pub fn runs(&self) -> Result<(u64, u64)> {
        loaded::runs(&self.ebpf)
    }

    /// The counters, summed over all processors.
    ///
    /// Other processors go on counting while theirs are read, so a reading may catch a hit between its beginning and
    /// its end. Such a reading is taken again; a ledger that truly does not close is returned as it is.
    ///
    /// # Errors
    /// With the kernel's reason.
    pub fn counters(&self) -> Result<Row> {
        let mut row = self.read_counters()?;
        for _ in 0..READINGS {
            if closes(&row) {
                break;
            }
            row = self.read_counters()?;
        }
        Ok(row)
    }

    fn read_counters(&self) -> Result<Row> {
        let rows = self.counters.get(&0, 0)?;
        let mut sum = [0; COUNTERS];
        for row in rows.iter() {
            for (total, count) in sum.iter_mut().zip(row) {
                *total += count;
            }
        }
        Ok(sum)
    }
}

/// Reads the file with the programs.
///
/// # Errors
/// With the remedy.
pub fn read(object: &Path) -> Result<Vec<u8>> {
    std::fs::read(object).with_context(|| {
        format!("cannot read the eBPF object {}: build it with `cargo xtask build`", object.display())
    })
}

fn take(ebpf: &mut Ebpf, name: &str) -> Result<aya::maps::Map> {
    ebpf.take_map(name).with_context(|| format!("the object holds no map `{name}`"))
}
