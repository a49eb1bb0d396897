//! What an oracle knows: every request that clients have made, what must be known of each, and how it is compared
//! with what the agent reports. A table of shapes is run under any strategy.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    net::SocketAddr,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    thread,
};

use record::agent::{AgentCommand, AgentReply, AgentStats, RequestRecord};

use crate::{
    agent::Agent,
    client::{Client, Truth, kept},
    group::Group,
    process::{eventually, now_ns},
    raw::{Done, Manner, Raw},
    target::Target,
};

/// A way in which requests may come, and what the server is to do with them.
pub(crate) struct Shape {
    pub(crate) name: &'static str,
    /// The talk attaches, not the oracle.
    pub(crate) late: bool,
    pub(crate) talk: fn(&mut Talk<'_>),
}

impl Shape {
    pub(crate) const fn new(name: &'static str, talk: fn(&mut Talk<'_>)) -> Self {
        Self { name, late: false, talk }
    }

    /// One that begins before the programs are attached.
    pub(crate) const fn late(name: &'static str, talk: fn(&mut Talk<'_>)) -> Self {
        Self { name, late: true, talk }
    }
}

/// A strategy, and what it cannot do. A list names shapes.
#[derive(Clone, Copy)]
pub(crate) struct Strategy {
    pub(crate) name: &'static str,
    /// It sees packets, not calls: so it follows bytes whatever call has moved them, and knows neither thread nor
    /// descriptor.
    pub(crate) by_packets: bool,
    /// Paths of the raw server that are answered by a call of which it knows no more than that bytes were moved.
    pub(crate) unsupported: &'static [&'static str],
    /// It does not see the end of a call that has begun before it was attached.
    pub(crate) misses_calls_under_way: bool,
    /// It does not follow these: of them it may report less, but nothing wrong.
    pub(crate) not_followed: &'static [&'static str],
    /// It reports something wrong of these, each time. A shape that is right must leave this list.
    pub(crate) wrong: &'static [&'static str],
    /// It reports something wrong of these once in a long while, where threads race.
    pub(crate) sometimes_wrong: &'static [&'static str],
}

/// The server of a table.
pub(crate) struct Server {
    kind: Kind,
    /// Dropped after the process in it.
    _group: Option<Group>,
}

enum Kind {
    /// hyper on one thread.
    Hyper(Target),
    /// Plain blocking calls.
    Raw(Raw),
}

impl Server {
    pub(crate) fn hyper() -> Self {
        Self { kind: Kind::Hyper(Target::start()), _group: None }
    }

    pub(crate) fn raw(manner: Manner) -> Self {
        Self { kind: Kind::Raw(Raw::start(manner)), _group: None }
    }

    /// hyper in a control group of its own.
    pub(crate) fn hyper_in_a_group() -> Self {
        let group = Group::new();
        Self { kind: Kind::Hyper(Target::start_in(&group)), _group: Some(group) }
    }

    /// Plain calls in a control group of its own.
    pub(crate) fn raw_in_a_group(manner: Manner) -> Self {
        let group = Group::new();
        Self { kind: Kind::Raw(Raw::start_in(&group, manner)), _group: Some(group) }
    }

    fn pid(&self) -> u32 {
        match &self.kind {
            Kind::Hyper(target) => target.pid(),
            Kind::Raw(raw) => raw.pid(),
        }
    }

    fn address(&self) -> SocketAddr {
        match &self.kind {
            Kind::Hyper(target) => target.address,
            Kind::Raw(raw) => raw.address,
        }
    }

    fn connect(&self) -> Client {
        Client::connect(self.address())
    }
}

/// Most faults of a shape that are told in full.
const MOST: usize = 4;

/// Runs `shapes` on `server` under `strategy`, and tells of all that went wrong.
#[track_caller]
pub(crate) fn check(strategy: Strategy, server: &Server, shapes: &[Shape]) {
    let agent = Agent::start_with(server.pid(), &["--strategy", strategy.name]);
    let mut wrong = Vec::new();
    for shape in shapes {
        let followed = !strategy.not_followed.contains(&shape.name);
        match catch_unwind(AssertUnwindSafe(|| judge(strategy, &agent, server, shape, followed))) {
            Ok(faults) => wrong.extend(weigh(strategy, shape.name, faults)),
            Err(panic) => {
                eprintln!("in the shape `{}`; before it:\n{}", shape.name, wrong.join("\n"));
                resume_unwind(panic);
            }
        }
    }
    assert!(wrong.is_empty(), "{} under {}:\n{}", wrong.len(), strategy.name, wrong.join("\n"));
}

