//! The command line of the load generator: a protocol for the lab, or a single stretch of load by hand.

use std::{net::SocketAddr, sync::atomic::AtomicBool};

use anyhow::Context as _;
use clap::Parser;
use load::{Plan, Pool, Stretch, measure_guard_ns, protocol, sharpen_timers};
use record::load::{LoadPlan, Pacing};
use rustix::process::{Signal, set_parent_process_death_signal};

/// The load generator.
///
/// Without --address it says `ready` on standard output, then obeys one JSON command a line on standard input, and
/// ends when that input ends, or its parent does. With --address it runs once and prints the result as one line of JSON.
#[derive(Debug, Parser)]
#[command(version)]
struct Args {
    /// Run once against this loopback address.
    #[arg(long, requires = "pacing")]
    address: Option<SocketAddr>,
    #[command(flatten)]
    pacing: PacingArgs,
    /// With --rate: equal gaps instead of exponential ones.
    #[arg(long, requires = "rate")]
    constant: bool,
    /// Connections to open.
    #[arg(long, default_value_t = 16, requires = "address")]
    connections: u32,
    /// Requests are planned over this long.
    #[arg(long, default_value_t = 1_000, requires = "address")]
    duration_ms: u64,
    /// A request that takes longer has failed.
    #[arg(long, default_value_t = 5_000, requires = "address")]
    timeout_ms: u64,
    /// Path of every request.
    #[arg(long, default_value = "/plain", requires = "address")]
    path: String,
    /// Decides the arrival times.
    #[arg(long, default_value_t = 1, requires = "address")]
    seed: u64,
}

#[derive(Debug, clap::Args)]
#[group(id = "pacing", multiple = false)]
struct PacingArgs {
    /// Open loop: requests per second, on a schedule.
    #[arg(long, requires = "address")]
    rate: Option<f64>,
    /// Closed loop: every connection sends its next request as soon as the last is answered.
    #[arg(long, requires = "address")]
    closed: bool,
}

fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    sharpen_timers().context("cannot set the timer slack")?;
    match args.address {
        None => obey(),
        Some(address) => run_once(address, &args),
    }
}

/// A parent that died before this has closed the input, which ends it as well.
fn obey() -> anyhow::Result<()> {
    set_parent_process_death_signal(Some(Signal::KILL)).context("cannot be tied to the parent")?;
    protocol::obey_until_end()
}

fn run_once(address: SocketAddr, args: &Args) -> anyhow::Result<()> {
    let plan = LoadPlan {
        seed: args.seed,
        pacing: pacing(args),
        duration_ns: args.duration_ms.saturating_mul(1_000_000),
        path: args.path.clone(),
        timeout_ns: args.timeout_ms.saturating_mul(1_000_000),
    };
    let plan = Plan::check(&plan, address)?;
    let guard_ns = measure_guard_ns()?;
    let mut pool = Pool::open(address, args.connections)?;
    let mut stretch = Stretch::new(&mut pool, plan, guard_ns);
    stretch.run(&AtomicBool::new(false))?;
    println!("{}", serde_json::to_string(&stretch.result())?);
    Ok(())
}

fn pacing(args: &Args) -> Pacing {
    match args.pacing.rate {
        None => Pacing::Closed,
        Some(requests_per_second) if args.constant => Pacing::Constant { requests_per_second },
        Some(requests_per_second) => Pacing::Poisson { requests_per_second },
    }
}
