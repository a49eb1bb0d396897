//! Records held against what client and server know.

use std::collections::{HashMap, VecDeque};

use record::agent::RequestRecord;

use super::{
    FENCE, Kind, Sees,
    talk::{Completed, Talk},
};
use crate::{
    client::{Truth, kept},
    raw::Done,
};

/// Every record must equal a request that a client has completed, and every such request must have its record.
pub(super) fn compare(
    talk: &Talk<'_>,
    records: &[RequestRecord],
    fence_ns: u64,
    followed: bool,
    faults: &mut Vec<String>,
) {
    let mut known = server_log(talk);
    let mut doubtful = talk.doubtful;
    let mut wanted: HashMap<&str, VecDeque<&Completed>> = HashMap::new();
    for completed in talk.recorded() {
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
        faults.extend(differences(record, completed, done.as_ref(), fence_ns, talk.sees()));
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
    sees: Sees,
) -> Vec<String> {
    let mut truth = completed.truth.clone();
    // Packets may come before the server reads them.
    let arrived = completed.early && sees == Sees::Packets;
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
        let (fd, tid) = if sees == Sees::Packets { (-1, 0) } else { (done.fd, done.tid) };
        expect(record.fd == fd, "another descriptor");
        expect(done.tid == 0 || record.tid == tid, "another thread");
        expect(record.method == done.method, "another method");
        expect(completed.early || record.request_bytes == done.request_bytes, "another size than was read");
        expect(record.response_bytes == done.response_bytes, "another size than was written");
    }
    faults
}