/// What is to be told of the faults of a shape.
fn weigh(strategy: Strategy, shape: &str, faults: Vec<String>) -> Vec<String> {
    let more = faults.len().saturating_sub(MOST);
    let mut told: Vec<_> = faults.into_iter().take(MOST).map(|fault| format!("{shape}: {fault}")).collect();
    if more > 0 {
        told.push(format!("{shape}: and {more} more"));
    }
    let always = strategy.wrong.contains(&shape);
    if always && told.is_empty() {
        return vec![format!("{shape}: it is right now, so it must leave the list of what is wrong")];
    }
    if always || strategy.sometimes_wrong.contains(&shape) {
        told.drain(..).for_each(|fault| println!("known: {fault}"));
    }
    told
}

/// What clients did in one shape.
pub(crate) struct Talk<'a> {
    strategy: Strategy,
    server: &'a Server,
    agent: &'a Agent,
    /// In the order in which the answers came.
    completed: Vec<Completed>,
    /// What must be named, with no request completed for it or beside its reason.
    named: BTreeMap<&'static str, i64>,
    /// Any request may be counted under this reason instead of having its record, since threads race.
    racing: Option<&'static str>,
    /// Records that are not true, but say that they may be none.
    doubtful: usize,
}

/// A request that a client has sent, and to which it has got an answer.
#[derive(Debug)]
pub(crate) struct Completed {
    truth: Truth,
    /// Before its first byte was sent.
    sent_ns: u64,
    /// After the last byte of the answer was received.
    got_ns: u64,
    /// The server worked at least that long between reading and answering.
    work_ns: u64,
    /// Not recorded, but counted under a reason.
    excepted: bool,
    /// Answered before its body was read: how much of it counts, only the server knows.
    early: bool,
}

impl Completed {
    /// Sends a request and reads its answer.
    pub(crate) fn exchange(client: &mut Client, request: &str) -> Self {
        let sent_ns = now_ns();
        client.send(request);
        Self::answered(client, request, sent_ns)
    }

    /// Reads the answer to `request`, which was sent not before `sent_ns`.
    pub(crate) fn answered(client: &mut Client, request: &str, sent_ns: u64) -> Self {
        let truth = client.truth(request);
        Self { truth, sent_ns, got_ns: now_ns(), work_ns: 0, excepted: false, early: false }
    }
}

impl Talk<'_> {
    pub(crate) fn connect(&self) -> Client {
        self.server.connect()
    }

    /// Does the strategy see packets, not calls?
    pub(crate) fn by_packets(&self) -> bool {
        self.strategy.by_packets
    }

    /// Does the strategy know no more of the call that answers `/name` than that it has moved bytes?
    pub(crate) fn is_unsupported(&self, name: &str) -> bool {
        self.strategy.unsupported.contains(&name)
    }

    /// Is the end of a call not seen that has begun before the strategy was attached?
    pub(crate) fn misses_calls_under_way(&self) -> bool {
        self.strategy.misses_calls_under_way
    }

    pub(crate) fn attach(&self) {
        self.agent.attach();
    }

    /// Sends a request and reads its answer. It must have its record.
    pub(crate) fn exchange(&mut self, client: &mut Client, request: &str) -> &mut Self {
        self.completed.push(Completed::exchange(client, request));
        self
    }

    /// Reads the answer to `request`, which was sent not before `sent_ns`. It must have its record.
    pub(crate) fn answered(&mut self, client: &mut Client, request: &str, sent_ns: u64) -> &mut Self {
        self.completed.push(Completed::answered(client, request, sent_ns));
        self
    }

    /// Has as many threads talk at once, each with its number and the server's address. All that they complete must
    /// have its record; their paths must differ.
    pub(crate) fn in_threads(
        &mut self,
        threads: usize,
        talk: impl Fn(usize, SocketAddr) -> Vec<Completed> + Copy + Send,
    ) {
        let address = self.server.address();
        thread::scope(|scope| {
            let threads: Vec<_> =
                (0..threads).map(|number| scope.spawn(move || talk(number, address))).collect();
            self.completed.extend(threads.into_iter().flat_map(|thread| thread.join().unwrap()));
        });
    }

    /// The server worked for the last request. Its work may end early, where it is preempted: a quarter is certain
    /// enough.
    pub(crate) fn worked_us(&mut self, us: u64) -> &mut Self {
        self.last().work_ns = us * 250;
        self
    }

    /// The last request was answered before its body was read.
    pub(crate) fn early(&mut self) -> &mut Self {
        self.last().early = true;
        self
    }

    /// The last request has no record: it is counted under these reasons, once each.
    pub(crate) fn but(&mut self, reasons: &[&'static str]) -> &mut Self {
        self.last().excepted = true;
        for reason in reasons {
            self.also(reason, 1);
        }
        self
    }

    /// The last request has no record, and follows one on its connection that was lost: its reason stands for both.
    pub(crate) fn behind_a_loss(&mut self) -> &mut Self {
        self.but(&[])
    }

    /// The last request has no record and no reason: both its head and that of its answer had passed before anything
    /// was attached, so that nothing of it could be seen.
    pub(crate) fn unseen(&mut self) -> &mut Self {
        self.but(&[])
    }

    /// Something is counted under `reason` without a request that was completed.
    pub(crate) fn also(&mut self, reason: &'static str, count: i64) -> &mut Self {
        *self.named.entry(reason).or_default() += count;
        self
    }

    /// Any request may be counted under `reason` instead of having its record, since threads race: but each is one or
    /// the other.
    pub(crate) fn or_some(&mut self, reason: &'static str) {
        self.racing = Some(reason);
    }

    /// One record is not true: it shows what nobody asked. But it says that it may be none.
    pub(crate) fn doubtful(&mut self) -> &mut Self {
        self.doubtful += 1;
        self
    }

    fn last(&mut self) -> &mut Completed {
        self.completed.last_mut().unwrap()
    }

    fn recorded(&self) -> usize {
        self.completed.iter().filter(|completed| !completed.excepted).count()
    }
}

