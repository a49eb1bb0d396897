//! The eBPF programs of one strategy: load, attach, detach, and read their counters.

use std::{path::Path, time::Instant};

use anyhow::{Context, Result};
use aya::{
    Ebpf,
    maps::{HashMap, MapData, PerCpuArray, RingBuf},
    programs::{RawTracePoint, raw_trace_point::RawTracePointLinkId},
};
use record::agent::{LoadedMap, LoadedProgram};
use tracer_common::{
    connection::Connection,
    counter::{COUNTERS, Row, closes},
    names,
};

use crate::{
    choice::{Choice, Strategy},
    loaded, loader,
};

/// A connection as the kernel hands it out: bytes that the agent only counts.
type OpaqueConnection = [u8; size_of::<Connection>()];

/// The loaded programs.
pub struct Programs {
    ebpf: Ebpf,
    counters: PerCpuArray<MapData, Row>,
    connections: HashMap<MapData, u64, OpaqueConnection>,
    link: Option<RawTracePointLinkId>,
    /// From reading the object to loaded programs, in nanoseconds.
    pub load_ns: u64,
    /// The programs as the kernel describes them.
    pub loaded: Vec<LoadedProgram>,
    /// The maps they use.
    pub maps: Vec<LoadedMap>,
}

const PROGRAM: &str = "raw_tracepoint_sys_exit";
/// Readings of the counters until one is without a hit under way.
const READINGS: u32 = 100;
const TRACEPOINT: &str = "sys_exit";

impl Programs {
    /// Loads what was chosen from `object`, and takes out the ring buffer.
    ///
    /// # Errors
    /// Names what is missing, or gives the kernel's reason where it refuses.
    pub fn load(object: &Path, choice: &Choice) -> Result<(Self, RingBuf<MapData>)> {
        let started = Instant::now();
        let bytes = std::fs::read(object).with_context(|| {
            format!("cannot read the eBPF object {}: build it with `cargo xtask build`", object.display())
        })?;
        let pid = choice.pid;
        anyhow::ensure!(Path::new(&format!("/proc/{pid}")).exists(), "there is no process {pid}");
        let mut ebpf = loader::without_kernel_types()
            .override_global(names::TARGET_TGID, &pid, true)
            .override_global("STAGE", &(choice.stage as u32), false)
            .override_global("WAKEUP_BYTES", &choice.wakeup_bytes(), false)
            .map_max_entries(names::EVENTS, choice.ring_bytes)
            .load(&bytes)
            .with_context(|| format!("cannot load the object {}", object.display()))?;
        match choice.strategy {
            Strategy::RawTracepoint => {
                program(&mut ebpf)?.load().context("the kernel refuses `raw-tracepoint`")?;
            }
        }
        let events = RingBuf::try_from(take(&mut ebpf, names::EVENTS)?)?;
        let counters = PerCpuArray::try_from(take(&mut ebpf, names::COUNTERS)?)?;
        let connections = HashMap::try_from(take(&mut ebpf, names::CONNECTIONS)?)?;
        let load_ns = started.elapsed().as_nanos() as u64;
        let (loaded, maps) = (loaded::programs(&ebpf)?, loaded::maps()?);
        Ok((Self { ebpf, counters, connections, link: None, load_ns, loaded, maps }, events))
    }

    /// Attaches, unless that is already so. Connections that were followed before are forgotten first: what passed
    /// on them in between was not seen.
    ///
    /// # Errors
    /// With the kernel's reason.
    pub fn attach(&mut self) -> Result<()> {
        if self.link.is_none() {
            self.forget_connections()?;
            self.link =
                Some(program(&mut self.ebpf)?.attach(TRACEPOINT).context("cannot attach `raw-tracepoint`")?);
        }
        Ok(())
    }

    /// Detaches, unless that is already so.
    ///
    /// # Errors
    /// With the kernel's reason.
    pub fn detach(&mut self) -> Result<()> {
        if let Some(link) = self.link.take() {
            program(&mut self.ebpf)?.detach(link)?;
        }
        Ok(())
    }

    /// Is it attached?
    pub fn is_attached(&self) -> bool {
        self.link.is_some()
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

    fn forget_connections(&mut self) -> Result<()> {
        let keys: Vec<u64> = self.connections.keys().collect::<Result<_, _>>()?;
        for key in keys {
            self.connections.remove(&key)?;
        }
        Ok(())
    }
}

fn program(ebpf: &mut Ebpf) -> Result<&mut RawTracePoint> {
    let program =
        ebpf.program_mut(PROGRAM).with_context(|| format!("the object holds no program `{PROGRAM}`"))?;
    Ok(program.try_into()?)
}

fn take(ebpf: &mut Ebpf, name: &str) -> Result<aya::maps::Map> {
    ebpf.take_map(name).with_context(|| format!("the object holds no map `{name}`"))
}
