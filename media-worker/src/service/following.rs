//! Each new snapshot of the directory put in force.

use std::collections::HashSet;
use std::rc::Rc;
use std::sync::Arc;

use crds::Directory;
use crds::directory::AttendantEntry;
use tokio::sync::watch;
use tracing::{debug, error, info, warn};

use crate::calls::{Exchange, MediaAddresses};
use crate::report::ReportBoard;
use crate::signalling::{Advertised, SipPorts};
use crate::source::{Complaint, Reached, Snapshot, Source};

/// The snapshots of a source, on their way to those who need the directory only.
pub(super) struct Following {
    snapshots: watch::Receiver<Arc<Snapshot>>,
    directories: watch::Sender<Arc<Directory>>,
    report: ReportBoard,
    /// Whether it is read from files that a person writes.
    from_files: bool,
}

impl Following {
    /// Where the directory in force is to be had, and what keeps it so once it is spawned.
    pub(super) fn new(
        source: &Source,
        report: ReportBoard,
    ) -> (watch::Receiver<Arc<Directory>>, Self) {
        let snapshots = source.snapshots();
        let first = Arc::clone(&snapshots.borrow().directory);
        let (directories, receiver) = watch::channel(first);
        let following = Self {
            snapshots,
            directories,
            report,
            from_files: matches!(source, Source::Folder(_)),
        };
        (receiver, following)
    }

    /// Puts each new snapshot in force, and says aloud what is wrong with it.
    pub(super) async fn follow(mut self, exchange: Rc<Exchange>) {
        self.put_in_force(&exchange);
        while self.snapshots.changed().await.is_ok() {
            let before = Arc::clone(&self.directories.borrow());
            let snapshot = self.put_in_force(&exchange);
            snapshot.complaints.iter().for_each(complain);
            if Arc::ptr_eq(&before, &snapshot.directory) {
                continue; // what is written is wrong, or says the same
            }
            let homes = &exchange.homes;
            homes.directory_changed(&before, &snapshot.directory).await;
            self.tell(&before, &snapshot.directory);
        }
    }

    /// Says who has come and gone. Other changes, of which a cluster makes many for one thing that is done, are told to those only who have
    /// written a file and wait for it.
    fn tell(&self, before: &Directory, now: &Directory) {
        let (come, gone) = (missing_in(now, before), missing_in(before, now));
        let people = now.users().len();
        if self.from_files || !come.is_empty() || !gone.is_empty() {
            info!(people, %come, %gone, "the directory has changed");
        } else {
            debug!(people, "the directory has changed");
        }
    }

    fn put_in_force(&mut self, exchange: &Exchange) -> Arc<Snapshot> {
        let snapshot = Arc::clone(&self.snapshots.borrow_and_update());
        advertise(exchange, &snapshot.reached);
        exchange.recordings.keep(&recordings(&snapshot.directory));
        self.directories
            .send_replace(Arc::clone(&snapshot.directory));
        let generations = snapshot.loaded.generations.iter();
        let generations = generations.map(|(uid, generation)| (uid, *generation));
        let loaded = generations.collect();
        self.report.change(|report| {
            report.loaded = Some(loaded);
            report.credentials.clone_from(&snapshot.loaded.credentials);
        });
        snapshot
    }
}

/// The users of one directory that the other does not have.
fn missing_in(one: &Directory, other: &Directory) -> String {
    let missing = one.users().filter(|user| other.user(&user.name).is_none());
    let names: Vec<&str> = missing.map(|user| &*user.name).collect();
    names.join(" ")
}

/// The shared recordings that callers may hear.
fn recordings(directory: &Directory) -> HashSet<Arc<str>> {
    let menus = directory.attendants().flat_map(AttendantEntry::menus);
    menus.filter_map(|menu| menu.greeting.clone()).collect()
}

/// New calls and registrations are told how they reach us.
fn advertise(exchange: &Exchange, reached: &Reached) {
    if let Some(sip) = &reached.sip {
        exchange.signalling.addresses().advertise(Some(Advertised {
            addresses: sip.addresses.clone(),
            ports: Some(SipPorts {
                udp: sip.udp,
                tcp: sip.tcp,
                tls: sip.tls,
            }),
        }));
    }
    if let Some(media) = &reached.media {
        exchange.media.advertise(Some(MediaAddresses {
            addresses: media.addresses.clone(),
            first_port: media.first_port,
        }));
    }
}

/// Says aloud what is wrong with the manifests.
pub(super) fn complain(complaint: &Complaint) {
    if complaint.is_error() {
        error!("{complaint}");
    } else {
        warn!("{complaint}");
    }
}
