//! An office in a namespace of its own, with an operator of its own.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{helm, kubectl, try_kubectl};
use crate::line::{Failure, Line};
use crate::office::{DOMAIN, Office};
use crate::{root, wait_for};

/// The `PhoneSystem`'s name.
pub const SYSTEM: &str = "office";

/// How a site's telephone system is set up.
#[derive(Clone, Copy, Debug)]
pub struct Setup {
    /// How phones get in: `spec.network.mode`.
    pub network: &'static str,
    /// What becomes of mailboxes: `spec.deletionPolicy`.
    pub deletion_policy: &'static str,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            network: "LoadBalancerPerWorker",
            deletion_policy: "Retain",
        }
    }
}

/// A namespace with an operator, a `PhoneSystem` and its people; gone when dropped.
#[derive(Debug)]
pub struct Site {
    /// The people, and a folder for a test's own files.
    pub office: Office,
    /// The namespace.
    pub namespace: String,
    /// Where phones find its SIP.
    pub sip: SocketAddr,
}

/// A process of a site, found on the node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Process {
    /// The worker of slot 0.
    Worker,
    /// Its sidecar, which carries messages to object storage.
    Sidecar,
    /// The operator.
    Operator,
}

impl Site {
    /// Installs the chart into a namespace called after the test, applies `office`, and waits until everybody can be rung.
    pub fn open(test: &str, office: Office) -> Self {
        Self::with(test, office, Setup::default())
    }

    /// The same, set up otherwise.
    pub fn with(test: &str, office: Office, setup: Setup) -> Self {
        let mut site = Self::prepare(test, office, &[]);
        if setup.network == "HostNetwork" {
            site.allow("privileged");
        }
        site.start(setup);
        site
    }

    /// Applies `office` into the namespace, and waits until everybody can be rung.
    pub fn start(&mut self, setup: Setup) {
        self.office
            .write("phonesystem.yaml", &self.phone_system(setup));
        self.apply();
        self.until_everybody_is_ready();
        self.until_it_answers();
    }

    /// Only the namespace, with the operator in it, installed with these values too.
    pub fn prepare(test: &str, office: Office, values: &[&str]) -> Self {
        let site = Self::empty(test, office);
        site.helm_with("install", values);
        site
    }

    /// Only the namespace.
    pub fn empty(test: &str, office: Office) -> Self {
        let site = Self {
            office,
            namespace: format!("{test}-{}", std::process::id()),
            sip: SocketAddr::from(([0, 0, 0, 0], 0)),
        };
        site.create_namespace();
        site
    }

    /// Creates the namespace.
    pub fn create_namespace(&self) {
        kubectl(&["create", "namespace", &self.namespace]);
        // What the chart and the operator make must be content with the strictest of the standards.
        self.allow("restricted");
    }

    /// Deletes the namespace with all that is in it, and waits for its end; what kubectl says if that doesn't come in time.
    ///
    /// # Errors
    /// What kubectl says if it doesn't come in time.
    pub fn delete_namespace(&self, within: Duration) -> Result<String, String> {
        let within = format!("--timeout={}s", within.as_secs());
        try_kubectl(&["delete", "namespace", &self.namespace, &within])
    }

    /// Has the namespace take Pods up to this Pod Security Standard.
    fn allow(&self, standard: &str) {
        let label = format!("pod-security.kubernetes.io/enforce={standard}");
        kubectl(&["label", "--overwrite", "namespace", &self.namespace, &label]);
    }

    /// `helm install` or `upgrade`, with the images of this tree.
    pub fn helm_with(&self, verb: &str, values: &[&str]) -> String {
        self.helm_of(&root().join("charts/switchboard"), verb, values)
    }

