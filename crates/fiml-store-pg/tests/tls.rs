//! Encrypted connections, and servers that cannot prove who they are.

#![expect(
    clippy::unwrap_used,
    reason = "fixtures fail the test that asks for them"
)]

mod common;

use std::path::{Path, PathBuf};

use common::{archive, staged};
use fiml_session_core::store::StoreHealth;
use fiml_store_pg::{ConnectError, PgConfig, PgStore};
use fiml_testkit::servers::{PostgresServer, unique};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tempfile::TempDir;

/// A private authority, its certificate in a file.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    file: PathBuf,
}

impl Authority {
    fn new(folder: &TempDir, name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let file = folder.path().join(name);
        std::fs::write(&file, params.self_signed(&key).unwrap().pem()).unwrap();
        let issuer = Issuer::new(params, key);
        Self { issuer, file }
    }

    /// A server with a certificate of this authority, in the name of 127.0.0.1 only.
    fn server(&self) -> PostgresServer {
        let server = PostgresServer::start_with(&[("fsync", "off")]);
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        // By the server itself, in its own folder, so that the key belongs to it.
        for (file, pem) in [
            ("server.crt", certificate.pem()),
            ("server.key", key.serialize_pem()),
        ] {
            server.execute(&format!(
                "COPY (SELECT unnest(string_to_array('{}', E'\\n'))) \
                 TO PROGRAM 'umask 077; cat > {file}'",
                pem.trim()
            ));
        }
        server.execute("ALTER SYSTEM SET ssl = on");
        server.restart();
        server
    }
}

async fn connect(server: &PostgresServer, query: &str) -> Result<PgStore, ConnectError> {
    let mut config = PgConfig::new(format!("{}?{query}", server.url()));
    config.schema = Some(unique("tls"));
    PgStore::connect(config).await
}

fn trusting(mode: &str, file: &Path) -> String {
    format!("sslmode={mode}&sslrootcert={}", file.display())
}

async fn assert_encrypted(server: &PostgresServer, store: &PgStore, encrypted: bool) {
    archive(store, &staged(1, 1)).await;
    let seen = "SELECT bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) \
        WHERE application_name = 'fiml'";
    assert_eq!(server.execute(seen), if encrypted { "t" } else { "f" });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_of_a_private_authority_is_taken_by_those_who_trust_it() {
    let folder = tempfile::tempdir().unwrap();
    let ours = Authority::new(&folder, "ours.pem");
    let server = ours.server();
    for query in [
        String::new(),
        "sslmode=prefer".to_owned(),
        "sslmode=require".to_owned(),
        trusting("require", &ours.file),
        trusting("verify-ca", &ours.file),
        trusting("verify-full", &ours.file),
    ] {
        let store = connect(&server, &query).await.unwrap();
        assert_encrypted(&server, &store, true).await;
    }
    let store = connect(&server, "sslmode=disable").await.unwrap();
    assert_encrypted(&server, &store, false).await;
    store.health().await.unwrap();
}

#[tokio::test]
async fn a_server_that_cannot_prove_who_it_is_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (ours, other) = (
        Authority::new(&folder, "ours.pem"),
        Authority::new(&folder, "other.pem"),
    );
    let server = ours.server();
    let refused = async |query: String| {
        let error = connect(&server, &query).await.unwrap_err();
        assert!(
            matches!(error, ConnectError::Unreachable { .. }),
            "{query}: {error:?}"
        );
        format!("{error:?}")
    };
    for mode in ["require", "verify-ca", "verify-full"] {
        let said = refused(trusting(mode, &other.file)).await;
        assert!(
            said.contains("UnknownIssuer") || said.contains("BadSignature"),
            "{said}"
        );
    }
    refused("sslmode=verify-full".to_owned()).await;
    let by_name = server.url().replace("127.0.0.1", "localhost");
    let mut config = PgConfig::new(format!("{by_name}?{}", trusting("verify-full", &ours.file)));
    let error = PgStore::connect(config.clone()).await.unwrap_err();
    assert!(
        format!("{error:?}").contains("NotValidForName"),
        "{error:?}"
    );
    config.url = format!("{by_name}?{}", trusting("verify-ca", &ours.file));
    PgStore::connect(config).await.unwrap();
}

#[tokio::test]
async fn a_server_that_does_not_encrypt_is_taken_only_by_those_who_do_not_mind() {
    let server = PostgresServer::start_with(&[("fsync", "off")]);
    let store = connect(&server, "sslmode=prefer").await.unwrap();
    assert_encrypted(&server, &store, false).await;
    let folder = tempfile::tempdir().unwrap();
    let ours = Authority::new(&folder, "ours.pem");
    for query in [
        "sslmode=require".to_owned(),
        "sslmode=verify-full".to_owned(),
        trusting("verify-ca", &ours.file),
    ] {
        let error = connect(&server, &query).await.unwrap_err();
        assert!(
            matches!(
                error,
                ConnectError::Unreachable { .. } | ConnectError::NoAuthorities
            ),
            "{error:?}"
        );
    }
}

#[tokio::test]
async fn a_file_that_holds_no_authority_is_named() {
    let server = PostgresServer::start_with(&[("fsync", "off")]);
    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().join("empty.pem");
    std::fs::write(&empty, "nothing").unwrap();
    for file in [empty, folder.path().join("missing.pem")] {
        let error = connect(&server, &trusting("verify-full", &file))
            .await
            .unwrap_err();
        assert!(
            matches!(error, ConnectError::Authorities { .. }),
            "{error:?}"
        );
        assert!(
            error.to_string().contains(file.to_str().unwrap()),
            "{error}"
        );
    }
}
