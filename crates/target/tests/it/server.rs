//! Starts the real binary, speaks to it, and stops it.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio},
    time::Duration,
};

use record::target::{TargetCommand, TargetReply};

/// A running target; it is killed when this is dropped.
pub(crate) struct Server {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    address: SocketAddr,
}

impl Server {
    /// Starts it and waits until it is ready.
    pub(crate) fn start() -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_target"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let input = child.stdin.take();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let TargetReply::Ready { pid, address } = read_reply(&mut output) else { panic!("not ready") };
        assert_eq!(pid, child.id());
        Self { child, input, output, address }
    }

    /// Sends a command and returns the answer.
    pub(crate) fn command(&mut self, command: &TargetCommand) -> TargetReply {
        self.line(&serde_json::to_string(command).unwrap())
    }

    /// Sends a command whose answer is read later.
    pub(crate) fn send(&mut self, command: &TargetCommand) {
        writeln!(self.input.as_ref().unwrap(), "{}", serde_json::to_string(command).unwrap()).unwrap();
    }

    /// Returns the next answer.
    pub(crate) fn reply(&mut self) -> TargetReply {
        read_reply(&mut self.output)
    }

    /// Sends a line and returns the answer.
    pub(crate) fn line(&mut self, line: &str) -> TargetReply {
        writeln!(self.input.as_ref().unwrap(), "{line}").unwrap();
        read_reply(&mut self.output)
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Opens a connection.
    pub(crate) fn connect(&self) -> Client {
        let stream = TcpStream::connect(self.address).unwrap();
        // Only against hanging forever: no test depends on how long anything takes.
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        Client { stream }
    }

    /// Sends `requests` over a new connection and returns all that comes until the server closes it.
    pub(crate) fn exchange(&self, requests: &str) -> String {
        let mut client = self.connect();
        client.send(requests);
        let mut answer = Vec::new();
        // A reset after the answer is the server's right when the request was broken.
        let _ = client.stream.read_to_end(&mut answer);
        String::from_utf8(answer).unwrap()
    }

    /// Closes standard input and waits for the end.
    pub(crate) fn end_input(mut self) -> ExitStatus {
        drop(self.input.take());
        self.child.wait().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One connection.
pub(crate) struct Client {
    stream: TcpStream,
}

impl Client {
    /// Sends `text`.
    pub(crate) fn send(&mut self, text: &str) {
        self.stream.write_all(text.as_bytes()).unwrap();
    }

    /// Reads until what has come ends with `end`.
    pub(crate) fn read_until(&mut self, end: &str) -> String {
        let mut text = String::new();
        let mut buffer = [0; 4096];
        while !text.ends_with(end) {
            let bytes = self.stream.read(&mut buffer).unwrap();
            assert!(bytes > 0, "closed after {text:?}");
            text.push_str(std::str::from_utf8(&buffer[..bytes]).unwrap());
        }
        text
    }
}

fn read_reply(output: &mut BufReader<ChildStdout>) -> TargetReply {
    let mut line = String::new();
    output.read_line(&mut line).unwrap();
    serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"))
}
