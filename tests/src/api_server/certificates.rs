//! The files an API server and its administrator prove themselves with.

use std::fs;
use std::path::Path;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
};

pub(super) const AUTHORITY: &str = "ca.crt";
pub(super) const SERVER_CERTIFICATE: &str = "server.crt";
pub(super) const SERVER_KEY: &str = "server.key";
pub(super) const ACCOUNT_KEY: &str = "accounts.key";
pub(super) const ACCOUNT_PUBLIC_KEY: &str = "accounts.pub";
pub(super) const KUBECONFIG: &str = "admin.kubeconfig";

/// Signs for one API server.
pub(super) struct Authority {
    certificate: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    pub(super) fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params
            .distinguished_name
            .push(DnType::CommonName, "authority of a test");
        let key = KeyPair::generate().expect("a key");
        let certificate = params.self_signed(&key).expect("a certificate").pem();
        Self {
            certificate,
            issuer: Issuer::new(params, key),
        }
    }

    /// Writes what the server on `port` needs, and an administrator's kubeconfig for it.
    pub(super) fn write(&self, folder: &Path, port: u16) {
        let write = |name: &str, text: &str| fs::write(folder.join(name), text).expect(name);
        write(AUTHORITY, &self.certificate);
        let (certificate, key) = self.server();
        write(SERVER_CERTIFICATE, &certificate);
        write(SERVER_KEY, &key);
        let accounts = KeyPair::generate().expect("a key");
        write(ACCOUNT_KEY, &accounts.serialize_pem());
        write(ACCOUNT_PUBLIC_KEY, &accounts.public_key_pem());
        let (certificate, key) = self.administrator();
        write("admin.crt", &certificate);
        write("admin.key", &key);
        write(KUBECONFIG, &kubeconfig(port));
    }

    fn server(&self) -> (String, String) {
        let names = ["127.0.0.1", "localhost", "kubernetes.default.svc"];
        let names = names.map(str::to_owned).to_vec();
        let params = CertificateParams::new(names).expect("names");
        self.sign(params, ExtendedKeyUsagePurpose::ServerAuth)
    }

    fn administrator(&self) -> (String, String) {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "admin");
        params
            .distinguished_name
            .push(DnType::OrganizationName, "system:masters");
        self.sign(params, ExtendedKeyUsagePurpose::ClientAuth)
    }

    fn sign(
        &self,
        mut params: CertificateParams,
        purpose: ExtendedKeyUsagePurpose,
    ) -> (String, String) {
        params.extended_key_usages.push(purpose);
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate");
        (certificate.pem(), key.serialize_pem())
    }
}

fn kubeconfig(port: u16) -> String {
    format!(
        "\
apiVersion: v1
kind: Config
clusters: [{{name: test, cluster: {{server: \"https://127.0.0.1:{port}\", certificate-authority: {AUTHORITY}}}}}]
users: [{{name: admin, user: {{client-certificate: admin.crt, client-key: admin.key}}}}]
contexts: [{{name: test, context: {{cluster: test, user: admin}}}}]
current-context: test
"
    )
}
