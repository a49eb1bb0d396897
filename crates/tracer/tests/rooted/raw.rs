//! A server of plain blocking calls, in a process of its own: for what hyper cannot do, and in all the ways a server
//! may call the kernel. It tells when it has read and written each request, which bounds what a record may say.

pub(crate) mod answers;
mod calls;
mod inbox;
mod server;

use std::{env, net::SocketAddr, process::Command};

use crate::{client::Client, group::Group, process::Process};

/// The variable that makes this program the server, and says of which manner.
const VARIABLE: &str = "TRACETAX_RAW_SERVER";

/// How it calls the kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Manner {
    pub(crate) reads: Reads,
    pub(crate) writes: Writes,
    pub(crate) threads: Threads,
    /// Most bytes that one read takes.
    pub(crate) buffer: usize,
    pub(crate) descriptors: Descriptors,
}

/// Which descriptor a new connection gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Descriptors {
    /// One that was not in use for long.
    Fresh,
    /// The lowest, as everywhere: so that it may be in use again before a hook at the exit of `close` has run.
    Lowest,
}

/// The call that reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reads {
    Read,
    Recv,
    Readv,
    Recvmsg,
    /// `preadv2` at no offset, which a socket takes as `readv`.
    Positional,
}

/// The call that writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Writes {
    Write,
    Send,
    Writev,
    Sendmsg,
}

/// Who does what. Connections are always accepted by a thread of its own, and have a thread each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Threads {
    /// One thread reads and answers.
    One,
    /// One reads, another answers, by turns.
    Two,
    /// One reads on while another answers.
    Duplex,
}

const READS: [Reads; 5] = [Reads::Read, Reads::Recv, Reads::Readv, Reads::Recvmsg, Reads::Positional];
const WRITES: [Writes; 4] = [Writes::Write, Writes::Send, Writes::Writev, Writes::Sendmsg];
const DESCRIPTORS: [Descriptors; 2] = [Descriptors::Fresh, Descriptors::Lowest];
const THREADS: [Threads; 3] = [Threads::One, Threads::Two, Threads::Duplex];

impl Manner {
    /// One thread a connection, with `recv` and `send` of whole messages.
    pub(crate) const PLAIN: Self = Self {
        reads: Reads::Recv,
        writes: Writes::Send,
        threads: Threads::One,
        buffer: 65_536,
        descriptors: Descriptors::Fresh,
    };

    fn to_text(self) -> String {
        let Self { reads, writes, threads, buffer, descriptors } = self;
        format!("{reads:?} {writes:?} {threads:?} {buffer} {descriptors:?}")
    }

    fn from_text(text: &str) -> Self {
        let words: Vec<_> = text.split(' ').collect();
        Self {
            reads: named(&READS, words[0]),
            writes: named(&WRITES, words[1]),
            threads: named(&THREADS, words[2]),
            buffer: words[3].parse().unwrap(),
            descriptors: named(&DESCRIPTORS, words[4]),
        }
    }
}

fn named<T: Copy + std::fmt::Debug>(all: &[T], name: &str) -> T {
    *all.iter().find(|value| format!("{value:?}") == name).unwrap()
}

/// What the server knows of a request it has answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Done {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) fd: i32,
    /// The thread that wrote the answer; 0 where the closing of the connection ends it.
    pub(crate) tid: u32,
    /// Bytes of it that were read when the answer was over.
    pub(crate) request_bytes: u64,
    pub(crate) response_bytes: u64,
    /// After the read that brought its first byte.
    pub(crate) read_ns: u64,
    /// Before the last write of its answer.
    pub(crate) write_ns: u64,
    /// After that write, or after the connection was closed where that ends the answer.
    pub(crate) end_ns: u64,
}

impl Done {
    fn to_text(&self) -> String {
        format!(
            "done {} {} {} {} {} {} {} {} {}",
            self.method,
            self.target,
            self.fd,
            self.tid,
            self.request_bytes,
            self.response_bytes,
            self.read_ns,
            self.write_ns,
            self.end_ns
        )
    }

    fn from_text(text: &str) -> Self {
        let words: Vec<_> = text.split(' ').collect();
        assert_eq!((words[0], words.len()), ("done", 10), "{text}");
        let number = |index: usize| words[index].parse().unwrap();
        Self {
            method: words[1].into(),
            target: words[2].into(),
            fd: words[3].parse().unwrap(),
            tid: words[4].parse().unwrap(),
            request_bytes: number(5),
            response_bytes: number(6),
            read_ns: number(7),
            write_ns: number(8),
            end_ns: number(9),
        }
    }
}

/// The running server.
pub(crate) struct Raw {
    process: Process,
    pub(crate) address: SocketAddr,
}

impl Raw {
    /// Starts it and waits until it listens.
    pub(crate) fn start(manner: Manner) -> Self {
        Self::run(Command::new(env::current_exe().unwrap()), manner)
    }

    /// The same, within a group.
    pub(crate) fn start_in(group: &Group, manner: Manner) -> Self {
        Self::run(group.command(&env::current_exe().unwrap()), manner)
    }

    fn run(mut command: Command, manner: Manner) -> Self {
        command.args(["--exact", "raw::a_raw_server_answers_as_its_table_says", "--nocapture"]);
        let process = Process::spawn(command.env(VARIABLE, manner.to_text()));
        let address = said(&process).strip_prefix("listening on ").unwrap().parse().unwrap();
        Self { process, address }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// The next request that it has answered.
    pub(crate) fn done(&self) -> Done {
        Done::from_text(&said(&self.process))
    }
}

/// Its next line; the test harness around it says things as well.
fn said(process: &Process) -> String {
    loop {
        // Without a line end the harness names the test on the same line.
        if let Some((_, line)) = process.line().split_once("raw: ") {
            return line.to_owned();
        }
    }
}

/// The server, where the variable says so; else a look at one.
#[test]
fn a_raw_server_answers_as_its_table_says() {
    if let Ok(manner) = env::var(VARIABLE) {
        return server::serve(Manner::from_text(&manner));
    }
    let raw = Raw::start(Manner { reads: Reads::Readv, threads: Threads::Two, buffer: 7, ..Manner::PLAIN });
    let mut client = Client::connect(raw.address);
    let request = "POST /length/1?a=b HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n";
    let truth = client.exchange(request);
    let done = raw.done();
    assert_eq!((done.method.as_str(), done.target.as_str()), ("POST", "/length/1?a=b"));
    assert_eq!((done.request_bytes, done.response_bytes), (request.len() as u64, truth.response_bytes));
    assert!(done.read_ns < done.write_ns && done.write_ns <= done.end_ns, "{done:?}");
    client.send("no request\r\n\r\n");
    assert_eq!(client.answer(false).status, 400);
    client.end();
}
