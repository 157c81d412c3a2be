//! What a client reads, as late as a test wants: of several watches one is then the last to tell.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::{Method, Request};
use kube::client::ClientBuilder;
use kube::{Client, Config};
use tokio::sync::watch;
use tower::Service;
use tower::layer::layer_fn;

/// Lists and watches of one resource, which can be held back.
#[derive(Debug)]
pub struct Late {
    resource: &'static str,
    held: watch::Sender<bool>,
}

impl Late {
    /// Those of this resource, as `users`. Nothing is held back yet.
    pub fn reads(resource: &'static str) -> Self {
        let (held, _) = watch::channel(false);
        Self { resource, held }
    }

    /// A client whose reads are held back when this says so.
    ///
    /// # Panics
    /// When the configuration is none of a client.
    pub fn client(&self, config: Config) -> Client {
        let builder = ClientBuilder::try_from(config).expect("a client");
        let waiting = layer_fn(|inner| Waiting {
            inner,
            resource: self.resource,
            held: self.held.subscribe(),
        });
        builder.with_layer(&waiting).build()
    }

    /// Holds back what is asked from now on.
    pub fn hold(&self) {
        self.held.send_replace(true);
    }

    /// Lets it all go.
    pub fn release(&self) {
        self.held.send_replace(false);
    }
}

struct Waiting<S> {
    inner: S,
    resource: &'static str,
    held: watch::Receiver<bool>,
}

impl<S, B> Service<Request<B>> for Waiting<S>
where
    S: Service<Request<B>>,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let of = request.uri().path().rsplit('/').next();
        let is_late = request.method() == Method::GET && of == Some(self.resource);
        let mut held = self.held.clone();
        // Nothing is sent before it is awaited.
        let answer = self.inner.call(request);
        Box::pin(async move {
            if is_late {
                let _ = held.wait_for(|held| !held).await;
            }
            answer.await
        })
    }
}
