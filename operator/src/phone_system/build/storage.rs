//! The volume that holds recordings until they are uploaded.
use k8s_openapi::{
    api::core::v1::{PersistentVolumeClaim, PersistentVolumeClaimSpec, VolumeResourceRequirements},
    apimachinery::pkg::{api::resource::Quantity, apis::meta::v1::ObjectMeta},
};

use super::Source;
use crate::names;

/// The claim of a slot; none if the spool is ephemeral.
pub(super) fn claim(source: Source<'_>, slot: u32) -> Option<PersistentVolumeClaim> {
    let spool = &source.system.spec.workers.spool;
    if spool.ephemeral.is_some() {
        return None;
    }
    let size = spool
        .size
        .clone()
        .unwrap_or_else(|| Quantity(SIZE.to_owned()));
    let metadata = ObjectMeta {
        // It outlives the system, since it may hold messages: without object storage, all of them.
        owner_references: None,
        ..source.of_slot(&names::spool(&source.name(), slot), slot)
    };
    Some(PersistentVolumeClaim {
        metadata,
        spec: Some(PersistentVolumeClaimSpec {
            access_modes: Some(vec!["ReadWriteOnce".to_owned()]),
            resources: Some(VolumeResourceRequirements {
                requests: Some([("storage".to_owned(), size)].into()),
                ..VolumeResourceRequirements::default()
            }),
            storage_class_name: spool.storage_class_name.clone(),
            ..PersistentVolumeClaimSpec::default()
        }),
        ..PersistentVolumeClaim::default()
    })
}

const SIZE: &str = "5Gi";
