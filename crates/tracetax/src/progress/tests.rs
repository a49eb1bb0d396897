use std::{
    io,
    sync::{Arc, Mutex},
    thread::sleep,
    time::Duration,
};

use indicatif::{ProgressDrawTarget, TermLike};
use record::plan::{Arm, Life, Pair, Plan, TreatmentKind};

use super::{Bar, Progress, Shown};
use crate::{
    calibrate::made_up,
    report,
    run::{Upcoming, Watcher},
};

/// A terminal that keeps what is written to it.
#[derive(Debug, Clone, Default)]
struct Recorder(Arc<Mutex<Vec<String>>>);

impl Recorder {
    fn target(&self) -> ProgressDrawTarget {
        ProgressDrawTarget::term_like(Box::new(self.clone()))
    }

    fn lines(&self) -> Vec<String> {
        let written = self.0.lock().unwrap();
        written.iter().filter(|text| text.contains("block")).cloned().collect()
    }

    fn writes(&self) -> usize {
        self.0.lock().unwrap().len()
    }

    fn keep(&self, text: &str) -> io::Result<()> {
        self.0.lock().unwrap().push(text.to_owned());
        Ok(())
    }
}

impl TermLike for Recorder {
    fn width(&self) -> u16 {
        200
    }

    fn move_cursor_up(&self, _: usize) -> io::Result<()> {
        self.keep("up")
    }

    fn move_cursor_down(&self, _: usize) -> io::Result<()> {
        self.keep("down")
    }

    fn move_cursor_right(&self, _: usize) -> io::Result<()> {
        self.keep("right")
    }

    fn move_cursor_left(&self, _: usize) -> io::Result<()> {
        self.keep("left")
    }

    fn write_line(&self, text: &str) -> io::Result<()> {
        self.keep(text)
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        self.keep(text)
    }

    fn clear_line(&self) -> io::Result<()> {
        self.keep("clear")
    }

    fn flush(&self) -> io::Result<()> {
        Ok(())
    }
}

/// One life of so many pairs.
fn plan(pairs: u32) -> Plan {
    let pair = |index| Pair { index, seed: 0, step: None, order: vec![Arm::Untraced, Arm::Treated] };
    let mut scenario = made_up::plan([("nothing", TreatmentKind::Nothing)]);
    scenario.lives =
        vec![Life { index: 0, treatment: 0, pairs: (0..pairs).map(pair).collect(), statistics_seed: None }];
    Plan { scenarios: vec![scenario], ..report::made_up::plan("made-up") }
}

const NEXT: Upcoming<'_> = Upcoming { scenario: "made-up", treatment: "nothing", arm: Arm::Treated };

#[test]
fn a_line_is_drawn_at_most_once_a_second() {
    let recorder = Recorder::default();
    let mut bar = Bar::new(recorder.target(), 50);
    for tenth in 0..50 {
        bar.draw(Duration::from_millis(100 * tenth), tenth as usize, || format!("at {tenth}"));
    }
    let lines = recorder.lines();
    assert_eq!(lines.len(), 5, "{lines:#?}");
    assert!(lines[4].ends_with(" block 40 of 50, at 40"), "{lines:#?}");
}

/// No thread draws: however long a block takes, nothing is written until the next one is announced.
#[test]
fn nothing_is_drawn_while_a_block_is_measured() {
    let recorder = Recorder::default();
    let plan = plan(2);
    let mut progress = Progress::shown(&plan, Shown::Bar(Bar::new(recorder.target(), super::blocks(&plan))));
    progress.upcoming(NEXT);
    let (lines, before) = (recorder.lines(), recorder.writes());
    assert!(
        lines.len() == 1 && lines[0].contains("block 0 of 4, made-up: nothing, 0 s gone, "),
        "{lines:#?}"
    );
    sleep(Duration::from_millis(1_300));
    assert_eq!(recorder.writes(), before);
    // Nor as it ends.
    progress.block(&made_up::block(0, Arm::Treated, 7.0));
    assert_eq!(recorder.writes(), before);
    progress.upcoming(NEXT);
    assert!(recorder.lines()[1].contains("block 1 of 4, made-up: nothing, "), "{:#?}", recorder.lines());
}

#[test]
fn a_block_that_is_measured_again_counts_once() {
    let mut progress = Progress::shown(&plan(2), Shown::Blocks);
    let mut block = made_up::block(0, Arm::Treated, 7.0);
    progress.block(&block);
    block.attempt = 1;
    progress.block(&block);
    assert_eq!(progress.done, 1);
}
