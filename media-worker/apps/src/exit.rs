//! How a caller leaves an application.

use std::sync::Arc;

use crds::directory::TakenTo;

/// How a caller leaves an application: what his call is to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Exit {
    /// He has hung up.
    HungUp,
    /// He has heard everything, goodbye included: the call is to be hung up.
    Finished,
    /// He is to be connected with this number: an extension of the directory as he was, or the
    /// number of the operator. It is to be treated as if he had dialled it.
    Transfer(Arc<str>),
    /// He is to be taken there, as whoever set up the menu has said.
    TakenTo(TakenTo),
}
