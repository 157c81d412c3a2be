//! Trunks: lines to providers and gateways (spec TR-1). Each has a task of its own, which looks up where the far side is, keeps a
//! connection and a registration there, and knows how many calls it carries. A call takes what is there and waits for nothing.

mod dns;
mod keeper;
mod line;
mod recognise;

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use crds::Directory;
use crds::directory::TrunkEntry;
use crds::trunk::Registration;
use tokio::sync::watch;
use tokio::task::spawn_local;

pub use line::{Line, LinePlace, Way};
pub use recognise::Incoming;

use crate::calls::Life;
use crate::metrics::Metrics;
use crate::random::Random;
use crate::signalling::Signalling;
use crate::statuses::Statuses;

/// What trunks work with.
pub struct TrunkContext {
    /// SIP.
    pub signalling: Rc<Signalling>,
    /// Seeds.
    pub random: Rc<Random>,
    /// The figures.
    pub metrics: Metrics,
    /// The directory in force.
    pub directory: watch::Receiver<Arc<Directory>>,
    /// How long the worker lives.
    pub life: watch::Receiver<Life>,
    /// Where the world is told how trunks stand.
    pub statuses: Statuses,
}

/// All trunks of this worker.
pub struct Trunks {
    context: Rc<TrunkContext>,
    lines: RefCell<HashMap<Arc<str>, Kept>>,
}

/// A line and what ends its task.
struct Kept {
    line: Rc<Line>,
    end: watch::Sender<End>,
}

/// Whether a line is to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// It stays.
    NotYet,
    /// Another takes its place, and with it its registration.
    Replaced,
    /// The far side is to forget us.
    Leaves,
}

impl Trunks {
    /// None yet: they come with [`Trunks::follow`].
    pub fn new(context: TrunkContext) -> Rc<Self> {
        Rc::new(Self {
            context: Rc::new(context),
            lines: RefCell::default(),
        })
    }

    /// Follows the directory for ever: trunks come, change and go with it. Calls on one that goes have it to their end.
    pub async fn follow(self: Rc<Self>) {
        let mut directory = self.context.directory.clone();
        loop {
            let now = Arc::clone(&directory.borrow_and_update());
            self.renew(now.trunks());
            if directory.changed().await.is_err() {
                return;
            }
        }
    }

    fn renew(&self, trunks: &[Arc<TrunkEntry>]) {
        let mut lines = self.lines.borrow_mut();
        lines.retain(|_, kept| {
            let entry = kept.line.entry();
            let next = trunks.iter().find(|trunk| trunk.name == entry.name);
            let end = match next {
                Some(next) if next == entry => End::NotYet,
                // A registration taken away now might be the one just made anew.
                Some(next) if is_known_alike(next, entry) => End::Replaced,
                Some(_) | None => End::Leaves,
            };
            if end != End::NotYet {
                kept.line.retire();
                kept.end.send_replace(end);
            }
            end == End::NotYet
        });
        for trunk in trunks {
            if lines.contains_key(&trunk.name) {
                continue;
            }
            let line = Line::new(Arc::clone(trunk), &self.context);
            let (end, ends) = watch::channel(End::NotYet);
            spawn_local(keeper::keep(
                Rc::clone(&line),
                Rc::clone(&self.context),
                ends,
            ));
            lines.insert(Arc::clone(&trunk.name), Kept { line, end });
        }
    }

    /// The lines by which calls to this number (E.164) go out, the best first; of those that don't stand, a try may be the last hope.
    pub fn lines_to(&self, directory: &Directory, number: &str) -> Vec<Rc<Line>> {
        self.outgoing(directory, |trunk| trunk.takes(number))
    }

    /// The lines by which calls for help go out: all that lead outside, whatever numbers they take otherwise.
    pub fn lines_for_help(&self, directory: &Directory) -> Vec<Rc<Line>> {
        self.outgoing(directory, |trunk| trunk.outbound.is_some())
    }

    fn outgoing(&self, directory: &Directory, fits: impl Fn(&TrunkEntry) -> bool) -> Vec<Rc<Line>> {
        let lines = self.lines.borrow();
        let fitting = directory.trunks().iter().filter(|trunk| fits(trunk));
        let mut found: Vec<_> = fitting
            .filter_map(|trunk| Some(Rc::clone(&lines.get(&trunk.name)?.line)))
            .collect();
        found.sort_by_key(|line| !line.stands());
        found
    }

    /// How many trunks stand how, for the figures.
    pub fn standing(&self) -> [(Registration, i64); 4] {
        let all = [
            Registration::NotNeeded,
            Registration::Registered,
            Registration::Refused,
            Registration::NoAnswer,
        ];
        let lines = self.lines.borrow();
        all.map(|standing| {
            let so = |kept: &&Kept| kept.line.standing() == Some(standing);
            let count = lines.values().filter(so).count();
            (standing, i64::try_from(count).unwrap_or(i64::MAX))
        })
    }

    fn all(&self) -> Vec<Rc<Line>> {
        let lines = self.lines.borrow();
        lines.values().map(|kept| Rc::clone(&kept.line)).collect()
    }
}

/// Whether the same far side knows both by the same account and contact.
fn is_known_alike(one: &TrunkEntry, other: &TrunkEntry) -> bool {
    let username = |trunk: &TrunkEntry| trunk.account.as_ref().map(|it| it.username.clone());
    one.host == other.host
        && one.port == other.port
        && one.transport == other.transport
        && one.token == other.token
        && username(one) == username(other)
}
