//! Makes what a User needs.
use crds::{Extension, Handset, Secret, User, UserSettings};
use futures::future::join_all;
use kube::ResourceExt;

use super::{Children, MANAGER};
use crate::{apply::Created, context::Context, error::Error, looking::look_for, ours::object_ref};

/// Makes what a User needs, all at a time, and removes what is no longer needed. What is refused does not keep the rest
/// from being made; the first error is told.
pub(super) async fn apply(context: &Context, user: &User, children: Children) -> Result<(), Error> {
    let Children {
        extension,
        mended,
        handset,
        settings,
        secrets,
        old_extensions,
        old_handset,
        restored,
        waits: _,
    } = children;
    let (extension, handset, settings, secrets, given_back) = futures::join!(
        create_extension(context, extension),
        create_handset(context, handset),
        create_settings(context, settings),
        join_all(
            secrets
                .into_iter()
                .map(|it| create_secret(context, user, it))
        ),
        context.give_back(user, &restored),
    );
    let mut made = Vec::new();
    let mut failed = given_back.err();
    for result in [extension, handset, settings].into_iter().chain(secrets) {
        match result {
            Ok(name) => made.extend(name),
            Err(error) => failed = failed.or(Some(error)),
        }
    }
    if !made.is_empty() {
        let note = format!("made for this User: {}", made.join(", "));
        context.tell(user, "Created", note).await;
    }
    if let Some(error) = failed {
        return Err(error);
    }
    if let Some(extension) = mended {
        context.apply(MANAGER, &extension).await?;
    }
    for extension in old_extensions {
        context.delete(&*extension).await?;
        let note = format!("the number {} is free again", extension.name_any());
        context.tell(user, "NumberReleased", note).await;
    }
    if let Some(handset) = old_handset {
        context.delete(&*handset).await?;
    }
    Ok(())
}

async fn create_extension(
    context: &Context,
    extension: Option<Extension>,
) -> Result<Option<String>, Error> {
    let Some(extension) = extension else {
        return Ok(None);
    };
    let created = context.create(MANAGER, &extension).await?;
    Ok(named(created, "Extension", &extension.name_any()))
}

async fn create_handset(
    context: &Context,
    handset: Option<Handset>,
) -> Result<Option<String>, Error> {
    let Some(handset) = handset else {
        return Ok(None);
    };
    let created = context.create(MANAGER, &handset).await?;
    Ok(named(created, "Handset", &handset.name_any()))
}

async fn create_settings(
    context: &Context,
    settings: Option<UserSettings>,
) -> Result<Option<String>, Error> {
    let Some(settings) = settings else {
        return Ok(None);
    };
    let created = context.create(MANAGER, &settings).await?;
    Ok(named(created, "UserSettings", &settings.name_any()))
}

async fn create_secret(
    context: &Context,
    user: &User,
    secret: Secret,
) -> Result<Option<String>, Error> {
    let name = secret.name_any();
    let created = context.create(MANAGER, &secret).await?;
    if created == Created::Before {
        look_for(context, &object_ref(user), &name).await?;
    }
    Ok(named(created, "Secret", &name))
}

fn named(created: Created, kind: &str, name: &str) -> Option<String> {
    (created == Created::Now).then(|| format!("{kind} {name}"))
}
