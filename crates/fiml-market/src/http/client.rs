//! The one client behind all providers.

use std::sync::Arc;
use std::time::Duration;

use reqwest::redirect::Policy;
use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};
use thiserror::Error;

use crate::BoxError;

/// How providers are called where they ask for no name of their own.
const USER_AGENT: &str = concat!("fiml/", env!("CARGO_PKG_VERSION"));

/// How long a connection may take; the rest of a provider's time is for its answer.
const CONNECT: Duration = Duration::from_secs(2);

/// The HTTP client that all providers share; a handle, of which clones share its connections.
///
/// - It follows no redirects, takes no compressed bodies and keeps no cookies.
/// - It trusts the certificates that the system trusts.
/// - It takes a proxy only from whoever builds it, never from the environment.
#[derive(Clone, Debug)]
pub struct HttpClient(pub(super) reqwest::Client);

impl HttpClient {
    /// A client; it reads the certificates that the system trusts.
    pub fn new() -> Result<Self, HttpSetupError> {
        let mut roots = RootCertStore::empty();
        // A system without any is told when a provider is asked: no connection to it can be trusted.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| HttpSetupError::Client(error.into()))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .redirect(Policy::none())
            .referer(false)
            .no_proxy()
            .user_agent(USER_AGENT)
            .connect_timeout(CONNECT)
            .build()
            .map_err(|error| HttpSetupError::Client(error.into()))?;
        Ok(Self(client))
    }
}

/// Why a provider cannot be set up.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum HttpSetupError {
    /// The client could not be built.
    #[error("the HTTP client could not be built")]
    Client(#[source] BoxError),
    /// An address that providers are not reached at.
    #[error("`{url}` is no address of a provider: https://HOST, or http:// on this machine alone")]
    Url {
        /// The address, made safe to show.
        url: String,
    },
    /// A text that no header can carry, such as a key with a line break.
    #[error("{what} holds characters that a request cannot carry")]
    Header {
        /// What was given.
        what: &'static str,
    },
}
