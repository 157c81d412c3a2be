//! The `CustomResourceDefinition`s as YAML files: `crds/manifests/` holds them. And as a page to read.
mod chart;
mod page;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;

use crate::Kind;

pub use chart::{
    CHART, ChartValue, VALUES_PAGE, chart_files, chart_readme, chart_values, values_page,
    values_table,
};

/// Every Kind's definition, in the order in which one meets the Kinds.
pub fn definitions() -> Vec<CustomResourceDefinition> {
    Kind::OURS
        .iter()
        .filter_map(|kind| kind.definition())
        .collect()
}

/// Where the page of [`reference`] lies in the repository.
pub const REFERENCE: &str = "docs/src/reference/resources.md";

/// Every field of every Kind as a page of Markdown: type, default and meaning.
pub fn reference() -> String {
    page::of(&definitions())
}

/// The file name and the text of every definition.
pub fn files() -> Result<Vec<(String, String)>, serde_saphyr::SerializeError> {
    definitions()
        .into_iter()
        .map(|crd| {
            let name = format!("{}.yaml", crd.spec.names.plural);
            Ok((name, serde_saphyr::to_string(&crd)?))
        })
        .collect()
}
