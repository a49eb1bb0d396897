//! What clients do in one shape, and what must be known of it.

use std::{collections::BTreeMap, net::SocketAddr, thread};

use super::{Sees, Server, Strategy};
use crate::{
    agent::Agent,
    client::{Bodies, Client, Truth},
    process::now_ns,
};

/// What clients did in one shape.
pub(crate) struct Talk<'a> {
    pub(super) strategy: Strategy,
    pub(super) server: &'a Server,
    pub(super) agent: &'a Agent,
    /// In the order in which the answers came.
    pub(super) completed: Vec<Completed>,
    /// What must be named, with no request completed for it or beside its reason.
    pub(super) named: BTreeMap<&'static str, i64>,
    /// Any request may be counted under this reason instead of having its record, since threads race: so many at once.
    pub(super) racing: Option<(&'static str, i64)>,
    /// Records that are not true, but say that they may be none.
    pub(super) doubtful: usize,
}

/// A request that a client has sent, and to which it has got an answer.
#[derive(Debug)]
pub(crate) struct Completed {
    pub(super) truth: Truth,
    pub(super) bodies: Bodies,
    /// Before its first byte was sent.
    pub(super) sent_ns: u64,
    /// After the last byte of the answer was received.
    pub(super) got_ns: u64,
    /// The server worked at least that long between reading and answering.
    pub(super) work_ns: u64,
    /// Not recorded, but counted under a reason.
    pub(super) excepted: bool,
    /// Answered before its body was read: how much of it counts, only the server knows.
    pub(super) early: bool,
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
        let (truth, bodies) = client.truth_and_bodies(request);
        Self { truth, bodies, sent_ns, got_ns: now_ns(), work_ns: 0, excepted: false, early: false }
    }

    /// Has it as the service itself tells it: every request has its record, but for those of which it never heard.
    pub(super) fn as_told(&mut self) {
        self.excepted = self.truth.is_refused_by_hyper();
        self.truth.tell(&self.bodies);
    }
}

impl Talk<'_> {
    pub(crate) fn connect(&self) -> Client {
        self.server.connect()
    }

    pub(crate) fn sees(&self) -> Sees {
        self.strategy.sees
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

    /// Any request may be counted under `reason` instead of having its record, since threads race: each count stands for
    /// one that is missing, and for no more than `most`.
    pub(crate) fn or_some(&mut self, reason: &'static str, most: i64) {
        self.racing = Some((reason, most));
    }

    /// One record is not true: it shows what nobody asked. But it says that it may be none.
    pub(crate) fn doubtful(&mut self) -> &mut Self {
        self.doubtful += 1;
        self
    }

    fn last(&mut self) -> &mut Completed {
        self.completed.last_mut().unwrap()
    }

    /// The requests that must have a record.
    pub(super) fn recorded(&self) -> impl Iterator<Item = &Completed> {
        self.completed.iter().filter(|completed| !completed.excepted)
    }
}