    /// The same with the chart of that folder.
    pub fn helm_of(&self, chart: &Path, verb: &str, values: &[&str]) -> String {
        let mut arguments = vec![verb, "switchboard", chart.to_str().expect("a UTF-8 path")];
        arguments.extend([
            "--namespace",
            &self.namespace,
            "--wait",
            "--timeout",
            "180s",
        ]);
        arguments.extend([
            "--set",
            "image.pullPolicy=Never",
            "--set",
            "crds.install=false",
        ]);
        // The definitions that are there already were not brought by this release.
        arguments.push("--take-ownership");
        for value in values {
            arguments.extend(["--set", value]);
        }
        helm(&arguments)
    }

    /// `helm test`: a real call from a Pod of the cluster.
    pub fn helm_test(&self) -> String {
        let namespace = &self.namespace;
        helm(&[
            "test",
            "switchboard",
            "--namespace",
            namespace,
            "--timeout",
            "180s",
        ])
    }

    /// kubectl in this namespace.
    pub fn kubectl(&self, arguments: &[&str]) -> String {
        kubectl(&self.here(arguments))
    }

    /// kubectl in this namespace.
    ///
    /// # Errors
    /// What it says when it fails.
    pub fn try_kubectl(&self, arguments: &[&str]) -> Result<String, String> {
        try_kubectl(&self.here(arguments))
    }

    /// Applies the office's manifests.
    pub fn apply(&self) {
        let folder = self.office.manifests();
        self.kubectl(&["apply", "--filename", &folder.to_string_lossy()]);
    }

    /// Waits until every User is Ready.
    pub fn until_everybody_is_ready(&self) {
        self.kubectl(&[
            "wait",
            "--for=condition=Ready",
            "users",
            "--all",
            "--timeout=180s",
        ]);
    }

    /// Waits until SIP is answered where phones are told: a load balancer may know of the worker a moment later than the API server.
    pub fn until_it_answers(&mut self) {
        self.sip = self.address();
        let mut line = Line::new(self.sip, "nobody", "").patient(Duration::from_millis(500));
        wait_for("SIP to be answered", Duration::from_mins(1), || {
            let answer = line.ask("OPTIONS", &format!("sip:{DOMAIN}"), "");
            (answer != Err(Failure::NoAnswer)).then_some(())
        });
    }

    /// A field of an object, as a JSON path without its braces; empty when it isn't there.
    pub fn field(&self, object: &str, path: &str) -> String {
        let path = format!("jsonpath={{{path}}}");
        self.try_kubectl(&["get", object, "--output", &path])
            .unwrap_or_default()
    }

    /// Status and reason of a condition of an object, as in `False NotOldest`.
    pub fn condition(&self, object: &str, kind: &str) -> String {
        let condition = format!(".status.conditions[?(@.type==\"{kind}\")]");
        let (status, reason) = (format!("{condition}.status"), format!("{condition}.reason"));
        format!(
            "{} {}",
            self.field(object, &status),
            self.field(object, &reason)
        )
    }

    /// The messages in the bucket, below this site's prefix.
    pub fn messages(&self) -> Vec<PathBuf> {
        messages(&self.namespace)
    }

    /// The process's id on the node; none while it doesn't run.
    pub fn pid(&self, process: Process) -> Option<u32> {
        let wanted = match process {
            Process::Worker => "/usr/bin/media-worker\0run",
            Process::Sidecar => "/usr/bin/media-worker\0upload",
            Process::Operator => "/usr/bin/operator",
        };
        // Of this site it is by the namespace in its environment.
        let ours = format!("NAMESPACE={}", self.namespace);
        let ids = std::fs::read_dir("/proc").expect("the processes");
        ids.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
            .find(|id: &u32| {
                let read = |what| std::fs::read(format!("/proc/{id}/{what}")).unwrap_or_default();
                read("cmdline").starts_with(wanted.as_bytes())
                    && String::from_utf8_lossy(&read("environ"))
                        .split('\0')
                        .any(|variable| variable.ends_with(&ours))
            })
    }

    /// `kill -9`, and waits until another runs in its place.
    pub fn kill(&self, process: Process) {
        let killed = self.pid(process).expect("it runs");
        let done = std::process::Command::new("kill")
            .args(["-KILL", &killed.to_string()])
            .status()
            .expect("kill runs");
        assert!(done.success());
        wait_for("it to be started again", Duration::from_mins(1), || {
            self.pid(process).filter(|pid| *pid != killed)
        });
    }

