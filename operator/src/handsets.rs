//! The controller of Handsets: each has a SIP password, given or generated.
use std::sync::Arc;

use crds::{
    Handset,
    secrets::{Use, sip_entry},
};
use kube::ResourceExt;
use serde_json::Map;

use crate::{
    apply::Created,
    context::Context,
    controller::{Action, later, settled},
    error::Error,
    looking::{look, look_for},
    ours::object_ref,
    random,
    readiness::{Credential, Judged, Part, SECRETS, ready},
    references,
    restored::Restored,
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
    let reference = [references::of_handset(&handset)];
    let missing = look(&context, &object_ref(&*handset), &reference).await?;
    if let Err(error) = password(&context, &handset).await {
        refused(&context, MANAGER, &handset, &error, Map::new()).await?;
        return Err(error);
    }
    status(&context, &handset).await?;
    Ok(if missing { later() } else { settled() })
}

/// Whether a password must be generated for it.
pub fn lacks_password(context: &Context, handset: &Handset) -> bool {
    let entry = sip_entry(&handset.name_any(), None);
    handset.spec.password_secret_ref.is_none()
        && context.caches.secrets.get(&entry.name).is_none()
        && !context.unlabelled().contains(&entry.name)
}

/// Generates the password, unless the manifest gives one or a Secret of the name exists. One that was restored from a
/// backup becomes the Handset's again.
async fn password(context: &Context, handset: &Handset) -> Result<(), Error> {
    let entry = sip_entry(&handset.name_any(), None);
    let stored = context.caches.secrets.get(&entry.name);
    let restored = stored.and_then(|it| Restored::of(&*it, &object_ref(handset)));
    context.give_back(handset, restored.as_slice()).await?;
    if !lacks_password(context, handset) {
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
        let mut found = ready(context, &**handset, judged, &parts, &password);
        if found.finding.reason == crds::conditions::Reason::Loading {
            found.finding = lacking(problems, SECRETS, &found.finding.message);
        }
        found
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
