//! Writes what is generated from the Kinds: `cargo run -p switchboard-crds --bin crdgen`.
use std::{error::Error, fs, path::Path};

fn main() -> Result<(), Box<dyn Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = root.join("manifests");
    fs::create_dir_all(&folder)?;
    for (name, text) in crds::manifests::files()? {
        fs::write(folder.join(name), text)?;
    }
    let page = root.join("..").join(crds::manifests::REFERENCE);
    fs::write(page, crds::manifests::reference())?;
    Ok(())
}
