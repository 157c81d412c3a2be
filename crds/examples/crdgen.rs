//! Writes `crds/manifests/*.yaml`: `cargo run -p switchboard-crds --example crdgen`.
use std::{error::Error, fs, path::Path};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("manifests");
    fs::create_dir_all(&folder)?;
    for (name, text) in crds::manifests::files()? {
        fs::write(folder.join(name), text)?;
    }
    Ok(())
}
