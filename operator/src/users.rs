//! The controller of Users: what a User needs is made for him, and he is told what becomes of him.
mod apply;
mod build;
mod dereference;
mod status;

use std::sync::Arc;

use crds::User;
use kube::ResourceExt;

pub(crate) use self::build::{owned_by, secret};
use self::{
    build::{Children, build},
    dereference::Found,
};
use crate::{
    context::Context,
    controller::{Action, later, settled},
    deletion,
    error::Error,
    looking::look,
    ours::object_ref,
};

/// Who applies what this controller makes.
pub const MANAGER: &str = "switchboard-operator-users";

/// Brings what belongs to this User into the state it should be in.
pub async fn reconcile(user: Arc<User>, context: Arc<Context>) -> Result<Action, Error> {
    if user.metadata.deletion_timestamp.is_some() {
        return deletion::user(&context, &user).await;
    }
    let references = dereference::references(&user);
    let missing = look(&context, &object_ref(&*user), &references).await?;
    let found = Found::of(&user, &context);
    let children = build(&user, &found)?;
    let waits = children.waits;
    if let Err(error) = apply::apply(&context, &user, children).await {
        status::refused(&context, &user, &found, &error).await?;
        return Err(error);
    }
    status::status(&context, &user, &found).await?;
    if let Some(held) = deletion::holds_users(&context) {
        deletion::hold(&context, &*user, held).await?;
    }
    tracing::debug!(user = user.name_any(), "reconciled");
    Ok(if missing || waits { later() } else { settled() })
}
