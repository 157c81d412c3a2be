//! A collector of traces: takes OTLP over HTTP as JSON, and keeps what it is sent.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::http::header::CONTENT_TYPE;
use axum::routing::post;
use serde_json::Value;
use tokio::runtime::Runtime;

/// A collector on a thread of its own; gone with this value.
#[derive(Debug)]
pub struct Collector {
    /// Where it listens.
    pub address: SocketAddr,
    spans: Arc<Mutex<Vec<Span>>>,
    _runtime: Runtime,
}

/// One span, as the tests look at it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// What it is of.
    pub name: String,
    /// The trace it belongs to.
    pub trace: String,
    /// Its own id.
    pub id: String,
    /// The span it is a part of; empty for none.
    pub parent: String,
    /// All of it.
    pub whole: Value,
}

impl Collector {
    /// Starts one.
    pub fn start() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        let spans: Arc<Mutex<Vec<Span>>> = Arc::default();
        let kept = Arc::clone(&spans);
        let take = move |sent: Bytes| async move {
            let sent: Value = serde_json::from_slice(&sent).expect("JSON");
            kept.lock().unwrap().extend(read(&sent));
            ([(CONTENT_TYPE, "application/json")], "{}")
        };
        let app = Router::new().route("/v1/traces", post(take));
        let listener = runtime
            .block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))
            .expect("a TCP port");
        let address = listener.local_addr().expect("its address");
        runtime.spawn(async move { axum::serve(listener, app).await });
        Self {
            address,
            spans,
            _runtime: runtime,
        }
    }

    /// What it was sent so far.
    pub fn spans(&self) -> Vec<Span> {
        self.spans.lock().unwrap().clone()
    }
}

impl Span {
    /// An attribute of it.
    pub fn attribute(&self, key: &str) -> Option<&str> {
        let all = self.whole["attributes"].as_array()?;
        let one = all.iter().find(|attribute| attribute["key"] == key)?;
        one["value"]["stringValue"].as_str()
    }
}

/// The spans of an `ExportTraceServiceRequest`.
fn read(sent: &Value) -> Vec<Span> {
    let resources = sent["resourceSpans"].as_array().into_iter().flatten();
    let scopes =
        resources.flat_map(|resource| resource["scopeSpans"].as_array().into_iter().flatten());
    let spans = scopes.flat_map(|scope| scope["spans"].as_array().into_iter().flatten());
    let text = |span: &Value, field: &str| span[field].as_str().unwrap_or_default().to_owned();
    spans
        .map(|span| Span {
            name: text(span, "name"),
            trace: text(span, "traceId"),
            id: text(span, "spanId"),
            parent: text(span, "parentSpanId"),
            whole: span.clone(),
        })
        .collect()
}
