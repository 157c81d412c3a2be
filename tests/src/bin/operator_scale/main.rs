//! How the operator does with many Users: `cargo run --package switchboard-tests --bin operator_scale -- 10000`.
//!
//! Creates so many Users from nothing, has a real worker load them, applies further ones, waits until the worker has
//! written what it knows of all, restarts the operator over them, and prints rates, times, memory and what the restart
//! has written. `OPERATOR` and `MEDIA_WORKER` name the programs that are measured. `--keep` keeps the objects in a
//! folder, so that a later run with it has them from the start.

#![forbid(unsafe_code)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a benchmark that can't go on panics"
)]

mod operator;
mod worker;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use ::operator::conditions::holds;
use ::operator::ours::Ours;
use clap::Parser;
use crds::conditions::ConditionType;
use crds::{Extension, Handset, PhoneSystem, Secret, User, UserSettings};
use k8s_openapi::api::core::v1::{Pod, Service};
use k8s_openapi::api::events::v1::Event;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time};
use kube::api::{ListParams, PostParams};
use kube::runtime::wait::await_condition;
use kube::{Api, Resource, ResourceExt};
use switchboard_tests::api_server::ApiServer;
use switchboard_tests::operator::Namespace;

use self::operator::{Operator, free_port};
use self::worker::Worker;

/// How the operator does with many Users.
#[derive(Parser)]
struct Options {
    /// How many.
    #[arg(default_value_t = 1000)]
    users: usize,
    /// How many more are applied then, one after the other, to see how soon each is Ready.
    #[arg(long, default_value_t = 21)]
    applied: usize,
    /// Where the objects are kept, for the next run. Default: nowhere.
    #[arg(long, value_name = "FOLDER")]
    keep: Option<PathBuf>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let Options {
        users,
        applied,
        keep,
    } = Options::parse();
    let server = keep
        .as_deref()
        .map_or_else(ApiServer::start, ApiServer::start_keeping);
    let client = server.client().await;
    let namespace = Namespace {
        name: server.namespace().await,
        client,
    };
    namespace.apply(&office(0)).await;
    let began = Instant::now();
    create(&namespace.api(), users).await;
    println!("{users} Users applied in {:.1} s", seconds(began));

    let port = free_port();
    let operator = Operator::start(&server, &namespace.name, port);
    let began = Instant::now();
    let took = (operator.settle(users).await - began).as_secs_f64();
    println!(
        "all made from nothing in {took:.1} s: {:.0} Users a second",
        users as f64 / took
    );
    // User, settings, handset, extension and three Secrets each; sixteen shards and the keys.
    let made = versions(&namespace).await.len();
    assert!(made >= 7 * users + 17, "only {made} objects");
    print_memory(&operator);

    namespace.apply(&office(1)).await;
    let began = Instant::now();
    let _worker = Worker::start(&server, &namespace, port).await;
    every_user_ready(&namespace, users).await;
    println!("all Ready {:.1} s after a worker came", seconds(began));
    let mut times = Vec::with_capacity(applied);
    for n in 0..applied {
        times.push(ready_after(&namespace, users + n).await);
    }
    times.sort();
    println!(
        "a User applied beside them is Ready after {:.2} s (median of {applied}; at most {:.2} s)",
        times[times.len() / 2].as_secs_f64(),
        times[times.len() - 1].as_secs_f64()
    );
    print_memory(&operator);
    let began = Instant::now();
    worker_has_written(&namespace).await;
    println!(
        "the worker has written what it knows {:.0} s later",
        seconds(began)
    );
    operator.settle(users).await;
    drop(operator);

    let before = versions(&namespace).await;
    let began = Instant::now();
    let again = Operator::start(&server, &namespace.name, port);
    again.reconcile_all(users + applied).await;
    println!("settled after a restart in {:.1} s", seconds(began));
    again.settle(users).await;
    print_memory(&again);
    let after = versions(&namespace).await;
    let differs = |(object, seen): &(&String, &Seen)| before.get(*object) != Some(seen);
    let by_operator = |(object, seen): &(&String, &Seen)| {
        before.get(*object).map(|it| &it.by_operator) != Some(&seen.by_operator)
    };
    let written: Vec<_> = after.iter().filter(differs).collect();
    let ours: Vec<&String> = after.iter().filter(by_operator).map(|(it, _)| it).collect();
    println!(
        "objects written since the restart: {}, of which by the operator: {}: {ours:?}",
        written.len(),
        ours.len()
    );
}

/// Returns once the worker has told of every Handset whose it is, and of every User which Handsets are his.
async fn worker_has_written(namespace: &Namespace) {
    loop {
        let page = ListParams::default();
        let users = namespace.api::<User>().list(&page).await.expect("a list");
        let handsets = namespace.api::<Handset>().list(&page).await;
        let told = |user: &User| {
            user.status
                .as_ref()
                .is_some_and(|it| !it.handsets.is_empty())
        };
        let known = |handset: &Handset| {
            let status = handset.status.as_ref();
            status.is_some_and(|it| it.user_ref.is_some())
        };
        if users.iter().all(told) && handsets.expect("a list").iter().all(known) {
            return;
        }
        tokio::time::sleep(Duration::from_secs(5)).await;
    }
}

