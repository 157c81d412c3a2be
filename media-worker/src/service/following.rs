//! Each new snapshot of the directory put in force.

use std::collections::HashSet;
use std::rc::Rc;
use std::sync::Arc;

use crds::Directory;
use crds::directory::AttendantEntry;
use tokio::sync::watch;
use tracing::{error, info, warn};

use crate::calls::{Exchange, MediaAddresses};
use crate::report::ReportBoard;
use crate::signalling::{Advertised, SipPorts};
use crate::source::{Complaint, Reached, Snapshot, Source};

/// The snapshots of a source, on their way to those who need the directory only.
pub(super) struct Following {
    snapshots: watch::Receiver<Arc<Snapshot>>,
    directories: watch::Sender<Arc<Directory>>,
    report: ReportBoard,
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
        };
        (receiver, following)
    }

    /// Puts each new snapshot in force, and says aloud what is wrong with it.
    pub(super) async fn follow(mut self, exchange: Rc<Exchange>) {
        self.put_in_force(&exchange);
        while self.snapshots.changed().await.is_ok() {
            let before = Arc::clone(&self.directories.borrow());
            let snapshot = self.put_in_force(&exchange);
            let homes = &exchange.homes;
            homes.directory_changed(&before, &snapshot.directory).await;
            snapshot.complaints.iter().for_each(complain);
            info!(
                people = snapshot.directory.users().len(),
                "the directory has changed"
            );
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
