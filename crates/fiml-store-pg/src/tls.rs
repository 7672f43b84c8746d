//! Encryption, with as much trust as the address asks for.

use std::{path::Path, sync::Arc};

use fiml_session_core::store::BoxError;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject},
};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::{
    error::ConnectError,
    trust::{Authorities, Trust},
};

/// What makes an encrypted connection; it reads the authorities from disk.
pub(crate) fn encryption(trust: &Trust) -> Result<MakeRustlsConnect, ConnectError> {
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(unusable)?;
    let config = match trust {
        Trust::Anybody => builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Anybody(provider)))
            .with_no_client_auth(),
        Trust::SignedBy(file) => {
            let roots = Arc::new(roots_in(file)?);
            let signed = WebPkiServerVerifier::builder_with_provider(roots, provider)
                .build()
                .map_err(unusable)?;
            builder
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(WhateverName(signed)))
                .with_no_client_auth()
        }
        Trust::Named(authorities) => builder
            .with_root_certificates(roots(authorities)?)
            .with_no_client_auth(),
    };
    Ok(MakeRustlsConnect::new(config))
}

fn unusable(source: impl Into<BoxError>) -> ConnectError {
    ConnectError::Encryption {
        source: source.into(),
    }
}

fn roots(authorities: &Authorities) -> Result<RootCertStore, ConnectError> {
    let mut roots = RootCertStore::empty();
    match authorities {
        Authorities::System => {
            // Some systems hold certificates that nobody can read; the others are enough.
            let (taken, _) =
                roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            if taken == 0 {
                return Err(ConnectError::NoAuthorities);
            }
        }
        Authorities::File(path) => return roots_in(path),
    }
    Ok(roots)
}

fn roots_in(path: &Path) -> Result<RootCertStore, ConnectError> {
    let refused = |source: BoxError| ConnectError::Authorities {
        path: path.to_owned(),
        source,
    };
    let mut roots = RootCertStore::empty();
    let certificates = CertificateDer::pem_file_iter(path).map_err(|e| refused(e.into()))?;
    for certificate in certificates {
        let certificate = certificate.map_err(|e| refused(e.into()))?;
        roots.add(certificate).map_err(|e| refused(e.into()))?;
    }
    if roots.is_empty() {
        return Err(refused("it holds no certificate".into()));
    }
    Ok(roots)
}

/// Takes every certificate, as `sslmode=require` without authorities does; the handshake must be signed
/// with it all the same.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(
            message,
            cert,
            dss,
            &self.0.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(
            message,
            cert,
            dss,
            &self.0.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

/// Checks who signed a certificate and not its name, as `sslmode=verify-ca` does.
#[derive(Debug)]
struct WhateverName(Arc<WebPkiServerVerifier>);

impl ServerCertVerifier for WhateverName {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verified =
            self.0
                .verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        match verified {
            // The name is looked at last, once everything else was found to be in order.
            Err(Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => Ok(ServerCertVerified::assertion()),
            verified => verified,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}