    /// The `PhoneSystem`'s manifest.
    pub fn phone_system(&self, setup: Setup) -> String {
        let Setup {
            network,
            deletion_policy,
        } = setup;
        format!(
            "apiVersion: switchboard.dev/v1alpha1\nkind: PhoneSystem\nmetadata: {{name: {SYSTEM}}}\nspec:\n  \
             domain: {DOMAIN}\n  timeZone: America/New_York\n  limits: {{callsPerUser: 1000}}\n  \
             workers: {{spool: {{size: 1Gi}}}}\n  deletionPolicy: {deletion_policy}\n  \
             network: {{mode: {network}}}\n  \
             storage: {{s3: {{endpoint: \"http://s3.storage:7070\", region: us-east-1, bucket: voicemail, \
             prefix: {}/, credentialsSecretRef: {{name: s3}}}}}}\n---\n\
             apiVersion: v1\nkind: Secret\nmetadata: {{name: s3, labels: {{switchboard.dev/use: s3}}}}\n\
             stringData: {{accessKeyId: {S3_ACCESS_KEY}, secretAccessKey: {S3_SECRET_KEY}}}\n",
            self.namespace
        )
    }

    /// Where phones find SIP, as the network how-to says.
    fn address(&self) -> SocketAddr {
        let system = format!("phonesystem/{SYSTEM}");
        let ip = wait_for("the address of SIP", Duration::from_mins(1), || {
            self.field(&system, ".status.addresses[0]").parse().ok()
        });
        let port = match self.field(&system, ".spec.network.mode").as_str() {
            "NodePort" => {
                let service = format!("service/{SYSTEM}-sip");
                let port = ".spec.ports[?(@.name==\"sip-udp\")].nodePort";
                self.field(&service, port).parse().expect("a port")
            }
            _ => 5060,
        };
        SocketAddr::new(ip, port)
    }

    fn here<'a>(&'a self, arguments: &[&'a str]) -> Vec<&'a str> {
        [&["--namespace", self.namespace.as_str()], arguments].concat()
    }

    fn explain(&self) {
        for what in [
            &["get", "switchboard,pods,services,pvc", "--output", "wide"][..],
            &["get", "events", "--sort-by=.lastTimestamp"],
            &["describe", "phonesystems,users"],
            &[
                "logs",
                "--selector=app.kubernetes.io/component=worker",
                "--all-containers",
                "--tail=60",
                "--prefix",
            ],
            &[
                "logs",
                "office-worker-0",
                "--container=worker",
                "--previous",
                "--tail=60",
            ],
            &[
                "logs",
                "--selector=app.kubernetes.io/component=operator",
                "--tail=60",
                "--prefix",
            ],
        ] {
            let said = self.try_kubectl(what).unwrap_or_else(|error| error);
            eprintln!("--- kubectl {}\n{said}", what.join(" "));
        }
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.explain();
        }
        let _ = try_kubectl(&["delete", "namespace", &self.namespace, "--wait=false"]);
    }
}

/// The bucket's folder on the node.
pub const BUCKET: &str = "/var/lib/switchboard-test-cluster/s3/voicemail";

/// The messages in the bucket, below a prefix. The S3 server keeps a bucket as a folder, and an object as a file.
pub fn messages(prefix: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    files(&Path::new(BUCKET).join(prefix), &mut found);
    found.retain(|path| {
        path.parent()
            .is_some_and(|folder| folder.ends_with("messages"))
    });
    found
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.path().is_dir() {
            files(&entry.path(), found);
        } else {
            found.push(entry.path());
        }
    }
}

/// What opens the S3 server of the test cluster.
pub const S3_ACCESS_KEY: &str = "switchboard";
/// And its secret.
pub const S3_SECRET_KEY: &str = "a-secret-of-the-test-cluster";
