//! How the operator does with many Users: `cargo run -p switchboard-tests --bin operator_scale -- 10000`.
//!
//! Creates so many Users from nothing, restarts the operator over them, and prints rates, times, memory and what the
//! restart has written. No worker is played: what is measured is the operator and the API server.

#![forbid(unsafe_code)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a benchmark that can't go on panics"
)]

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use clap::Parser;
use crds::{Extension, Handset, Secret, User, UserSettings};
use kube::api::{ListParams, PostParams};
use kube::{Api, Resource, ResourceExt};
use switchboard_tests::api_server::{ApiServer, apply, documents};

/// How the operator does with many Users.
#[derive(Parser)]
struct Options {
    /// How many.
    #[arg(default_value_t = 1000)]
    users: usize,
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let users = Options::parse().users;
    let server = ApiServer::start();
    let client = server.client().await;
    let namespace = server.namespace().await;
    let office = "{apiVersion: switchboard.dev/v1alpha1, kind: PhoneSystem, metadata: {name: office}, \
                  spec: {domain: office.example.com, workers: {replicas: 0}}}";
    for document in documents(office) {
        apply(&client, &namespace, &document)
            .await
            .expect("a PhoneSystem");
    }
    let api: Api<User> = Api::namespaced(client.clone(), &namespace);
    let began = Instant::now();
    create(&api, users).await;
    println!(
        "{users} Users applied in {:.1} s",
        began.elapsed().as_secs_f64()
    );

    let operator = Operator::start(&server, &namespace);
    let began = Instant::now();
    operator.settle(&client, &namespace, users).await;
    let took = began.elapsed().as_secs_f64();
    println!(
        "all made from nothing in {took:.1} s: {:.0} Users a second",
        users as f64 / took
    );
    println!(
        "memory then: {} MiB, at most {} MiB",
        operator.memory("VmRSS"),
        operator.memory("VmHWM")
    );
    drop(operator);

    let before = versions(&client, &namespace).await;
    let again = Operator::start(&server, &namespace);
    let began = Instant::now();
    again.reconcile_all(users).await;
    println!(
        "settled after a restart in {:.1} s",
        began.elapsed().as_secs_f64()
    );
    println!(
        "memory then: {} MiB, at most {} MiB",
        again.memory("VmRSS"),
        again.memory("VmHWM")
    );
    let after = versions(&client, &namespace).await;
    let written: Vec<&String> = after
        .iter()
        .filter(|(object, version)| before.get(*object) != Some(version))
        .map(|(object, _)| object)
        .collect();
    println!(
        "objects written by the restart: {}: {written:?}",
        written.len()
    );
}

async fn create(api: &Api<User>, users: usize) {
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..users {
        let api = api.clone();
        let spec = serde_json::json!({"extension": format!("{}", 100_000 + n)});
        let user = User::new(&format!("user-{n}"), serde_json::from_value(spec).unwrap());
        tasks.spawn(async move { api.create(&PostParams::default(), &user).await });
        if tasks.len() >= 32 {
            tasks.join_next().await.unwrap().unwrap().expect("a User");
        }
    }
    while let Some(created) = tasks.join_next().await {
        created.unwrap().expect("a User");
    }
}

/// The versions of all objects of Kinds of which there is one for each User, by Kind and name.
async fn versions(client: &kube::Client, namespace: &str) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    gather::<User>(client, namespace, &mut all).await;
    gather::<UserSettings>(client, namespace, &mut all).await;
    gather::<Handset>(client, namespace, &mut all).await;
    gather::<Extension>(client, namespace, &mut all).await;
    gather::<Secret>(client, namespace, &mut all).await;
    all
}

async fn gather<K>(client: &kube::Client, namespace: &str, all: &mut BTreeMap<String, String>)
where
    K: Resource<DynamicType = (), Scope = k8s_openapi::NamespaceResourceScope>
        + Clone
        + std::fmt::Debug
        + serde::de::DeserializeOwned,
{
    let api: Api<K> = Api::namespaced(client.clone(), namespace);
    let mut page = ListParams::default().limit(1000);
    loop {
        let list = api.list_metadata(&page).await.expect("a list");
        for object in list.items {
            let name = format!("{} {}", K::kind(&()), object.name_any());
            all.insert(name, object.resource_version().unwrap_or_default());
        }
        match list.metadata.continue_.filter(|it| !it.is_empty()) {
            Some(next) => page = page.continue_token(&next),
            None => return,
        }
    }
}

/// An operator in a process of its own; stopped when dropped.
struct Operator {
    process: Child,
    pages: String,
}

impl Operator {
    fn start(server: &ApiServer, namespace: &str) -> Self {
        let port = {
            let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
            listener.local_addr().unwrap().port()
        };
        let pages = format!("127.0.0.1:{port}");
        let process = Command::new(binary())
            .args([
                "--namespace",
                namespace,
                "--metrics",
                &pages,
                "--lease-duration",
                "2s",
            ])
            .env("KUBECONFIG", server.kubeconfig())
            .stdout(Stdio::null())
            .spawn()
            .expect("the operator starts");
        Self { process, pages }
    }

    /// Returns once everything is made for every User and nothing more is reconciled.
    async fn settle(&self, client: &kube::Client, namespace: &str, users: usize) {
        self.reconcile_all(users).await;
        loop {
            let before = (self.reconciles().await, versions(client, namespace).await);
            tokio::time::sleep(Duration::from_secs(1)).await;
            let now = (self.reconciles().await, versions(client, namespace).await);
            // User, settings, handset, extension and three Secrets each; sixteen shards and the keys.
            if before == now && now.1.len() == 7 * users + 17 {
                return;
            }
        }
    }

    /// Returns once every object of every User has been reconciled.
    async fn reconcile_all(&self, users: usize) {
        let all = ["User", "UserSettings", "Handset", "Extension"];
        loop {
            let counts = self.reconciles().await;
            if all
                .iter()
                .all(|kind| counts.get(*kind).is_some_and(|it| *it >= users))
            {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    async fn reconciles(&self) -> BTreeMap<String, usize> {
        let page = self.page().await.unwrap_or_default();
        let counts = page.lines().filter_map(|line| {
            let rest = line.strip_prefix("switchboard_operator_reconciles_total{kind=\"")?;
            let (kind, count) = rest.split_once("\"} ")?;
            Some((kind.to_owned(), count.parse().ok()?))
        });
        counts.collect()
    }

    async fn page(&self) -> Option<String> {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let mut stream = tokio::net::TcpStream::connect(&self.pages).await.ok()?;
        let request = b"GET /metrics HTTP/1.1\r\nHost: operator\r\nConnection: close\r\n\r\n";
        stream.write_all(request).await.ok()?;
        let mut page = String::new();
        stream.read_to_string(&mut page).await.ok()?;
        Some(page)
    }

    /// A figure of the process, in MiB.
    fn memory(&self, figure: &str) -> u64 {
        let path = format!("/proc/{}/status", self.process.id());
        let status = std::fs::read_to_string(path).expect("the process's status");
        let line = status
            .lines()
            .find(|line| line.starts_with(figure))
            .expect("the figure");
        let kilobytes = line
            .split_whitespace()
            .nth(1)
            .and_then(|it| it.parse::<u64>().ok());
        kilobytes.expect("a number") / 1024
    }
}

impl Drop for Operator {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The operator, built beside this program.
fn binary() -> PathBuf {
    let own = std::env::current_exe().expect("our own path");
    let path = own.with_file_name("operator");
    assert!(
        path.exists(),
        "no {}: build it with the same profile",
        path.display()
    );
    path
}
