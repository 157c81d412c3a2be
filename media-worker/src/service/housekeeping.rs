//! What is done to the store every hour: deleted messages expire (spec MB-5), audio that nobody refers to is removed.

use std::rc::Rc;
use std::time::Duration;

use jiff::Timestamp;
use mailbox::{MailboxId, Sweeper};
use tracing::{info, warn};

use crate::calls::Exchange;

/// Keeps the store in order, for ever.
pub(super) async fn keep(exchange: Rc<Exchange>) {
    let mut sweeper = Sweeper::new();
    loop {
        tokio::time::sleep(INTERVAL).await;
        expire(&exchange).await;
        match sweeper.sweep(&exchange.mailboxes).await {
            Ok(swept) => info!(?swept, "the store is in order"),
            Err(error) => {
                warn!(%error, "the store can't be put in order: it is tried again in an hour");
            }
        }
    }
}

async fn expire(exchange: &Exchange) {
    for user in exchange.directory().users() {
        let Ok(id) = MailboxId::new(&*user.mailbox) else {
            continue;
        };
        let mailbox = exchange.mailboxes.mailbox(&id);
        if let Err(error) = mailbox
            .expire(user.limits.trash_retention, Timestamp::now())
            .await
        {
            warn!(user = %user.name, %error, "deleted messages can't be removed: it is tried again in an hour");
        }
    }
}

const INTERVAL: Duration = Duration::from_hours(1);
