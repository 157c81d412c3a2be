//! The controller of Handsets: each has a SIP password, given or generated.
use std::sync::Arc;

use crds::{
    Handset, Objects,
    secrets::{Use, sip_entry},
};
use kube::{ResourceExt, runtime::controller::Action};
use serde_json::Map;

use crate::{
    apply::Created,
    context::Context,
    controller::{later, settled},
    error::Error,
    looking::{look, look_for},
    ours::object_ref,
    random,
    readiness::{Credential, Judged, Part, SECRETS, ready},
    references,
    status::{conclude, lacking, problems, refused},
    users::{owned_by, secret},
};

/// Who applies what this controller makes.
pub const MANAGER: &str = "switchboard-operator-handsets";

/// Gives the Handset its password and tells what becomes of it.
pub async fn reconcile(handset: Arc<Handset>, context: Arc<Context>) -> Result<Action, Error> {
    if handset.metadata.deletion_timestamp.is_some() {
        return Ok(settled());
    }
    let references = references::references(&Objects {
        handsets: vec![Handset::clone(&handset)],
        ..Objects::default()
    });
    let missing = look(&context, &object_ref(&*handset), &references).await?;
    if let Err(error) = password(&context, &handset).await {
        refused(&context, MANAGER, &handset, &error, Map::new()).await?;
        return Err(error);
    }
    status(&context, &handset).await?;
    Ok(if missing { later() } else { settled() })
}

/// Generates the password, unless the manifest gives one or a Secret of the name exists.
async fn password(context: &Context, handset: &Handset) -> Result<(), Error> {
    let entry = sip_entry(&handset.name_any(), None);
    let exists = context.caches.secrets.get(&entry.name).is_some();
    if handset.spec.password_secret_ref.is_some()
        || exists
        || context.unlabelled().contains(&entry.name)
    {
        return Ok(());
    }
    let metadata = owned_by(handset, &entry.name);
    let secret = secret(metadata, &entry.key, random::password()?, Use::Sip);
    if context.create(MANAGER, &secret).await? == Created::Before {
        look_for(context, &object_ref(handset), &entry.name).await?;
    }
    Ok(())
}

async fn status(context: &Context, handset: &Arc<Handset>) -> Result<(), Error> {
    let Some(problems) = problems(context, &**handset) else {
        return Ok(());
    };
    let name = handset.name_any();
    let parts = [Part::of(&**handset)];
    let found = context.queues.handsets.judge(&name, |doubted| {
        let problems = &problems;
        let judged = Judged { problems, doubted };
        let password = [Credential::Handset(&name)];
        let found = ready(context, &**handset, judged, &parts, &password);
        if found.reason == crds::conditions::Reason::Loading {
            lacking(problems, SECRETS, &found.message)
        } else {
            found
        }
    });
    conclude(
        context,
        MANAGER,
        handset,
        &problems,
        vec![found],
        Map::new(),
    )
    .await
}
