//! Writes what is generated from the Kinds and from the chart's values: `cargo run -p switchboard-crds --bin crdgen`.
use std::{error::Error, fs, path::Path};

use crds::manifests;

fn main() -> Result<(), Box<dyn Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let chart = root.join(manifests::CHART);
    write_all(&root.join("crds/manifests"), manifests::files()?)?;
    write_all(&chart.join("files/crds"), manifests::chart_files()?)?;
    fs::write(root.join(manifests::REFERENCE), manifests::reference())?;

    let values = fs::read_to_string(chart.join("values.yaml"))?;
    fs::write(
        root.join(manifests::VALUES_PAGE),
        manifests::values_page(&values),
    )?;
    let readme = chart.join("README.md");
    let renewed = manifests::chart_readme(&fs::read_to_string(&readme)?, &values)
        .ok_or("the chart's README has no marks for the table of values")?;
    fs::write(readme, renewed)?;
    Ok(())
}

fn write_all(folder: &Path, files: Vec<(String, String)>) -> Result<(), Box<dyn Error>> {
    fs::create_dir_all(folder)?;
    for (name, text) in files {
        fs::write(folder.join(name), text)?;
    }
    Ok(())
}
