//! Figures of the operator itself.
use std::time::Duration;

use crds::Kind;
use prometheus::{
    Encoder, HistogramOpts, HistogramVec, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry,
    TextEncoder,
};

/// Figures of the operator itself. Clones count together.
#[derive(Clone, Debug)]
pub struct Metrics {
    registry: Registry,
    reconciles: IntCounterVec,
    errors: IntCounterVec,
    seconds: HistogramVec,
    compile: HistogramVec,
    leader: IntGauge,
    unreadable: IntGaugeVec,
}

impl Metrics {
    /// All at zero.
    pub fn new() -> Result<Self, prometheus::Error> {
        let named = |name: &str, help: &str| Opts::new(format!("{PREFIX}{name}"), help);
        let metrics = Self {
            registry: Registry::new(),
            reconciles: IntCounterVec::new(
                named("reconciles_total", "Reconciles that came to their end"),
                &["kind"],
            )?,
            errors: IntCounterVec::new(
                named(
                    "reconcile_errors_total",
                    "Reconciles that failed and are tried again",
                ),
                &["kind"],
            )?,
            seconds: HistogramVec::new(
                HistogramOpts::from(named("reconcile_seconds", "How long a reconcile took"))
                    .buckets(vec![0.001, 0.005, 0.02, 0.1, 0.5, 2.0, 10.0]),
                &["kind"],
            )?,
            compile: HistogramVec::new(
                HistogramOpts::from(named(
                    "compile_seconds",
                    "How long the objects of a namespace took to compile",
                ))
                .buckets(vec![0.001, 0.005, 0.02, 0.1, 0.5, 2.0, 10.0]),
                &["namespace"],
            )?,
            leader: IntGauge::with_opts(named("leader", "1 while this operator leads, else 0"))?,
            unreadable: IntGaugeVec::new(
                named(
                    "unreadable_objects",
                    "Objects that this version cannot read and leaves out",
                ),
                &["namespace", "kind"],
            )?,
        };
        let registry = &metrics.registry;
        registry.register(Box::new(metrics.reconciles.clone()))?;
        registry.register(Box::new(metrics.errors.clone()))?;
        registry.register(Box::new(metrics.seconds.clone()))?;
        registry.register(Box::new(metrics.compile.clone()))?;
        registry.register(Box::new(metrics.leader.clone()))?;
        registry.register(Box::new(metrics.unreadable.clone()))?;
        Ok(metrics)
    }

    /// Counts a reconcile of an object of this Kind.
    pub fn reconciled(&self, kind: Kind, took: Duration, ended: bool) {
        let counter = if ended {
            &self.reconciles
        } else {
            &self.errors
        };
        counter.with_label_values(&[kind.as_str()]).inc();
        self.seconds
            .with_label_values(&[kind.as_str()])
            .observe(took.as_secs_f64());
    }

    /// Notes how long this namespace took to compile.
    pub fn compiled(&self, namespace: &str, took: Duration) {
        self.compile
            .with_label_values(&[namespace])
            .observe(took.as_secs_f64());
    }

    /// Says whether this operator leads.
    pub fn leads(&self, leads: bool) {
        self.leader.set(i64::from(leads));
    }

    /// Says how many objects of this Kind cannot be read in this namespace.
    pub fn unreadable(&self, namespace: &str, kind: Kind, count: usize) {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        self.unreadable
            .with_label_values(&[namespace, kind.as_str()])
            .set(count);
    }

    /// All figures, as Prometheus reads them.
    pub fn page(&self) -> Result<String, prometheus::Error> {
        let mut page = Vec::new();
        TextEncoder::new().encode(&self.registry.gather(), &mut page)?;
        Ok(String::from_utf8_lossy(&page).into_owned())
    }
}

const PREFIX: &str = "switchboard_operator_";
