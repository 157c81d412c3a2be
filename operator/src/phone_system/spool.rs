//! The volume of the spool: its claim is made once, and grows where its storage class allows that.
use crds::conditions::{ConditionType, Reason};
use k8s_openapi::{
    api::core::v1::{PersistentVolumeClaim, PersistentVolumeClaimSpec, VolumeResourceRequirements},
    apimachinery::pkg::{api::resource::Quantity, apis::meta::v1::ObjectMeta},
};
use kube::ResourceExt;

use super::MANAGER;
use crate::{conditions::Finding, context::Context, error::Error, quantity::bytes};

/// Makes the claim, or asks for more room. A class that gives none is told in the status and keeps nothing else back.
pub(super) async fn apply(
    context: &Context,
    wanted: Option<&PersistentVolumeClaim>,
) -> Result<(), Error> {
    let Some(wanted) = wanted else {
        return Ok(());
    };
    let name = wanted.name_any();
    let Some(stored) = context.caches.made.claims.get(&name) else {
        return context.create(MANAGER, wanted).await.map(drop);
    };
    let (Some(asked), Some(has)) = (requested(wanted), requested(&stored)) else {
        return Ok(());
    };
    if bytes(asked) <= bytes(has) {
        return Ok(());
    }
    match context.apply(MANAGER, &of_size(&name, asked)).await {
        Err(error) if error.is_refusal() => {
            tracing::debug!(claim = name, "it does not grow: {error}");
            Ok(())
        }
        applied => applied,
    }
}

/// `SpoolSized`; none as long as there is no claim.
pub(super) fn finding(
    wanted: Option<&PersistentVolumeClaim>,
    stored: Option<&PersistentVolumeClaim>,
) -> Option<Finding> {
    let (wanted, stored) = (wanted?, stored?);
    let name = stored.name_any();
    let (asked, has) = (requested(wanted)?, requested(stored)?);
    let no = |reason, message| Some(Finding::no(ConditionType::SpoolSized, reason, message));
    let fixed = |message: String| no(Reason::SizeFixed, message);
    let class_of = |claim: &PersistentVolumeClaim| claim.spec.as_ref()?.storage_class_name.clone();
    if let (Some(asked), Some(has)) = (class_of(wanted), class_of(stored))
        && asked != has
    {
        return fixed(format!(
            "the claim {name} keeps its storage class {has}; write spec.workers.spool.storageClassName: {has}"
        ));
    }
    if bytes(asked) < bytes(has) {
        return fixed(format!(
            "the claim {name} has {0} and cannot be made smaller; write spec.workers.spool.size: {0}",
            has.0
        ));
    }
    if bytes(asked) > bytes(has) {
        return fixed(format!(
            "the claim {name} has {0} and was not let grow to {1}: give its storage class allowVolumeExpansion: true, or write spec.workers.spool.size: {0}",
            has.0, asked.0
        ));
    }
    let capacity = stored
        .status
        .as_ref()
        .and_then(|it| it.capacity.as_ref()?.get(STORAGE));
    if let Some(capacity) = capacity.filter(|it| bytes(it) < bytes(asked)) {
        return no(
            Reason::Growing,
            format!(
                "the volume of the claim {name} grows from {} to {}; some storage does so only when the worker is started anew",
                capacity.0, asked.0
            ),
        );
    }
    let message = "the spool's volume has the size that is asked for";
    Some(Finding::yes(
        ConditionType::SpoolSized,
        Reason::SizeAsAsked,
        message,
    ))
}

/// The claim with its size, and nothing else that could not be changed anyway.
fn of_size(name: &str, size: &Quantity) -> PersistentVolumeClaim {
    PersistentVolumeClaim {
        metadata: ObjectMeta {
            name: Some(name.to_owned()),
            ..ObjectMeta::default()
        },
        spec: Some(PersistentVolumeClaimSpec {
            resources: Some(VolumeResourceRequirements {
                requests: Some([(STORAGE.to_owned(), size.clone())].into()),
                ..VolumeResourceRequirements::default()
            }),
            ..PersistentVolumeClaimSpec::default()
        }),
        ..PersistentVolumeClaim::default()
    }
}

fn requested(claim: &PersistentVolumeClaim) -> Option<&Quantity> {
    let resources = claim.spec.as_ref()?.resources.as_ref()?;
    resources.requests.as_ref()?.get(STORAGE)
}

const STORAGE: &str = "storage";
