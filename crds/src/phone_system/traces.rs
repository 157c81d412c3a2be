//! Whose calls are traced, and where the traces go.
use kube::KubeSchema;
use serde::{Deserialize, Serialize};

use crate::NameRef;

/// Traces of calls, by the OpenTelemetry protocol.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Traces {
    /// The collector that takes them: OTLP over HTTP, such as `http://otel-collector.monitoring:4318`.
    #[x_kube(validation = Rule::new("self.matches('^http://[^/ ?#]+/?$')")
        .message("write http:// with host and port of a collector that takes OTLP over HTTP, for example http://otel-collector.monitoring:4318"))]
    #[schemars(length(min = 1, max = 300))]
    pub endpoint: String,
    /// Whose calls are traced: those he makes, and those to his number.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100))]
    pub users: Vec<NameRef>,
    /// Whether every call is traced. Default: false.
    #[serde(default)]
    pub everyone: bool,
}
