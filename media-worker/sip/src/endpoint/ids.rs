//! Names of what an endpoint holds: never given twice.

/// A client transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClientTx(pub(crate) u64);

/// A server transaction: what the application answers with [`crate::Endpoint::respond`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ServerTx(pub(crate) u64);

/// A session: one call leg, from its INVITE to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionId(pub(crate) u64);

impl SessionId {
    /// The number, for logs.
    pub fn number(self) -> u64 {
        self.0
    }
}
