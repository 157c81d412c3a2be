//! Looks whether Secrets that are referred to exist without our label, since only labelled ones are watched.
use crds::{ObjectRef, Secret, secrets::USE_LABEL};
use kube::ResourceExt;

use crate::{context::Context, error::Error, references::Reference};

/// Looks for the Secrets of these references that the cache lacks. True if one is missing, so that it is to be looked
/// for again after a while. Only metadata are read.
pub async fn look(
    context: &Context,
    object: &ObjectRef,
    references: &[Reference],
) -> Result<bool, Error> {
    let known = context.unlabelled();
    let mut missing = false;
    for Reference {
        secret, generated, ..
    } in references
    {
        if context.caches.secrets.get(secret).is_some() {
            continue;
        }
        if *generated && !known.contains(secret) {
            continue;
        }
        missing = true;
        look_for(context, object, secret).await?;
    }
    Ok(missing)
}

/// Looks for one Secret, and has the object judged anew if that brings news.
pub async fn look_for(context: &Context, object: &ObjectRef, secret: &str) -> Result<(), Error> {
    let api = context.api::<Secret>();
    let found = api
        .get_metadata_opt(secret)
        .await
        .map_err(|error| Error::Api {
            doing: format!("look for Secret {secret}"),
            error: Box::new(error),
        })?;
    let unlabelled = found.is_some_and(|found| !found.labels().contains_key(USE_LABEL));
    if context.note_unlabelled(secret, unlabelled) {
        context.triggers.compile_for([object.clone()]);
    }
    Ok(())
}
