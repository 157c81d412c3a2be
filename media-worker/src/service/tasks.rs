//! What runs beside each other for as long as a worker lives.

use std::rc::Rc;

use mailbox::{Delivered, MailboxId};
use tokio::sync::mpsc;
use tokio::task::spawn_local;
use tracing::error;

use super::housekeeping;
use super::sockets::Tls;
use crate::calls::Exchange;
use crate::media_threads::EventReceiver;
use crate::signalling::StreamListener;

/// SIP over every transport, and its timers.
pub(super) fn spawn_signalling(exchange: &Rc<Exchange>, tcp: StreamListener, tls: Option<Tls>) {
    let signalling = Rc::clone(&exchange.signalling);
    spawn_local(tcp.accept(Rc::clone(&signalling)));
    if let Some(Tls {
        listener,
        certificate,
    }) = tls
    {
        spawn_local(listener.accept_tls(Rc::clone(&signalling), certificate.acceptor()));
        spawn_local(certificate.follow());
    }
    spawn_local(Rc::clone(&signalling).run_timers());
    spawn_local(async move {
        if let Err(error) = signalling.receive_udp().await {
            error!(%error, "SIP over UDP has failed: restart the worker");
        }
    });
}

/// What happens on media legs, to the calls that own them.
pub(super) fn spawn_media(exchange: &Rc<Exchange>, mut events: EventReceiver) {
    let pool = Rc::clone(&exchange.media);
    spawn_local(async move {
        while let Some(event) = events.recv().await {
            pool.dispatch(event);
        }
    });
}

/// Messages on their way to the store and to their owners' lamps, and the store's order.
pub(super) fn spawn_mail(
    exchange: &Rc<Exchange>,
    mut delivered: mpsc::UnboundedReceiver<Delivered>,
    mut mailed: mpsc::UnboundedReceiver<MailboxId>,
) {
    let mailboxes = exchange.mailboxes.clone();
    let directories = Rc::clone(exchange);
    spawn_local(housekeeping::keep(
        mailboxes.clone(),
        move || directories.directory(),
        exchange.metrics.clone(),
        housekeeping::INTERVAL,
    ));
    spawn_local(async move { mailboxes.carry().await });
    let exchange = Rc::clone(exchange);
    spawn_local(async move {
        loop {
            let mailbox = tokio::select! {
                Some(delivered) = delivered.recv() => delivered.mailbox,
                Some(mailbox) = mailed.recv() => mailbox,
                else => return,
            };
            let directory = exchange.directory();
            if let Some(user) = directory.user_of_mailbox(mailbox.as_str()) {
                exchange.homes.mailbox_changed(&user.name).await;
            }
        }
    });
}
