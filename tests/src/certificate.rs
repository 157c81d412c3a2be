//! A TLS certificate of one's own, in files that a worker reads.

use std::path::{Path, PathBuf};

use rcgen::{CertifiedKey, generate_simple_self_signed};

/// The files of a certificate for 127.0.0.1 and its key.
#[derive(Clone, Debug)]
pub struct CertificateFiles {
    /// The certificate (PEM).
    pub certificate: PathBuf,
    /// Its key (PEM).
    pub key: PathBuf,
}

impl CertificateFiles {
    /// Files in `folder`, with a certificate that is made now.
    pub fn make(folder: &Path) -> Self {
        let files = Self {
            certificate: folder.join("tls.crt"),
            key: folder.join("tls.key"),
        };
        files.renew();
        files
    }

    /// Writes another certificate, its key first; in DER as a far side is shown it.
    pub fn renew(&self) -> Vec<u8> {
        let names = vec!["127.0.0.1".to_owned()];
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed(names).expect("a certificate");
        std::fs::write(&self.key, signing_key.serialize_pem()).expect("a key");
        std::fs::write(&self.certificate, cert.pem()).expect("a certificate");
        cert.der().to_vec()
    }

    /// Writes something that is none.
    pub fn spoil(&self) {
        std::fs::write(&self.certificate, "no certificate\n").expect("a file");
    }
}
