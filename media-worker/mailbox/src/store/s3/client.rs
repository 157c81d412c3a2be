//! The client of the service: made anew when its certificate authority changes.

use super::S3Options;
use super::error::away;
use crate::store::StoreError;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::{
    BehaviorVersion, Builder, IdentityCache, Region, RequestChecksumCalculation, SharedHttpClient,
};
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// The client in use, and what the next one is made of.
pub(super) struct Clients {
    options: S3Options,
    identity: SharedCredentialsProvider,
    used: Mutex<Option<Used>>,
}

struct Used {
    authority: Option<Vec<u8>>,
    client: Client,
}

impl Clients {
    pub(super) async fn new(options: &S3Options) -> Self {
        let region = Region::new(options.region.clone());
        Self {
            identity: options
                .credentials
                .provider(region, http(&TlsContext::default()))
                .await,
            options: options.clone(),
            used: Mutex::default(),
        }
    }

    /// A client that trusts whom `ca.crt` now says.
    pub(super) fn current(&self) -> Result<Client, StoreError> {
        let authority = self.options.credentials.authority()?;
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(used) = &*used
            && used.authority == authority
        {
            return Ok(used.client.clone());
        }
        let client = self.client(authority.as_deref())?;
        *used = Some(Used {
            authority,
            client: client.clone(),
        });
        Ok(client)
    }

    fn client(&self, authority: Option<&[u8]>) -> Result<Client, StoreError> {
        let mut config = Builder::new()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(self.options.region.clone()))
            .credentials_provider(self.identity.clone())
            .http_client(http(&trusting(authority)?))
            // Not every service takes checksums that the protocol does not ask for.
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
            .retry_config(
                // The pauses are random up to these, so that workers don't come back all at once.
                RetryConfig::standard()
                    .with_max_attempts(ATTEMPTS)
                    .with_initial_backoff(Duration::from_millis(100))
                    .with_max_backoff(Duration::from_secs(1)),
            )
            .timeout_config(limits(ATTEMPT, WHOLE));
        if self.options.credentials.may_change() {
            config = config.identity_cache(IdentityCache::no_cache());
        }
        if let Some(endpoint) = &self.options.endpoint {
            config = config.endpoint_url(endpoint).force_path_style(true);
        }
        Ok(Client::from_conf(config.build()))
    }
}

/// What reading does otherwise: a caller may be waiting for it.
pub(super) fn reading() -> Builder {
    Builder::new().timeout_config(limits(READ_ATTEMPT, READ_WHOLE))
}

fn http(tls: &TlsContext) -> SharedHttpClient {
    aws_smithy_http_client::Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .tls_context(tls.clone())
        .build_https()
}

fn trusting(authority: Option<&[u8]>) -> Result<TlsContext, StoreError> {
    let Some(pem) = authority else {
        return Ok(TlsContext::default());
    };
    check_authority(pem)?;
    TlsContext::builder()
        .with_trust_store(TrustStore::empty().with_pem_certificate(pem))
        .build()
        .map_err(|error| away(&error.to_string()))
}

/// The client's library takes it for granted that these are certificates.
fn check_authority(pem: &[u8]) -> Result<(), StoreError> {
    let wrong = |why: &str| away(&format!("ca.crt beside the credentials: {why}"));
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|error| wrong(&error.to_string()))?;
        roots
            .add(certificate)
            .map_err(|error| wrong(&error.to_string()))?;
    }
    if roots.is_empty() {
        return Err(wrong("there is no certificate in it"));
    }
    Ok(())
}

fn limits(attempt: Duration, whole: Duration) -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT)
        .operation_attempt_timeout(attempt)
        .operation_timeout(whole)
        .build()
}

const ATTEMPTS: u32 = 4;
const CONNECT: Duration = Duration::from_secs(2);
const READ_ATTEMPT: Duration = Duration::from_secs(5);
const READ_WHOLE: Duration = Duration::from_secs(8);
/// For a part of a long recording over a slow line.
const ATTEMPT: Duration = Duration::from_secs(20);
const WHOLE: Duration = Duration::from_mins(1);
