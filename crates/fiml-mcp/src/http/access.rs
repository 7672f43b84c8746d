//! Who may call from a browser: the hosts that requests may be addressed to, and the pages they may come
//! from.

use std::{net::IpAddr, sync::Arc};

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderName, StatusCode, header, uri::Authority},
    middleware::Next,
    response::{IntoResponse as _, Response},
};

use super::{config::HttpConfig, refusal::Refusal};
use crate::message::Rejection;

#[derive(Debug)]
pub(super) struct Access {
    hosts: Vec<String>,
    origins: Vec<String>,
    /// Whether a host may be any address: the rebinding of a name needs a name.
    addresses: bool,
}

impl Access {
    pub(super) fn new(config: &HttpConfig) -> Arc<Self> {
        Self::with(config, false)
    }

    /// For probes, which go by the address of the machine.
    pub(super) fn for_probes(config: &HttpConfig) -> Arc<Self> {
        Self::with(config, true)
    }

    fn with(config: &HttpConfig, addresses: bool) -> Arc<Self> {
        Arc::new(Self {
            hosts: config.allowed_hosts.clone(),
            origins: config.allowed_origins.clone(),
            addresses,
        })
    }

    /// What is wrong with where a request goes and comes from.
    fn complaint(&self, request: &Request) -> Option<String> {
        let Ok(host) = only(request.headers(), &header::HOST) else {
            return Some("the Host header must stand there once, as text".to_owned());
        };
        let host = host.or_else(|| request.uri().authority().map(Authority::as_str));
        if !self.hosts.is_empty() && !host.is_some_and(|host| self.is_own(host)) {
            let own = self.hosts.join(", ");
            return Some(format!(
                "the Host header names a host that this server is not: it is called by {own}"
            ));
        }
        let Ok(origin) = only(request.headers(), &header::ORIGIN) else {
            return Some("the Origin header must stand there once, as text".to_owned());
        };
        if origin.is_some_and(|origin| !self.origins.iter().any(|known| covers(known, origin))) {
            let pages = match &*self.origins {
                [] => "no page may".to_owned(),
                pages => format!("pages of {} may", pages.join(", ")),
            };
            return Some(format!(
                "the Origin header names a page that may not call: {pages}, and callers that are no browsers \
                 send no Origin"
            ));
        }
        None
    }

    fn is_own(&self, host: &str) -> bool {
        let Ok(authority) = host.parse::<Authority>() else {
            return false;
        };
        let name = authority.host();
        // An authority may name a user, and its port may be any text; neither is so of a Host header.
        if host != name
            && authority
                .port_u16()
                .is_none_or(|port| host != format!("{name}:{port}"))
        {
            return false;
        }
        let bare = name.trim_matches(['[', ']']);
        if self.addresses && bare.parse::<IpAddr>().is_ok() {
            return true;
        }
        self.hosts.iter().any(|own| {
            [host, name, bare]
                .iter()
                .any(|host| own.eq_ignore_ascii_case(host))
        })
    }
}

/// Refuses what comes from elsewhere, before anything of its body is read.
pub(super) async fn check(
    State(access): State<Arc<Access>>,
    request: Request,
    next: Next,
) -> Response {
    match access.complaint(&request) {
        None => next.run(request).await,
        Some(complaint) => {
            tracing::debug!(complaint, "a request was turned away");
            let rejection = Rejection::invalid(complaint);
            Refusal::closing(StatusCode::FORBIDDEN, rejection).into_response()
        }
    }
}

/// The value of a header that may stand there once.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, ()> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => value.to_str().map(Some).map_err(drop),
        (Some(_), Some(_)) => Err(()),
    }
}

/// Whether an allowed origin is the one that a browser names.
fn covers(allowed: &str, origin: &str) -> bool {
    let Some(page) = allowed.strip_suffix(":*") else {
        return allowed.eq_ignore_ascii_case(origin);
    };
    let Some((start, rest)) = origin.split_at_checked(page.len()) else {
        return false;
    };
    let any_port = match rest.strip_prefix(':') {
        Some(port) => port.parse::<u16>().is_ok(),
        None => rest.is_empty(),
    };
    start.eq_ignore_ascii_case(page) && any_port
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(host: &str, origin: Option<&str>) -> Request {
        let mut request = Request::new(axum::body::Body::empty());
        let headers = request.headers_mut();
        headers.insert(header::HOST, host.parse().unwrap());
        if let Some(origin) = origin {
            headers.insert(header::ORIGIN, origin.parse().unwrap());
        }
        request
    }

    #[test]
    fn who_is_turned_away_is_told_who_would_not_be() {
        let access = Access::new(&HttpConfig::default());
        for (host, origin, told) in [
            ("evil.com", None, "called by localhost, 127.0.0.1, [::1]"),
            ("localhost", Some("http://evil.com"), "http://localhost:*"),
        ] {
            let complaint = access.complaint(&request(host, origin)).unwrap();
            assert!(complaint.contains(told), "{complaint}");
        }
    }

    #[test]
    fn loopback_is_let_in_by_every_name_and_port() {
        let access = Access::new(&HttpConfig::default());
        for (host, origin) in [
            ("localhost", None),
            ("LOCALHOST:8787", None),
            ("127.0.0.1:1", Some("http://localhost")),
            ("[::1]:8787", Some("http://[::1]:3000")),
            ("localhost:8787", Some("http://127.0.0.1:65535")),
        ] {
            assert_eq!(access.complaint(&request(host, origin)), None, "{host}");
        }
    }

    #[test]
    fn others_are_not_however_they_look() {
        let access = Access::new(&HttpConfig::default());
        for (host, origin) in [
            ("evil.com", None),
            ("localhost.evil.com", None),
            ("localhost@evil.com", None),
            ("evil.com@localhost", None),
            ("localhost:x", None),
            ("", None),
            ("localhost", Some("null")),
            ("localhost", Some("https://localhost")),
            ("localhost", Some("http://localhost.evil.com")),
            ("localhost", Some("http://localhost:80.evil.com")),
            ("localhost", Some("http://localhost:99999")),
        ] {
            assert!(
                access.complaint(&request(host, origin)).is_some(),
                "{host} {origin:?}"
            );
        }
    }

    #[test]
    fn probes_may_go_by_any_address_and_by_no_other_name() {
        let access = Access::for_probes(&HttpConfig::default());
        for host in ["10.0.0.1", "10.0.0.1:8787", "[fd00::1]:8787", "localhost"] {
            assert_eq!(access.complaint(&request(host, None)), None, "{host}");
        }
        for (host, origin) in [
            ("evil.com", None),
            ("10.0.0.1.evil.com", None),
            ("10.0.0.1@evil.com", None),
            ("10.0.0.1:x", None),
            ("10.0.0.1", Some("http://evil.com")),
        ] {
            let refused = access.complaint(&request(host, origin)).is_some();
            assert!(refused, "{host} {origin:?}");
        }
        let access = Access::new(&HttpConfig::default());
        assert!(access.complaint(&request("10.0.0.1", None)).is_some());
    }

    #[test]
    fn an_origin_with_a_port_is_that_port_alone() {
        assert!(covers(
            "https://app.example.com:8443",
            "https://app.example.com:8443"
        ));
        assert!(!covers(
            "https://app.example.com:8443",
            "https://app.example.com"
        ));
        assert!(!covers(
            "https://app.example.com",
            "https://app.example.com:8443"
        ));
    }
}
