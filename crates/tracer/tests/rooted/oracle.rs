//! What an oracle knows: every request that clients have made, what must be known of each, and how it is compared
//! with what the agent reports. A table of shapes is run under any strategy.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
};

use record::agent::{AgentCommand, AgentReply, AgentStats};

use crate::{
    agent::Agent,
    client::Client,
    group::Group,
    process::{eventually, now_ns},
    raw::{Manner, Raw},
    target::Target,
};
use talk::{Completed, Talk};

mod comparison;
pub(crate) mod talk;

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

/// What a strategy learns of requests from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sees {
    /// The calls that move bytes.
    Calls,
    /// Packets: so it follows bytes whatever call has moved them, and knows neither thread nor descriptor.
    Packets,
    /// What the service tells of each request that it has answered: so there is nothing to follow, to lose or to name, but
    /// its sizes are those of bodies.
    Marks,
}

/// A strategy, and what it cannot do. A list names shapes.
#[derive(Clone, Copy)]
pub(crate) struct Strategy {
    pub(crate) name: &'static str,
    pub(crate) sees: Sees,
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
    if strategy.sees == Sees::Marks {
        // It sees no stream, so that it can neither lose its place in one nor take a part of one for a request.
        talk.named.retain(|reason, _| *reason == "closed_before_answer");
        talk.doubtful = 0;
        talk.completed.iter_mut().for_each(Completed::as_told);
    }
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
    comparison::compare(&talk, &records, fence_ns, followed, &mut faults);
    let marked = records.iter().filter(|record| record.joined_midway).count() as u64;
    if marked > after.joined_midway - before.joined_midway {
        faults.push(format!("{marked} records are in doubt, and so many were not counted: {after:?}"));
    }
    let mut named = difference(&before, &after);
    if let Some((reason, most)) = talk.racing {
        let missing = talk.recorded().count() as i64 - records.len() as i64;
        let counted = named.get(reason).copied().unwrap_or_default();
        talk.also(reason, if (counted..=counted * most).contains(&missing) { counted } else { missing });
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
            (asked > 100 || records as usize > talk.recorded().count() && named >= wanted).then_some(())
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
