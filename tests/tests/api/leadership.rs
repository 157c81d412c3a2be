//! Of two operators, one leads.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use k8s_openapi::api::coordination::v1::Lease;
use operator::leader::{Candidate, LEASE};
use operator::metrics::Metrics;
use switchboard_tests::api_server::ApiServer;
use switchboard_tests::eventually::eventually;
use switchboard_tests::operator::{Namespace, options};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

struct Working(Arc<AtomicUsize>);

impl Drop for Working {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// A candidate that counts itself among those who work while it leads.
fn candidate(
    namespace: &Namespace,
    identity: &str,
    working: &Arc<AtomicUsize>,
) -> (JoinHandle<()>, oneshot::Sender<()>) {
    candidate_with(namespace, &["--identity", identity], working)
}

/// The same with these options.
fn candidate_with(
    namespace: &Namespace,
    more: &[&str],
    working: &Arc<AtomicUsize>,
) -> (JoinHandle<()>, oneshot::Sender<()>) {
    let more = [more, &["--lease-duration", "2s"]].concat();
    let options = options(&namespace.name, &more);
    let metrics = Metrics::new().unwrap();
    let candidate = Candidate::new(namespace.client.clone(), &options, metrics);
    let (stop, stopped) = oneshot::channel::<()>();
    let working = working.clone();
    let task = tokio::spawn(async move {
        let work = || {
            working.fetch_add(1, Ordering::SeqCst);
            let counted = Working(working.clone());
            async move {
                let _counted = counted;
                pending::<()>().await;
            }
        };
        let stopped = async {
            let _ = stopped.await;
        };
        candidate.lead(work, stopped).await;
    });
    (task, stop)
}

async fn leads(namespace: &Namespace, identity: &str) {
    eventually(&format!("{identity} to lead"), || async {
        let lease: Lease = namespace.get(LEASE).await?;
        (lease.spec?.holder_identity? == identity).then_some(())
    })
    .await;
}

#[tokio::test]
async fn one_of_two_leads_and_the_other_follows_when_it_stops() {
    let namespace = Namespace::new().await;
    let working = Arc::new(AtomicUsize::new(0));
    let (first, stop) = candidate(&namespace, "first", &working);
    leads(&namespace, "first").await;
    let (second, _stop) = candidate(&namespace, "second", &working);
    stop.send(()).unwrap();
    first.await.unwrap();
    leads(&namespace, "second").await;
    eventually("one to work", || async {
        (working.load(Ordering::SeqCst) == 1).then_some(())
    })
    .await;
    second.abort();
}

#[tokio::test]
async fn two_releases_in_one_namespace_lead_side_by_side() {
    let namespace = Namespace::new().await;
    let working = Arc::new(AtomicUsize::new(0));
    let (first, _stop) = candidate(&namespace, "first", &working);
    leads(&namespace, "first").await;
    let other = ["--identity", "second", "--lease", "branch-operator"];
    let (second, _stop_too) = candidate_with(&namespace, &other, &working);
    eventually("both to work", || async {
        (working.load(Ordering::SeqCst) == 2).then_some(())
    })
    .await;
    first.abort();
    second.abort();
}

#[tokio::test]
async fn a_leader_that_dies_is_followed_and_one_that_lost_its_lease_stops() {
    let namespace = Namespace::new().await;
    let working = Arc::new(AtomicUsize::new(0));
    let (first, _stop) = candidate(&namespace, "first", &working);
    leads(&namespace, "first").await;
    let (second, _stop) = candidate(&namespace, "second", &working);
    first.abort();
    leads(&namespace, "second").await;

    // Somebody takes the lease away: whoever led stops at once, and leads again when it is free.
    namespace.delete::<Lease>(LEASE).await;
    leads(&namespace, "second").await;
    eventually("one to work", || async {
        (working.load(Ordering::SeqCst) == 1).then_some(())
    })
    .await;
    second.abort();
}

#[tokio::test]
async fn a_leader_whose_api_server_hangs_stops_and_leads_again_when_it_answers() {
    let namespace = Namespace::new().await;
    let (gate, behind_gate) = namespace.behind_gate(ApiServer::shared()).await;
    let working = Arc::new(AtomicUsize::new(0));
    let others = Arc::new(AtomicUsize::new(0));
    let (first, _stop) = candidate(&behind_gate, "first", &working);
    leads(&namespace, "first").await;
    works(&working).await;

    gate.fall_silent();
    eventually("the first to stop", || async {
        (working.load(Ordering::SeqCst) == 0).then_some(())
    })
    .await;
    let (second, stop) = candidate(&namespace, "second", &others);
    leads(&namespace, "second").await;
    works(&others).await;
    assert_eq!(working.load(Ordering::SeqCst), 0, "two lead");

    gate.speak();
    stop.send(()).unwrap();
    second.await.unwrap();
    leads(&namespace, "first").await;
    works(&working).await;
    first.abort();
}

async fn works(working: &Arc<AtomicUsize>) {
    eventually("one to work", || async {
        (working.load(Ordering::SeqCst) == 1).then_some(())
    })
    .await;
}
