//! The addresses that are listened on: this machine's own, and no others.

use std::net::{Ipv4Addr, SocketAddr};

use anyhow::{Context as _, Result};
use fiml_session_core::Invalid;
use tokio::net::TcpListener;

use crate::failures::Refused;

/// An address that only this machine reaches: whole, of `localhost`, or a port alone. `setting` is what an error
/// blames, and `example` the port that it shows.
pub(crate) fn loopback(setting: &str, text: &str, example: u16) -> Result<SocketAddr> {
    let refused = |problem: String| {
        let limit = format!(
            "an address of this machine alone with a port: 127.0.0.1:{example}, [::1]:{example} or {example}"
        );
        Refused::error(Invalid::malformed(setting, problem, limit).into())
    };
    let port = text.strip_prefix("localhost:").unwrap_or(text);
    let here = port.parse().map(|port| (Ipv4Addr::LOCALHOST, port).into());
    let Ok(address) = here.or_else(|_| text.parse::<SocketAddr>()) else {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_has_several_names_and_no_other_has_one() {
        for (text, address) in [
            ("127.0.0.1:9000", "127.0.0.1:9000"),
            ("[::1]:9000", "[::1]:9000"),
            ("localhost:9000", "127.0.0.1:9000"),
            ("9000", "127.0.0.1:9000"),
        ] {
            let found = loopback("FIML_HTTP", text, 8787).unwrap();
            assert_eq!(found.to_string(), address);
        }
        for text in [
            "nonsense",
            "localhost",
            "65536",
            "0.0.0.0:1",
            "example.com:1",
            "",
        ] {
            let refused = loopback("FIML_METRICS", text, 9464).unwrap_err();
            assert!(
                format!("{refused:#}").contains("FIML_METRICS"),
                "{refused:#}"
            );
        }
    }
}
