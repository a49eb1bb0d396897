//! The real binary over its pipes.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio},
    sync::mpsc,
};

use record::load::{LoadCommand, LoadReply, LoadResult};

use crate::fake::{MS, OK, constant, request_came, start, start_answering};

fn binary() -> Command {
    Command::new(env!("CARGO_BIN_EXE_load"))
}

/// A running generator; it is killed when this is dropped.
struct Generator {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Generator {
    fn start() -> Self {
        let mut child = binary().stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let input = child.stdin.take();
        let output = BufReader::new(child.stdout.take().unwrap());
        let mut generator = Self { child, input, output };
        let LoadReply::Ready { pid } = generator.reply().unwrap() else { panic!("not ready") };
        assert_eq!(pid, generator.child.id());
        generator
    }

    fn send(&mut self, line: &str) {
        writeln!(self.input.as_ref().unwrap(), "{line}").unwrap();
    }

    fn command(&mut self, command: &LoadCommand) -> LoadReply {
        self.send(&serde_json::to_string(command).unwrap());
        self.reply().unwrap()
    }

    /// The next reply; none when the output has ended.
    fn reply(&mut self) -> Option<LoadReply> {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        (!line.is_empty()).then(|| serde_json::from_str(&line).unwrap())
    }

    fn end_input(&mut self) -> ExitStatus {
        drop(self.input.take());
        self.child.wait().unwrap()
    }
}

impl Drop for Generator {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn connect(address: &str, connections: u32) -> LoadCommand {
    LoadCommand::Connect { address: address.parse().unwrap(), connections }
}

#[test]
fn it_connects_and_runs_again_and_again() {
    let mut generator = Generator::start();
    for connections in [3, 2] {
        let connect = connect(&start_answering(OK).to_string(), connections);
        assert_eq!(generator.command(&connect), LoadReply::Connected { connections });
        for _ in 0..2 {
            let run = LoadCommand::Run(constant(1_000.0, 10 * MS, 60_000 * MS));
            let LoadReply::Ran(result) = generator.command(&run) else { panic!("no result") };
            assert_eq!((result.planned, result.completed), (10, 10));
        }
    }
    assert!(generator.end_input().success());
}

#[track_caller]
fn check_error(generator: &mut Generator, line: &str, part: &str) {
    generator.send(line);
    let Some(LoadReply::Error { message }) = generator.reply() else { panic!("no error") };
    assert!(message.contains(part), "{message}");
}

#[test]
fn a_bad_command_is_an_error_and_the_generator_goes_on() {
    let mut generator = Generator::start();
    let run = serde_json::to_string(&LoadCommand::Run(constant(-1.0, MS, MS))).unwrap();
    check_error(&mut generator, "nonsense", "not a command");
    check_error(
        &mut generator,
        r#"{"connect":{"address":"192.0.2.1:80","connections":1}}"#,
        "not a loopback address",
    );
    check_error(&mut generator, &run, "send connect first");
    generator.command(&connect(&start_answering(OK).to_string(), 1));
    check_error(&mut generator, &run, "requests_per_second is -1");
    assert!(generator.end_input().success());
}

#[test]
fn the_end_of_input_ends_a_run_in_its_middle() {
    let (came, has_come) = mpsc::channel();
    let address = start(move |_, mut stream| {
        request_came(&mut stream);
        came.send(()).unwrap();
        request_came(&mut stream);
    });
    let mut generator = Generator::start();
    generator.command(&connect(&address.to_string(), 1));
    let run = LoadCommand::Run(constant(1.0, 3_600_000 * MS, 3_600_000 * MS));
    generator.send(&serde_json::to_string(&run).unwrap());
    has_come.recv().unwrap();
    assert!(generator.end_input().success());
    assert_eq!(generator.reply(), None);
}

#[test]
fn by_hand_it_prints_one_result() {
    let address = start_answering(OK).to_string();
    for pacing in [&["--rate", "1000"][..], &["--rate", "1000", "--constant"], &["--closed"]] {
        let output =
            binary().args(["--address", &address, "--duration-ms", "10"]).args(pacing).output().unwrap();
        assert!(output.status.success());
        let result: LoadResult = serde_json::from_slice(&output.stdout).unwrap();
        assert!(result.failed.is_empty());
        assert_eq!(output.stdout.iter().filter(|&&byte| byte == b'\n').count(), 1);
    }
}

#[test]
fn by_hand_a_pacing_must_be_chosen() {
    let output = binary().args(["--address", "127.0.0.1:1"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
}