fn office(workers: u32) -> String {
    format!(
        "{{apiVersion: switchboard.dev/v1alpha1, kind: PhoneSystem, metadata: {{name: office}}, \
         spec: {{domain: office.example.com, workers: {{replicas: {workers}}}, network: \
         {{sip: {{advertised: {{addresses: [127.0.0.1]}}}}, media: {{advertised: [{{slot: 0, addresses: [127.0.0.1]}}]}}}}}}}}"
    )
}

fn seconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64()
}

fn print_memory(operator: &Operator) {
    println!(
        "memory then: {} MiB, at most {} MiB",
        operator.memory("VmRSS"),
        operator.memory("VmHWM")
    );
}

fn user(n: usize) -> User {
    let spec = serde_json::json!({"extension": format!("{}", 100_000 + n)});
    User::new(&format!("user-{n}"), serde_json::from_value(spec).unwrap())
}

/// How long after it was applied this User is Ready.
async fn ready_after(namespace: &Namespace, n: usize) -> Duration {
    let user = user(n);
    let name = user.name_any();
    let began = Instant::now();
    let applied = namespace
        .api::<User>()
        .create(&PostParams::default(), &user)
        .await;
    applied.expect("a User");
    let ready = |user: Option<&User>| user.is_some_and(is_ready);
    let waited = await_condition(namespace.api::<User>(), &name, ready).await;
    waited.expect("a watch of the User");
    began.elapsed()
}

fn is_ready(user: &User) -> bool {
    holds(
        user.conditions(),
        ConditionType::Ready,
        user.metadata.generation.unwrap_or_default(),
    )
}

async fn every_user_ready(namespace: &Namespace, users: usize) {
    loop {
        let asked = Instant::now();
        let page = ListParams::default();
        let all = namespace.api::<User>().list(&page).await.expect("a list");
        if all.iter().filter(|user| is_ready(user)).count() >= users {
            return;
        }
        // A list of thousands costs the API server as much as what is measured.
        let pause = Duration::from_secs(1).max(10 * asked.elapsed());
        tokio::time::sleep(pause).await;
    }
}

async fn create(api: &Api<User>, users: usize) {
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..users {
        let api = api.clone();
        let user = user(n);
        tasks.spawn(async move { api.create(&PostParams::default(), &user).await });
        if tasks.len() >= 32 {
            is_there(tasks.join_next().await.unwrap().unwrap());
        }
    }
    while let Some(created) = tasks.join_next().await {
        is_there(created.unwrap());
    }
}

/// It was made now, or by an earlier run.
fn is_there(created: Result<User, kube::Error>) {
    match created {
        Ok(_) => {}
        Err(kube::Error::Api(status)) if status.is_already_exists() => {}
        Err(error) => panic!("no User: {error}"),
    }
}

/// In which version an object was seen, and when each of the operator's field managers wrote it last.
#[derive(PartialEq)]
struct Seen {
    version: Option<String>,
    by_operator: BTreeMap<String, Option<Time>>,
}

impl Seen {
    fn of(metadata: &ObjectMeta) -> Self {
        let managers = metadata.managed_fields.iter().flatten();
        let by_operator = managers.filter_map(|fields| {
            let manager = fields.manager.clone()?;
            let part = fields.subresource.as_deref().unwrap_or_default();
            let ours = manager.starts_with("switchboard-operator");
            ours.then(|| (format!("{manager} {part}"), fields.time.clone()))
        });
        Self {
            version: metadata.resource_version.clone(),
            by_operator: by_operator.collect(),
        }
    }
}

/// All objects that the operator writes, by Kind and name.
async fn versions(namespace: &Namespace) -> BTreeMap<String, Seen> {
    let mut all = BTreeMap::new();
    gather::<PhoneSystem>(namespace, &mut all).await;
    gather::<User>(namespace, &mut all).await;
    gather::<UserSettings>(namespace, &mut all).await;
    gather::<Handset>(namespace, &mut all).await;
    gather::<Extension>(namespace, &mut all).await;
    gather::<Secret>(namespace, &mut all).await;
    gather::<Pod>(namespace, &mut all).await;
    gather::<Service>(namespace, &mut all).await;
    gather::<Event>(namespace, &mut all).await;
    all
}

async fn gather<K>(namespace: &Namespace, all: &mut BTreeMap<String, Seen>)
where
    K: Resource<DynamicType = (), Scope = k8s_openapi::NamespaceResourceScope>
        + Clone
        + std::fmt::Debug
        + serde::de::DeserializeOwned,
{
    let api: Api<K> = namespace.api();
    let mut page = ListParams::default().limit(1000);
    loop {
        let list = api.list_metadata(&page).await.expect("a list");
        for object in list.items {
            let name = format!("{} {}", K::kind(&()), object.name_any());
            all.insert(name, Seen::of(&object.metadata));
        }
        match list.metadata.continue_.filter(|it| !it.is_empty()) {
            Some(next) => page = page.continue_token(&next),
            None => return,
        }
    }
}
