//! The lab's commands: JSON lines on standard input, answers on standard output.
//!
//! A thread of its own reads them, so that the end of input is seen in the middle of a run too: the run is given up
//! then, without an answer, since nobody is left to read it.

use std::{
    io::{self, BufRead as _, Write as _},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{self, Receiver, SyncSender},
    },
    thread,
};

use anyhow::Context as _;
use record::load::{LoadCommand, LoadPlan, LoadReply};

use crate::{Ended, Ns, Plan, Pool, Stretch, measure_guard_ns, priority::Priority};

/// Obeys commands until standard input ends.
///
/// # Errors
/// When standard output is closed or epoll fails. A bad command is answered, not an error.
pub fn obey_until_end() -> anyhow::Result<()> {
    let mut generator = Generator::new()?;
    let stop = Arc::clone(&generator.stop);
    let (lines, received) = mpsc::sync_channel(0);
    thread::spawn(move || {
        // However reading ends, there will be no more commands.
        let _ = read_lines(&lines);
        stop.store(true, Ordering::Relaxed);
    });
    say(&LoadReply::Ready { pid: std::process::id() })?;
    generator.obey(&received)
}

fn read_lines(lines: &SyncSender<Vec<u8>>) -> io::Result<()> {
    let mut input = io::stdin().lock();
    loop {
        let mut line = Vec::new();
        let ended = input.read_until(b'\n', &mut line)? == 0;
        if ended || (!line.trim_ascii().is_empty() && lines.send(line).is_err()) {
            return Ok(());
        }
    }
}

fn say(reply: &LoadReply) -> io::Result<()> {
    let mut line = serde_json::to_vec(reply)?;
    line.push(b'\n');
    let mut output = io::stdout().lock();
    output.write_all(&line)?;
    output.flush()
}

/// What is kept from command to command.
struct Generator {
    guard_ns: Ns,
    pool: Option<Pool>,
    priority: Priority,
    stop: Arc<AtomicBool>,
}

impl Generator {
    fn new() -> anyhow::Result<Self> {
        let guard_ns = measure_guard_ns().context("cannot measure how late sleeps end")?;
        Ok(Self { guard_ns, pool: None, priority: Priority::default(), stop: Arc::default() })
    }

    fn obey(&mut self, lines: &Receiver<Vec<u8>>) -> anyhow::Result<()> {
        for line in lines {
            let reply = match self.reply_to(&line) {
                Ok(Some(reply)) => reply,
                Ok(None) => break,
                Err(error) => LoadReply::Error { message: format!("{error:#}") },
            };
            say(&reply)?;
        }
        Ok(())
    }

    /// The answer to a command; `None` when it was stopped.
    fn reply_to(&mut self, line: &[u8]) -> anyhow::Result<Option<LoadReply>> {
        match serde_json::from_slice(line).context("not a command of the load generator")? {
            LoadCommand::Connect { address, connections } => {
                // Closed first, so that the target never holds both.
                self.pool = None;
                self.pool = Some(Pool::open(address, connections)?);
                Ok(Some(LoadReply::Connected { connections }))
            }
            LoadCommand::Run(plan) => self.run(&plan),
        }
    }

    fn run(&mut self, plan: &LoadPlan) -> anyhow::Result<Option<LoadReply>> {
        let pool = self.pool.as_mut().context("nothing is connected: send connect first")?;
        let pacing = plan.pacing;
        let plan = Plan::check(plan, pool.address())?;
        let mut stretch = Stretch::new(pool, plan, self.guard_ns);
        self.priority.raise_for(pacing, self.guard_ns);
        let ended = stretch.run(&self.stop);
        self.priority.relax();
        Ok(match ended? {
            Ended::Complete => Some(LoadReply::Ran(Box::new(stretch.result()))),
            Ended::Stopped => None,
        })
    }
}