/// Runs one shape; says what is wrong with what the agent reports of it.
fn judge(strategy: Strategy, agent: &Agent, server: &Server, shape: &Shape, followed: bool) -> Vec<String> {
    let before = agent.stats();
    let seen = agent.records().len();
    let mut talk = Talk {
        strategy,
        server,
        agent,
        completed: vec![],
        named: BTreeMap::new(),
        racing: None,
        doubtful: 0,
    };
    if !shape.late {
        agent.attach();
    }
    (shape.talk)(&mut talk);
    let fence_ns = fence(server);
    // What the clients know last may reach the tracer later: closed connections, above all.
    if followed {
        settle(agent, &talk, &before);
    }
    agent.detach();
    let after = agent.stats();
    let mut faults = Vec::new();
    let records = agent.records().split_off(seen);
    let records: Vec<_> = records.into_iter().filter(|record| record.path != FENCE).collect();
    compare(&talk, &records, fence_ns, followed, &mut faults);
    let marked = records.iter().filter(|record| record.joined_midway).count() as u64;
    if marked > after.joined_midway - before.joined_midway {
        faults.push(format!("{marked} records are in doubt, and so many were not counted: {after:?}"));
    }
    let mut named = difference(&before, &after);
    if let Some(reason) = talk.racing {
        let missing = talk.recorded() as i64 - records.len() as i64;
        talk.also(reason, missing);
        // What is written on a connection that was forgotten too early is named on top.
        named.retain(|name, count| name != "answer_without_request" || *count > missing);
    }
    let wanted: BTreeMap<_, _> = talk
        .named
        .iter()
        .filter(|(_, count)| **count != 0)
        .map(|(reason, count)| ((*reason).to_owned(), *count))
        .collect();
    if followed && named != wanted {
        faults.push(format!("{named:?} are named, and {wanted:?} must be"));
    }
    faults
}

/// The path of requests that are no part of a shape.
const FENCE: &str = "/fence";

/// One more request. hyper serves on one thread: once it has answered this one, it has returned from the call that
/// wrote the answer before. Returns the time.
fn fence(server: &Server) -> u64 {
    server.connect().exchange(&format!("GET {FENCE} HTTP/1.1\r\nHost: t\r\n\r\n"));
    now_ns()
}

/// Waits until all that is expected has come, or for as long as patience lasts: then the comparison tells.
fn settle(agent: &Agent, talk: &Talk<'_>, before: &AgentStats) {
    let wanted: i64 = talk.named.values().sum();
    let _ = catch_unwind(AssertUnwindSafe(|| {
        let mut asked = 0;
        eventually("all has come", || {
            asked += 1;
            let AgentReply::Stats(now) = agent.command(&AgentCommand::Stats) else { panic!("no stats") };
            let named: i64 = difference(before, &now).values().sum();
            let records = now.requests - before.requests;
            (asked > 100 || records as usize > talk.recorded() && named >= wanted).then_some(())
        });
    }));
}

/// Exceptions that were counted in between.
fn difference(before: &AgentStats, after: &AgentStats) -> BTreeMap<String, i64> {
    let counts = after.exceptions.iter().map(|(reason, count)| {
        let earlier = before.exceptions.get(reason).copied().unwrap_or_default();
        (reason.clone(), *count as i64 - earlier as i64)
    });
    counts.filter(|(_, count)| *count != 0).collect()
}

