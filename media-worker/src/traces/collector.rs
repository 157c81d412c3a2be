//! The way to a collector: OTLP over HTTP, as JSON.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use opentelemetry::KeyValue;
use opentelemetry_http::{HttpClient, HttpError};
use opentelemetry_otlp::{ExporterBuildError, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;

/// Sends spans to the collector at `endpoint`.
///
/// # Errors
/// The endpoint is no URL.
pub(super) fn exporter(endpoint: &str) -> Result<SpanExporter, ExporterBuildError> {
    SpanExporter::builder()
        .with_http()
        .with_http_client(Post)
        .with_endpoint(format!("{endpoint}/v1/traces"))
        .with_timeout(PATIENCE)
        .build()
}

/// Who traces: this worker. `OTEL_RESOURCE_ATTRIBUTES` may say more.
pub(super) fn resource() -> Resource {
    let host = std::env::var("HOSTNAME").unwrap_or_default();
    Resource::builder()
        .with_service_name("switchboard")
        .with_attributes([
            KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
            KeyValue::new("service.instance.id", host),
        ])
        .build()
}

/// One request at a time, on the thread that asks: it is the exporter's own.
#[derive(Debug)]
struct Post;

#[async_trait]
impl HttpClient for Post {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        runtime.block_on(async { tokio::time::timeout(PATIENCE, post(request)).await })?
    }
}

async fn post(request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
    let client = Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
    let answer = client.request(request.map(Full::new)).await?;
    let (head, body) = answer.into_parts();
    let body = Limited::new(body, LONGEST_ANSWER).collect().await?;
    Ok(Response::from_parts(head, body.to_bytes()))
}

/// How long the collector may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// What a collector answers is short (OTLP 1.x, `ExportTraceServiceResponse`).
const LONGEST_ANSWER: usize = 64 * 1024;
