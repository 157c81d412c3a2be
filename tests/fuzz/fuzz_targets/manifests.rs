//! Manifests: no panic, and every complaint names the file and says what to do.
#![no_main]

use std::path::PathBuf;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use media_worker::source::check;

/// One folder for each process that fuzzes.
static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = std::env::temp_dir().join(format!("switchboard-fuzz-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder for the manifest");
    folder
});

fuzz_target!(|octets: &[u8]| {
    std::fs::write(FOLDER.join("manifest.yaml"), octets).expect("the manifest is written");
    for complaint in check(&FOLDER) {
        assert!(!complaint.to_string().is_empty());
    }
});