/// Every record must equal a request that a client has completed, and every such request must have its record.
fn compare(
    talk: &Talk<'_>,
    records: &[RequestRecord],
    fence_ns: u64,
    followed: bool,
    faults: &mut Vec<String>,
) {
    let mut known = server_log(talk);
    let mut doubtful = talk.doubtful;
    let mut wanted: HashMap<&str, VecDeque<&Completed>> = HashMap::new();
    for completed in talk.completed.iter().filter(|completed| !completed.excepted) {
        wanted.entry(&completed.truth.path).or_default().push_back(completed);
    }
    for record in records {
        let Some(completed) = wanted.get_mut(record.path.as_str()).and_then(VecDeque::pop_front) else {
            if record.joined_midway && doubtful > 0 {
                doubtful -= 1;
            } else {
                faults.push(format!("made up: {record:?}"));
            }
            continue;
        };
        let done = known.get_mut(&record.path).and_then(VecDeque::pop_front);
        if matches!(talk.server.kind, Kind::Raw(_)) && done.is_none() {
            faults.push(format!("the server has answered no such request: {record:?}"));
        }
        faults.extend(differences(record, completed, done.as_ref(), fence_ns, talk.by_packets()));
    }
    if doubtful > 0 {
        faults.push(format!("{doubtful} records in doubt are missing"));
    }
    let missing = wanted.into_values().flatten();
    if followed && talk.racing.is_none() {
        faults.extend(missing.map(|completed| format!("missing: {completed:?}")));
    }
}

/// What the raw server says of the requests it has answered, by the path that a record would show.
fn server_log(talk: &Talk<'_>) -> HashMap<String, VecDeque<Done>> {
    let mut known: HashMap<String, VecDeque<Done>> = HashMap::new();
    let Kind::Raw(raw) = &talk.server.kind else { return known };
    let mut wanted: HashMap<&str, usize> = HashMap::new();
    for completed in &talk.completed {
        *wanted.entry(&completed.truth.path).or_default() += 1;
    }
    // Each connection has a thread, which may say later than the fence what its client has seen before.
    let lacks = |known: &HashMap<String, VecDeque<Done>>| {
        let has = |path: &str| known.get(path).map_or(0, VecDeque::len);
        has(FENCE) == 0 || wanted.iter().any(|(path, count)| has(path) < *count)
    };
    while lacks(&known) {
        let done = raw.done();
        let path = kept(done.target.split('?').next().unwrap()).into_owned();
        known.entry(path).or_default().push_back(done);
    }
    known
}

/// How a record differs from what is known.
fn differences(
    record: &RequestRecord,
    completed: &Completed,
    done: Option<&Done>,
    fence_ns: u64,
    by_packets: bool,
) -> Vec<String> {
    let mut truth = completed.truth.clone();
    // Packets may come before the server reads them.
    let arrived = completed.early && by_packets;
    if completed.early {
        truth.request_bytes =
            done.filter(|_| !arrived).map_or(record.request_bytes, |done| done.request_bytes);
    }
    let mut faults = Vec::new();
    let mut expect = |holds: bool, what: &str| {
        if !holds {
            faults.push(format!("{what}: {record:?}, but known are {completed:?} and {done:?}"));
        }
    };
    expect(Truth::from(record) == truth, "it differs");
    let end_ns = record.start_ns + record.duration_ns;
    let latest_ns = done.map_or(fence_ns, |done| done.end_ns.max(completed.got_ns));
    expect(record.start_ns >= completed.sent_ns, "begun before it was sent");
    expect(end_ns <= latest_ns, "ended after it was over");
    expect(record.duration_ns >= completed.work_ns, "shorter than the work");
    expect(record.duration_ns <= latest_ns - completed.sent_ns, "longer than it took");
    if let Some(done) = done {
        expect(record.start_ns <= done.read_ns, "begun after it was read");
        expect(end_ns >= done.write_ns, "ended before it was written");
        expect(
            record.duration_ns >= done.write_ns.saturating_sub(done.read_ns),
            "shorter than the server took",
        );
        let (fd, tid) = if by_packets { (-1, 0) } else { (done.fd, done.tid) };
        expect(record.fd == fd, "another descriptor");
        expect(done.tid == 0 || record.tid == tid, "another thread");
        expect(record.method == done.method, "another method");
        expect(completed.early || record.request_bytes == done.request_bytes, "another size than was read");
        expect(record.response_bytes == done.response_bytes, "another size than was written");
    }
    faults
}
