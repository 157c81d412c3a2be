//! Traces of calls for whom `PhoneSystem.spec.traces` names (spec K8-8): what was rung, which application answered, where the time went.
//! Other calls are not traced at all and cost nothing.

mod collector;

use std::cell::RefCell;
use std::sync::Arc;
use std::time::Duration;

use crds::directory::Traced;
use opentelemetry::trace::{Span as _, Status, TraceContextExt, Tracer, TracerProvider};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider, Span};
use tracing::{info, warn};

/// Where traces go, if they go anywhere.
#[derive(Debug, Default)]
pub struct Traces(RefCell<Option<Open>>);

/// A collector that traces are sent to.
#[derive(Debug)]
struct Open {
    endpoint: Arc<str>,
    provider: SdkTracerProvider,
    tracer: SdkTracer,
}

impl Traces {
    /// The trace of a call of these users, where their calls are traced.
    pub fn begin(&self, traced: Option<&Traced>, users: &[Option<&str>]) -> Option<Trace> {
        let mut open = self.0.borrow_mut();
        if open.as_ref().map(|open| &open.endpoint) != traced.map(|traced| &traced.endpoint) {
            close(open.take());
            *open = traced.and_then(|traced| Open::to(&traced.endpoint));
        }
        let tracer = open
            .as_ref()
            .filter(|_| traced.is_some_and(|it| it.concerns(users)));
        tracer.map(|open| Trace::begin(&open.tracer))
    }

    /// Sends what is left; a collector that does not answer gets no more than a moment.
    pub async fn close(&self) {
        let Some(open) = self.0.borrow_mut().take() else {
            return;
        };
        let shut = tokio::task::spawn_blocking(move || shut(&open));
        let _ = shut.await;
    }
}

impl Open {
    fn to(endpoint: &Arc<str>) -> Option<Self> {
        let exporter = match collector::exporter(endpoint) {
            Ok(exporter) => exporter,
            Err(error) => {
                warn!(%error, %endpoint, "calls can't be traced: write spec.traces.endpoint anew");
                return None;
            }
        };
        info!(%endpoint, "calls are traced");
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(exporter)
            .with_resource(collector::resource())
            .build();
        Some(Self {
            endpoint: Arc::clone(endpoint),
            tracer: provider.tracer("switchboard"),
            provider,
        })
    }
}

/// Sends what is left, in a thread of its own: calls don't wait for a collector.
fn close(open: Option<Open>) {
    if let Some(open) = open {
        std::thread::spawn(move || shut(&open));
    }
}

fn shut(open: &Open) {
    if let Err(error) = open.provider.shutdown_with_timeout(CLOSING) {
        warn!(%error, endpoint = %open.endpoint, "traces of calls were lost: see whether the collector answers");
    }
}

/// The trace of one call, which ends when this is dropped.
#[derive(Debug)]
pub struct Trace {
    tracer: SdkTracer,
    call: Context,
}

impl Trace {
    fn begin(tracer: &SdkTracer) -> Self {
        let call = Context::new().with_span(tracer.start("call"));
        Self {
            tracer: tracer.clone(),
            call,
        }
    }

    /// Notes a property of the call.
    pub fn set(&self, key: &'static str, value: impl Into<String>) {
        self.call
            .span()
            .set_attribute(KeyValue::new(key, value.into()));
    }

    /// Notes a moment of the call.
    pub fn event(&self, name: &'static str, properties: Vec<(&'static str, String)>) {
        let properties = properties
            .into_iter()
            .map(|(key, value)| KeyValue::new(key, value));
        self.call.span().add_event(name, properties.collect());
    }

    /// A part of the call begins.
    fn part(&self, name: &'static str) -> Part {
        Part(Some(Box::new(
            self.tracer.start_with_context(name, &self.call),
        )))
    }
}

impl Drop for Trace {
    fn drop(&mut self) {
        self.call.span().end();
    }
}

/// A part of a call that is traced, and of another call nothing; it ends when this is dropped.
#[derive(Debug, Default)]
pub struct Part(Option<Box<Span>>);

impl Part {
    /// A part of this call begins, if it is traced.
    pub fn of(trace: Option<&Trace>, name: &'static str) -> Self {
        trace.map(|trace| trace.part(name)).unwrap_or_default()
    }

    /// Notes a property of it.
    #[must_use]
    pub fn with(mut self, key: &'static str, value: &str) -> Self {
        self.set(key, value);
        self
    }

    /// Notes a property of it.
    pub fn set(&mut self, key: &'static str, value: &str) {
        if let Some(span) = &mut self.0 {
            span.set_attribute(KeyValue::new(key, value.to_owned()));
        }
    }

    /// It came to nothing, for this reason.
    pub fn failed(&mut self, why: &str) {
        if let Some(span) = &mut self.0 {
            span.set_status(Status::error(why.to_owned()));
        }
    }
}

/// How long the last traces may take.
const CLOSING: Duration = Duration::from_secs(2);
