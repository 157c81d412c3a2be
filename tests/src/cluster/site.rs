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

/// A namespace with an operator, a `PhoneSystem` and its people; gone when dropped.
#[derive(Debug)]
pub struct Site {
    /// The people, and a folder for a test's own files.
    pub office: Office,
    /// The namespace.
    pub namespace: String,
    /// Where its load balancer takes SIP.
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
        Self::with(test, office, "15m")
    }

    /// The same with a drain time-out.
    pub fn with(test: &str, office: Office, drain_timeout: &str) -> Self {
        let mut site = Self::prepare(test, office, &[]);
        site.office
            .write("phonesystem.yaml", &site.phone_system(drain_timeout));
        site.apply();
        site.until_everybody_is_ready();
        site.until_it_answers();
        site
    }

    /// Only the namespace, with the operator in it, installed with these values too.
    pub fn prepare(test: &str, office: Office, values: &[&str]) -> Self {
        let namespace = format!("{test}-{}", std::process::id());
        kubectl(&["create", "namespace", &namespace]);
        let site = Self {
            office,
            namespace,
            sip: SocketAddr::from(([0, 0, 0, 0], 0)),
        };
        // What the chart and the operator make must be content with the strictest of the standards.
        let standard = "pod-security.kubernetes.io/enforce=restricted";
        kubectl(&["label", "namespace", &site.namespace, standard]);
        site.helm_with("install", values);
        site
    }

    /// `helm install` or `upgrade`, with the images of this tree.
    pub fn helm_with(&self, verb: &str, values: &[&str]) -> String {
        let chart = root().join("charts/switchboard");
        let mut arguments = vec![verb, "switchboard", chart.to_str().expect("a UTF-8 path")];
        arguments.extend(["--namespace", &self.namespace, "--wait", "--timeout", "60s"]);
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
            "--timeout=90s",
        ]);
    }

    /// Waits until SIP is answered through the load balancer: it may know of the worker a moment later than the API server.
    pub fn until_it_answers(&mut self) {
        self.sip = self.address();
        let mut line = Line::new(self.sip, "nobody", "").patient(Duration::from_millis(500));
        wait_for("SIP to be answered", Duration::from_secs(20), || {
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
    pub fn phone_system(&self, drain_timeout: &str) -> String {
        format!(
            "apiVersion: switchboard.dev/v1alpha1\nkind: PhoneSystem\nmetadata: {{name: {SYSTEM}}}\nspec:\n  \
             domain: {DOMAIN}\n  timeZone: America/New_York\n  limits: {{callsPerUser: 1000}}\n  \
             workers: {{drainTimeout: {drain_timeout}, spool: {{size: 1Gi}}}}\n  \
             network: {{mode: LoadBalancerPerWorker}}\n  \
             storage: {{s3: {{endpoint: \"http://s3.storage:7070\", region: us-east-1, bucket: voicemail, \
             prefix: {}/, credentialsSecretRef: {{name: s3}}}}}}\n---\n\
             apiVersion: v1\nkind: Secret\nmetadata: {{name: s3, labels: {{switchboard.dev/use: s3}}}}\n\
             stringData: {{accessKeyId: {S3_ACCESS_KEY}, secretAccessKey: {S3_SECRET_KEY}}}\n",
            self.namespace
        )
    }

    /// Where the load balancer takes SIP.
    fn address(&self) -> SocketAddr {
        let service = format!("service/{SYSTEM}-sip");
        wait_for(
            "the load balancer's address",
            Duration::from_secs(20),
            || {
                let ip = self.field(&service, ".status.loadBalancer.ingress[0].ip");
                Some(SocketAddr::new(ip.parse().ok()?, 5060))
            },
        )
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

/// The messages in the bucket, below a prefix. The S3 server keeps a bucket as a folder, and an object as a file.
pub fn messages(prefix: &str) -> Vec<PathBuf> {
    let bucket = Path::new("/var/lib/switchboard-test-cluster/s3/voicemail");
    let mut found = Vec::new();
    files(&bucket.join(prefix), &mut found);
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
