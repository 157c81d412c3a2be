//! What a client writes, as it goes to the API server.

use std::sync::{Arc, Mutex};

use http::{Method, Request};
use kube::client::{Body, ClientBuilder};
use kube::{Client, Config};
use tower::util::MapRequestLayer;

/// Every write of the clients that are made from it, in order.
#[derive(Clone, Debug, Default)]
pub struct Writes(Arc<Mutex<Vec<String>>>);

impl Writes {
    /// A client whose writes are noted.
    ///
    /// # Panics
    /// When the configuration is none of a client.
    pub fn client(&self, config: Config) -> Client {
        let written = self.0.clone();
        let note = move |request: Request<Body>| {
            if request.method() != Method::GET {
                let write = format!("{} {}", request.method(), request.uri().path());
                written.lock().expect("a list").push(write);
            }
            request
        };
        let builder = ClientBuilder::try_from(config).expect("a client");
        builder.with_layer(&MapRequestLayer::new(note)).build()
    }

    /// Method and path of each.
    ///
    /// # Panics
    /// When somebody has panicked who noted one.
    pub fn all(&self) -> Vec<String> {
        self.0.lock().expect("a list").clone()
    }
}
