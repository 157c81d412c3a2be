//! One question to a worker: what it has to report.
use std::{
    io::{BufReader, ErrorKind},
    time::Duration,
};

use crds::report::{KEEPS_LOADED, Report};
use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::{Buf, Bytes};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};

/// The way to a worker.
pub(super) struct Asking(Client<HttpConnector, Empty<Bytes>>);

impl Asking {
    pub(super) fn new() -> Self {
        let mut connector = HttpConnector::new();
        connector.set_connect_timeout(Some(PATIENCE_TO_CONNECT));
        Self(Client::builder(TokioExecutor::new()).build(connector))
    }

    /// What the worker in the Pod of this UID reports at this address: at once, or, if it has reported revision `after`,
    /// when there is another. What was loaded in that revision is left out then where it is as it was.
    pub(super) async fn report(
        &self,
        pod_uid: &str,
        address: &str,
        after: Option<u64>,
    ) -> Result<Report, NoReport> {
        let address = match after {
            Some(revision) => format!("{address}&after={revision}&keeps={KEEPS_LOADED}"),
            None => address.to_owned(),
        };
        let address = address.parse()?;
        let answer = async {
            let response = self.0.get(address).await;
            let response = response.map_err(|error| NoReport::Unreachable(innermost(&error)))?;
            if !response.status().is_success() {
                return Err(NoReport::Refused(response.status()));
            }
            let body = Limited::new(response.into_body(), LARGEST_REPORT);
            let body = body.collect().await.map_err(NoReport::Body)?.aggregate();
            // Read where it lies: it may be megabytes.
            let report: Report = serde_json::from_reader(BufReader::new(body.reader()))?;
            if report.pod_uid == pod_uid {
                Ok(report)
            } else {
                Err(NoReport::Another)
            }
        };
        tokio::time::timeout(PATIENCE, answer).await?
    }
}

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoReport {
    #[error("{0}")]
    Address(#[from] hyper::http::uri::InvalidUri),
    #[error("{0}")]
    Unreachable(String),
    #[error("the answer broke off: {0}")]
    Body(Box<dyn std::error::Error + Send + Sync>),
    #[error("the answer is no report: {0}")]
    Unreadable(#[from] serde_json::Error),
    #[error("it answered {0}")]
    Refused(hyper::StatusCode),
    #[error("it did not answer in time")]
    Late(#[from] tokio::time::error::Elapsed),
    #[error("another Pod answered")]
    Another,
}

impl NoReport {
    /// For people: what keeps us from asking the worker at this address, and what to do about it.
    pub(super) fn told(&self, address: &str) -> String {
        let (address, _) = address.split_once('?').unwrap_or((address, ""));
        let remedy = match self {
            Self::Unreachable(_) | Self::Late(_) | Self::Body(_) => {
                "let TCP to this port through from the operator's Pod; a firewall of the node or a NetworkPolicy may be in the way"
            }
            Self::Address(_) | Self::Unreadable(_) | Self::Refused(_) | Self::Another => {
                "another program may have this port of the node; if not, the worker's log may say more"
            }
        };
        format!("the operator can't ask it at {address} ({self}): {remedy}")
    }
}

/// What an error of the client comes from: by itself it tells only at which step it came.
fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    let mut cause = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    match cause.downcast_ref::<std::io::Error>() {
        Some(error) if error.kind() == ErrorKind::TimedOut => NOTHING_BACK.to_owned(),
        Some(_) | None => cause.to_string(),
    }
}

const NOTHING_BACK: &str = "no packet comes back";
/// A worker answers after 20 s at the latest.
const PATIENCE: Duration = Duration::from_secs(30);
/// In a cluster it takes a millisecond. Where packets are dropped, the system would go on trying for minutes.
const PATIENCE_TO_CONNECT: Duration = Duration::from_secs(2);
/// A hundred thousand objects, each with its UID.
const LARGEST_REPORT: usize = 16 << 20;

#[cfg(test)]
mod tests {
    use std::net::{SocketAddr, TcpListener, TcpStream};

    use tokio::net::TcpSocket;

    use super::*;

    async fn no_report(address: SocketAddr) -> NoReport {
        let asked = format!("http://{address}/report?pod=pod-1");
        match Asking::new().report("pod-1", &asked, None).await {
            Err(error) => error,
            Ok(report) => unreachable!("{report:?}"),
        }
    }

    #[tokio::test]
    async fn a_worker_from_which_no_packet_comes_back_is_not_waited_for() {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
        let listener = socket.listen(1).unwrap();
        let address = listener.local_addr().unwrap();
        // While these wait to be accepted, the system drops what comes after them.
        let moment = Duration::from_millis(200);
        let connect = || TcpStream::connect_timeout(&address, moment).ok();
        // All are tried: on a busy machine one may take longer though there is room.
        let waiting: Vec<_> = (0..10).filter_map(|_| connect()).collect();
        assert_eq!(no_report(address).await.to_string(), NOTHING_BACK);
        drop((waiting, listener));
    }

    #[tokio::test]
    async fn what_keeps_a_worker_from_being_asked_is_told_with_what_helps() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        let asked = format!("http://{address}/report?pod=pod-1");
        let told = no_report(address).await.told(&asked);
        let begins = format!("the operator can't ask it at http://{address}/report (Connection");
        assert!(told.starts_with(&begins), "{told}");
        assert!(told.contains("let TCP to this port through"), "{told}");
        let told = NoReport::Another.told(&asked);
        assert!(told.contains("(another Pod answered)"), "{told}");
        assert!(!told.contains("let TCP"), "{told}");
    }
}
