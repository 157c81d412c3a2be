//! Counts users' e-mails for those who log in, a few accounts at a time.

use std::sync::Arc;
use std::time::Duration;

use mail::{CountError, Security, Server};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::spawn_local;
use tracing::warn;

use super::Question;
use super::letters::login_of;
use crate::metrics::Metrics;

/// Answers until nobody can ask any more.
pub(super) async fn answer(mut asked: mpsc::Receiver<Question>, metrics: Metrics) {
    let places = Arc::new(Semaphore::new(AT_ONCE));
    while let Some(question) = asked.recv().await {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else {
            return;
        };
        let metrics = metrics.clone();
        spawn_local(async move {
            count(question, &metrics).await;
            drop(place);
        });
    }
}

async fn count(Question { account, reply }: Question, metrics: &Metrics) {
    if reply.is_closed() {
        return; // the worker stops
    }
    let counted = match login_of(&account.login) {
        Ok(Some((login, authority))) => {
            let server = Server {
                host: account.host.to_string(),
                port: account.port,
                security: Security::Tls,
                login: None,
                authority,
            };
            mail::count(&server, &login, PATIENCE).await
        }
        Ok(None) => Err(CountError::LoginRefused("nobody logs in".to_owned())),
        Err(missing) => Err(CountError::Away(missing)),
    };
    let result = match &counted {
        Ok(_) => "ok",
        Err(CountError::LoginRefused(_)) => "login_refused",
        Err(CountError::Away(_)) => "away",
    };
    metrics.mail_counts_total.with_label_values(&[result]).inc();
    if let Err(error) = &counted {
        warn!(server = %account.host, %error, "e-mails can't be counted");
    }
    // Whoever asked may have gone.
    let _ = reply.send(counted.ok());
}

const AT_ONCE: usize = 16;
/// Who logs in does not wait for it: it is for the next time.
const PATIENCE: Duration = Duration::from_secs(15);
