//! Encrypted connections.

#![expect(
    clippy::unwrap_used,
    reason = "fixtures fail the test that asks for them"
)]

mod common;

use std::{fs, net::TcpListener, path::Path, process::Command};

use common::{append, config, connect};
use fiml_store_redis::{ConnectError, RedisConfig, RedisStore};
use fiml_testkit::{
    fixtures::{id, insert, live, session},
    servers::{RedisServer, unique},
};

/// A certificate that vouches for itself and for this machine, with its key.
fn certify(folder: &Path) {
    let made = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
        ])
        .args([
            "-keyout",
            "key.pem",
            "-out",
            "certificate.pem",
            "-days",
            "36500",
        ])
        .args([
            "-subj",
            "/CN=localhost",
            "-addext",
            "subjectAltName=DNS:localhost,IP:127.0.0.1",
        ])
        .args(["-addext", "basicConstraints=critical,CA:FALSE"])
        .current_dir(folder)
        .output()
        .expect("openssl is installed: run `just setup`");
    assert!(made.status.success(), "{made:?}");
    // The server may run under another account.
    Command::new("chmod")
        .args(["-R", "a+rX"])
        .arg(folder)
        .status()
        .unwrap();
}

#[tokio::test]
async fn a_server_whose_certificate_is_trusted_is_used_and_any_other_refused() {
    let folder = std::env::temp_dir().join(unique("fiml_tls"));
    fs::create_dir(&folder).unwrap();
    certify(&folder);
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let [certificate, key] = ["certificate.pem", "key.pem"].map(|name| folder.join(name));
    let server = RedisServer::start_with(&[
        ("tls-port", &port.to_string()),
        ("tls-cert-file", certificate.to_str().unwrap()),
        ("tls-key-file", key.to_str().unwrap()),
        ("tls-ca-cert-file", certificate.to_str().unwrap()),
        ("tls-auth-clients", "no"),
    ]);
    let url = format!("rediss://127.0.0.1:{port}");
    let untrusted = RedisStore::connect(config(url.clone())).await.unwrap_err();
    let trusting = RedisConfig {
        root_certificates: Some(fs::read(&certificate).unwrap()),
        ..config(url)
    };
    let store = connect(&trusting).await;
    fs::remove_dir_all(&folder).unwrap();
    assert!(
        matches!(
            untrusted,
            ConnectError::Unreachable { .. } | ConnectError::Failed { .. }
        ),
        "{untrusted:?}"
    );
    insert(&store, &session(1)).await;
    assert!(append(&store, id(1)).await.unwrap().is_some());
    assert_eq!(live(&store, id(1)).await.version, 2);
    drop(server);
}
