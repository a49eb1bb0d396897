//! Joins the halves of pipelined requests, which the kernel side sends apart.

use std::{
    borrow::Cow,
    collections::HashMap,
    hash::{BuildHasherDefault, DefaultHasher},
};

use tracer_common::event::{ANSWER_HALF, Event, EventHead, REQUEST_HALF};

/// Requests that may wait for their answer here. A connection that closes before it has answered leaves its
/// requests behind, so there must be an end; with so many this map takes 3.5 MB.
const MAX_WAITING: usize = 8192;

/// Not seeded, unlike that of the standard library: the keys are numbers of the kernel's that no client chooses, and the
/// same events are to take the same instructions.
type Hasher = BuildHasherDefault<DefaultHasher>;

/// A process, a descriptor and the number of a request.
type Key = (u32, i32, u32);

/// Halves that wait for their other half.
#[derive(Debug, Default)]
pub struct Join {
    requests: HashMap<Key, Event, Hasher>,
    /// Where one thread reads and another answers, an answer may be here first.
    answers: HashMap<Key, Event, Hasher>,
    unmatched: u64,
}

impl Join {
    /// Takes an event; gives the whole request where there is one now.
    pub fn add<'e>(&mut self, event: &'e Event) -> Option<Cow<'e, Event>> {
        let key = (event.head.tgid, event.head.fd, event.head.sequence);
        match event.head.kind {
            REQUEST_HALF => {
                if let Some(answer) = self.early_answer(&key) {
                    return Some(Cow::Owned(joined(*event, &answer)));
                }
                self.unmatched += displaced(&mut self.requests, key, event);
                None
            }
            ANSWER_HALF => {
                if let Some(request) = self.requests.remove(&key) {
                    return Some(Cow::Owned(joined(request, event)));
                }
                self.unmatched += displaced(&mut self.answers, key, event);
                None
            }
            _ => Some(Cow::Borrowed(event)),
        }
    }

    /// Nearly always there is none at all, which takes no hash to know.
    fn early_answer(&mut self, key: &Key) -> Option<Event> {
        if self.answers.is_empty() { None } else { self.answers.remove(key) }
    }

    /// Requests that wait for their answer.
    pub fn waiting(&self) -> u64 {
        self.requests.len() as u64
    }

    /// Halves whose other half never came.
    pub fn unmatched(&self) -> u64 {
        self.unmatched + self.answers.len() as u64
    }
}

/// Has a half wait under `key`. Returns how many halves that leaves without a place: what waits under the same number is of
/// an earlier connection on this descriptor.
fn displaced(waiting: &mut HashMap<Key, Event, Hasher>, key: Key, half: &Event) -> u64 {
    let full = waiting.len() >= MAX_WAITING && !waiting.contains_key(&key);
    u64::from(full || waiting.insert(key, *half).is_some())
}

fn joined(request: Event, answer: &Event) -> Event {
    let head = EventHead {
        end_ns: answer.head.end_ns,
        response_bytes: answer.head.response_bytes,
        tid: answer.head.tid,
        status: answer.head.status,
        joined_midway: request.head.joined_midway | answer.head.joined_midway,
        ..request.head
    };
    Event { head, ..request }
}

#[cfg(test)]
mod tests {
    use tracer_common::event::{ANSWER_HALF, Event, REQUEST_HALF, WHOLE};
    use zerocopy::FromZeros;

    use super::Join;

    fn event(kind: u8, sequence: u32, status: u16) -> Event {
        let mut event = Event::new_zeroed();
        (event.head.kind, event.head.sequence, event.head.status) = (kind, sequence, status);
        event
    }

    #[test]
    fn a_whole_event_passes() {
        let mut join = Join::default();
        assert_eq!(join.add(&event(WHOLE, 0, 200)).map(|whole| whole.head.status), Some(200));
    }

    #[test]
    fn halves_are_joined_by_number() {
        let mut join = Join::default();
        assert_eq!(join.add(&event(REQUEST_HALF, 0, 0)), None);
        assert_eq!(join.add(&event(REQUEST_HALF, 1, 0)), None);
        assert_eq!(join.waiting(), 2);
        assert_eq!(join.add(&event(ANSWER_HALF, 1, 404)).map(|whole| whole.head.status), Some(404));
        assert_eq!(join.add(&event(ANSWER_HALF, 0, 200)).map(|whole| whole.head.status), Some(200));
        assert_eq!((join.waiting(), join.unmatched()), (0, 0));
    }

    #[test]
    fn an_answer_may_be_here_before_its_request() {
        let mut join = Join::default();
        assert_eq!(join.add(&event(ANSWER_HALF, 0, 404)), None);
        assert_eq!(join.unmatched(), 1);
        assert_eq!(join.add(&event(REQUEST_HALF, 0, 0)).map(|whole| whole.head.status), Some(404));
        assert_eq!((join.waiting(), join.unmatched()), (0, 0));
    }

    #[test]
    fn an_answer_without_a_request_is_counted() {
        let mut join = Join::default();
        assert_eq!(join.add(&event(ANSWER_HALF, 7, 200)), None);
        assert_eq!(join.unmatched(), 1);
    }
}
