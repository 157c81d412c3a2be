//! The controller of Trunks: whether one is in force, and has its password. Whether its far side knows us, the worker that holds it tells.
use std::sync::Arc;

use crds::Trunk;
use kube::ResourceExt;
use serde_json::Map;

use crate::{
    context::Context,
    controller::{Action, later, settled},
    error::Error,
    looking::look,
    ours::object_ref,
    plain::MANAGER,
    readiness::{Credential, Judged, Part, SECRETS, ready},
    references,
    status::{conclude, lacking, problems},
};

/// Tells the Trunk whether it is in force.
pub async fn reconcile(trunk: Arc<Trunk>, context: Arc<Context>) -> Result<Action, Error> {
    if trunk.metadata.deletion_timestamp.is_some() {
        return Ok(settled());
    }
    let reference = references::of_trunk(&trunk);
    let missing = look(&context, &object_ref(&*trunk), reference.as_slice()).await?;
    status(&context, &trunk).await?;
    Ok(if missing { later() } else { settled() })
}

async fn status(context: &Context, trunk: &Arc<Trunk>) -> Result<(), Error> {
    let Some(problems) = problems(context, &**trunk) else {
        return Ok(());
    };
    let name = trunk.name_any();
    let account = trunk.spec.account.as_ref();
    let password: Vec<_> = account
        .map(|_| Credential::Trunk(&name))
        .into_iter()
        .collect();
    let found = context.queues.trunks.judge(&name, |doubted| {
        let problems = &problems;
        // Without its password it stays out of the directory, however often it is loaded.
        if problems.iter().any(|it| SECRETS.contains(&it.reason)) {
            lacking(problems, SECRETS, "its password is missing").into()
        } else {
            let judged = Judged { problems, doubted };
            ready(context, &**trunk, judged, &[Part::of(&**trunk)], &password)
        }
    });
    conclude(context, MANAGER, trunk, &problems, vec![found], Map::new()).await
}
