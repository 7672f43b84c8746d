//! The addresses that are listened on: this machine's own, and no others.

use std::net::SocketAddr;

use anyhow::{Context as _, Result};
use fiml_session_core::Invalid;
use tokio::net::TcpListener;

use crate::exit::Refused;

/// An address that only this machine reaches; `setting` is what an error blames.
pub(crate) fn loopback(setting: &str, text: &str) -> Result<SocketAddr> {
    let refused = |problem: String| {
        let limit = "an address of this machine alone with a port: 127.0.0.1:8787 or [::1]:8787";
        Refused::error(Invalid::malformed(setting, problem, limit).into())
    };
    let Ok(address) = text.parse::<SocketAddr>() else {
        return Err(refused(format!("is {text:?}")));
    };
    if address.ip().to_canonical().is_loopback() {
        return Ok(address);
    }
    Err(refused(format!(
        "is {text}, which other machines may reach, and nobody is asked who they are"
    )))
}

/// Listens there.
pub(crate) async fn bind(address: SocketAddr) -> Result<TcpListener> {
    let bound = TcpListener::bind(address).await;
    bound.with_context(|| format!("cannot listen on {address}"))
}
