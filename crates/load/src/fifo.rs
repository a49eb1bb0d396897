//! A queue of connections from which any member can leave: a linked list within arrays, so that it allocates nothing.

/// Some of the numbers below its capacity, each at most once, in the order they joined.
#[derive(Debug)]
pub(crate) struct Fifo {
    /// `next[i]` follows `i`, `previous[i]` precedes it. The place after the last number stands for both ends.
    next: Vec<usize>,
    previous: Vec<usize>,
}

impl Fifo {
    /// An empty queue for the numbers below `capacity`.
    pub(crate) fn new(capacity: usize) -> Self {
        let alone: Vec<usize> = (0..=capacity).collect();
        Self { next: alone.clone(), previous: alone }
    }

    /// The number that is here longest.
    pub(crate) fn front(&self) -> Option<usize> {
        let end = self.end();
        Some(self.next[end]).filter(|&first| first != end)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.front().is_none()
    }

    /// Lets `number`, which is not here, join at the end.
    pub(crate) fn push_back(&mut self, number: usize) {
        debug_assert_eq!(self.next[number], number, "{number} is in the queue already");
        let end = self.end();
        let last = self.previous[end];
        self.link(last, number);
        self.link(number, end);
    }

    /// Lets `number`, which is here, leave.
    pub(crate) fn remove(&mut self, number: usize) {
        debug_assert_ne!(self.next[number], number, "{number} is not in the queue");
        self.link(self.previous[number], self.next[number]);
        self.link(number, number);
    }

    fn end(&self) -> usize {
        self.next.len() - 1
    }

    fn link(&mut self, first: usize, second: usize) {
        self.next[first] = second;
        self.previous[second] = first;
    }
}

#[cfg(test)]
mod tests {
    use super::Fifo;

    fn drain(mut fifo: Fifo) -> Vec<usize> {
        std::iter::from_fn(|| fifo.front().inspect(|&first| fifo.remove(first))).collect()
    }

    fn filled(numbers: &[usize]) -> Fifo {
        let mut fifo = Fifo::new(8);
        numbers.iter().for_each(|&number| fifo.push_back(number));
        fifo
    }

    #[test]
    fn first_in_is_first_out() {
        assert!(drain(filled(&[])).is_empty());
        assert_eq!(drain(filled(&[5, 0, 7])), [5, 0, 7]);
    }

    #[test]
    fn any_member_can_leave_and_come_back() {
        for (leaves, left) in [(1, [2, 3, 1]), (2, [1, 3, 2]), (3, [1, 2, 3])] {
            let mut fifo = filled(&[1, 2, 3]);
            fifo.remove(leaves);
            fifo.push_back(leaves);
            assert_eq!(drain(fifo), left);
        }
    }
}
