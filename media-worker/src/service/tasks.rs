//! What runs beside each other for as long as a worker lives.

use std::rc::Rc;

use crds::conditions::Reason;
use crds::report::Finding;
use mailbox::{Delivered, MailboxId};
use tokio::sync::{mpsc, watch};
use tokio::task::spawn_local;
use tracing::error;

use super::housekeeping;
use super::sockets::Tls;
use crate::calls::Exchange;
use crate::media_threads::EventReceiver;
use crate::report::ReportBoard;
use crate::signalling::StreamListener;

/// SIP over every transport, and its timers.
pub(super) fn spawn_signalling(
    exchange: &Rc<Exchange>,
    tcp: StreamListener,
    tls: Option<Tls>,
    report: &ReportBoard,
) {
    let signalling = Rc::clone(&exchange.signalling);
    spawn_local(tcp.accept(Rc::clone(&signalling)));
    if let Some(Tls {
        listener,
        certificate,
    }) = tls
    {
        spawn_local(listener.accept_tls(Rc::clone(&signalling), certificate.acceptor()));
        spawn_local(tell_of_certificate(certificate.trouble(), report.clone()));
        spawn_local(certificate.follow());
    }
    spawn_local(Rc::clone(&signalling).run_timers());
    spawn_local(async move {
        if let Err(error) = signalling.receive_udp().await {
            error!(%error, "SIP over UDP has failed: restart the worker");
        }
    });
}

/// Tells the operator whether the certificate can be used, as it changes.
async fn tell_of_certificate(mut troubles: watch::Receiver<Option<String>>, report: ReportBoard) {
    loop {
        let trouble = troubles.borrow_and_update().clone();
        let (reason, message) = match &trouble {
            Some(trouble) => (
                Reason::CertificateUnusable,
                format!(
                    "spec.network.sip.tlsSecretRef: {trouble}; the Secret has a certificate with its chain and its key, both PEM, \
                     in tls.crt and tls.key, and comes to the worker within two minutes once it is there and has the label \
                     switchboard.dev/use: tls"
                ),
            ),
            None => (
                Reason::CertificateUsable,
                "phones can connect over TLS".to_owned(),
            ),
        };
        report.change(|report| {
            report.certificate = Some(Finding {
                ok: trouble.is_none(),
                reason: reason.to_string(),
                message,
            });
        });
        if troubles.changed().await.is_err() {
            return; // it is followed for ever
        }
    }
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
    let (touched, mut swept) = mpsc::unbounded_channel();
    spawn_local(housekeeping::keep(
        mailboxes.clone(),
        move || directories.directory(),
        exchange.metrics.clone(),
        touched,
        housekeeping::INTERVAL,
    ));
    spawn_local(async move { mailboxes.carry().await });
    let exchange = Rc::clone(exchange);
    spawn_local(async move {
        loop {
            let mailbox = tokio::select! {
                Some(delivered) = delivered.recv() => delivered.mailbox,
                Some(mailbox) = mailed.recv() => mailbox,
                Some(mailbox) = swept.recv() => mailbox,
                else => return,
            };
            let directory = exchange.directory();
            if let Some(user) = directory.user_of_mailbox(mailbox.as_str()) {
                exchange.homes.mailbox_changed(&user.name).await;
            }
        }
    });
}
