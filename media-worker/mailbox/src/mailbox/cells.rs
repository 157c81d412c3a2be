//! What is known of each mailbox: shared by all who use it, and kept for a while after, so that lamps and greetings outlast an outage.

use super::Cell;
use crate::ids::MailboxId;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Weak};

/// The cells of all mailboxes in use, and of those used last.
#[derive(Default)]
pub(crate) struct Cells {
    known: HashMap<MailboxId, Weak<Cell>>,
    /// The one used last is the last.
    recent: VecDeque<Arc<Cell>>,
}

impl Cells {
    /// The cell of that mailbox: the known one, or a new one that knows nothing.
    pub(crate) fn of(&mut self, id: &MailboxId) -> Arc<Cell> {
        let known = self.known.get(id).and_then(Weak::upgrade);
        let cell = known.unwrap_or_else(|| self.begin(id));
        self.keep(&cell);
        cell
    }

    fn begin(&mut self, id: &MailboxId) -> Arc<Cell> {
        if self.known.len() == self.known.capacity() {
            self.known.retain(|_, cell| cell.strong_count() > 0);
        }
        let cell = Arc::new(Cell::new(id.clone()));
        self.known.insert(id.clone(), Arc::downgrade(&cell));
        cell
    }

    fn keep(&mut self, cell: &Arc<Cell>) {
        if let Some(at) = self.recent.iter().rposition(|one| Arc::ptr_eq(one, cell)) {
            self.recent.remove(at);
        } else if self.recent.len() >= MOST_KEPT {
            self.recent.pop_front();
        }
        self.recent.push_back(cell.clone());
    }
}

/// With a greeting each, some 50 MB at most.
const MOST_KEPT: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mailboxes_used_last_are_remembered_and_no_more() {
        let mut cells = Cells::default();
        let id = |number: usize| MailboxId::new(format!("u{number}")).unwrap();
        let first = Arc::downgrade(&cells.of(&id(0)));
        let second = Arc::downgrade(&cells.of(&id(1)));
        for number in 2..=MOST_KEPT {
            cells.of(&id(0));
            cells.of(&id(number));
        }
        assert!(
            first
                .upgrade()
                .is_some_and(|first| Arc::ptr_eq(&first, &cells.of(&id(0))))
        );
        assert!(
            second.upgrade().is_none(),
            "forgotten for the ones after it"
        );
        assert_eq!(cells.recent.len(), MOST_KEPT);
    }
}
