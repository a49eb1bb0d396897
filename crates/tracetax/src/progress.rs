//! How far a run is, on standard error: drawn between blocks, at most once a second, and never while one is measured.
//!
//! There is no thread that draws: a run says what it is about to measure, and that is the only time at which a line is
//! drawn. So a block that takes minutes shows the same line for minutes, and pays for nothing.

#[cfg(test)]
mod tests;
mod time;

use std::{
    collections::BTreeSet,
    io::{IsTerminal, stderr},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressFinish, ProgressState, ProgressStyle};
use record::{
    block::Block,
    plan::{Arm, Plan},
};

use crate::{
    judge::short,
    plan::{blocks_of, show_time, time_per_block},
    run::{Upcoming, Watcher},
};

use time::TimeLeft;

/// Between two redraws.
const REDRAW: Duration = Duration::from_secs(1);

/// Tells on standard error how far a run is.
pub(crate) struct Progress {
    started: Instant,
    /// Blocks that count towards the end: one that must be measured again does not.
    done: usize,
    time: TimeLeft,
    shown: Shown,
}

/// How it is told.
enum Shown {
    /// One line, drawn anew.
    Bar(Bar),
    /// A line a block.
    Blocks,
    /// A line a scenario.
    Scenarios(BTreeSet<String>),
}

impl Progress {
    pub(crate) fn new(plan: &Plan, verbose: bool) -> Self {
        let shown = match (verbose, stderr().is_terminal()) {
            (true, _) => Shown::Blocks,
            (false, true) => Shown::Bar(Bar::new(ProgressDrawTarget::stderr(), blocks(plan))),
            (false, false) => Shown::Scenarios(BTreeSet::new()),
        };
        Self::shown(plan, shown)
    }

    fn shown(plan: &Plan, shown: Shown) -> Self {
        Self { started: Instant::now(), done: 0, time: TimeLeft::of(time_per_block(plan)), shown }
    }

    /// Nothing is measured any more: the line goes.
    pub(crate) fn end(&self) {
        if let Shown::Bar(bar) = &self.shown {
            bar.bar.finish_and_clear();
        }
    }
}

/// Blocks of a plan, if none has to be measured again.
fn blocks(plan: &Plan) -> usize {
    let lives = plan.scenarios.iter().flat_map(|scenario| &scenario.lives);
    lives.map(|life| blocks_of(life) as usize).sum()
}

impl Watcher for Progress {
    fn upcoming(&mut self, next: Upcoming<'_>) {
        let (elapsed, total) = (self.started.elapsed(), self.time.blocks());
        match &mut self.shown {
            Shown::Bar(bar) => bar.draw(elapsed, self.done, || {
                let left = self.time.left(self.done, elapsed);
                format!("{}, {} gone, {} left", now(next), show_time(elapsed), show_time(left))
            }),
            Shown::Scenarios(told) => {
                if told.insert(next.scenario.to_owned()) {
                    tell!("{}: from block {} of {total}", next.scenario, self.done + 1);
                }
            }
            Shown::Blocks => {}
        }
    }

    fn block(&mut self, block: &Block) {
        self.done += usize::from(block.attempt == 0);
        if let Shown::Blocks = self.shown {
            tell!("{}", line(block));
        }
    }

    fn note(&mut self, text: &str) {
        match &self.shown {
            Shown::Bar(bar) => bar.bar.println(text),
            Shown::Blocks | Shown::Scenarios(_) => tell!("{text}"),
        }
    }
}

/// What is measured next.
fn now(next: Upcoming<'_>) -> String {
    let Upcoming { scenario, treatment, arm } = next;
    match arm {
        Arm::Untraced => format!("{scenario}: untraced"),
        Arm::Treated => format!("{scenario}: {treatment}"),
        Arm::Base => format!("{scenario}: {treatment} of the other revision"),
    }
}

/// One line of a terminal. `indicatif` draws it; when, is decided here.
struct Bar {
    bar: ProgressBar,
    text: Arc<Mutex<String>>,
    drawn: Option<Duration>,
}

impl Bar {
    fn new(target: ProgressDrawTarget, blocks: usize) -> Self {
        let text = Arc::<Mutex<String>>::default();
        let shown = Arc::clone(&text);
        let style = ProgressStyle::with_template("[{bar:24}] block {human_pos} of {human_len}, {what}")
            .expect("the template is a constant that indicatif allows")
            .progress_chars("=> ")
            .with_key("what", move |_: &ProgressState, out: &mut dyn std::fmt::Write| {
                let _ = out.write_str(&shown.lock().unwrap_or_else(PoisonError::into_inner));
            });
        let bar = ProgressBar::with_draw_target(Some(blocks as u64), target).with_style(style);
        Self { bar: bar.with_finish(ProgressFinish::AndClear), text, drawn: None }
    }

    /// Draws, unless that was done within a second.
    fn draw(&mut self, elapsed: Duration, done: usize, text: impl FnOnce() -> String) {
        if self.drawn.is_some_and(|drawn| elapsed < drawn + REDRAW) {
            return;
        }
        self.drawn = Some(elapsed);
        *self.text.lock().unwrap_or_else(PoisonError::into_inner) = text();
        self.bar.update(|state| state.set_pos(done as u64));
    }
}

fn line(block: &Block) -> String {
    let us = |ns: u64| short(ns as f64 / 1e3 / block.load.completed.max(1) as f64);
    format!(
        "{} {} pair {} {:?}: {} requests, server {} us, agent {} us, generator {} us a request, switched in {} us{}",
        block.scenario,
        block.treatment,
        block.pair,
        block.arm,
        block.load.completed,
        us(block.cpu.target_ns),
        us(block.cpu.agent_ns),
        us(block.cpu.load_ns),
        block.toggle_ns / 1_000,
        block.discarded.map(|why| format!(", discarded: {why:?}")).unwrap_or_default()
    )
}
