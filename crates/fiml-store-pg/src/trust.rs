//! What the address says about encryption, and how far a server is trusted.

use std::path::PathBuf;

use fiml_session_core::Invalid;

use crate::address::{ARGUMENT, FORM};

/// Whom a server must prove to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Trust {
    /// Anybody: the connection is encrypted against listeners only.
    Anybody,
    /// Whoever has a certificate of the authorities in this PEM file, whatever its name.
    SignedBy(PathBuf),
    /// Who has a certificate of these authorities in the name of the host.
    Named(Authorities),
}

/// Who may sign a server's certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Authorities {
    /// Those that the operating system trusts.
    System,
    /// Those in a PEM file.
    File(PathBuf),
}

/// What the address says about encryption, which the driver knows only in part.
#[derive(Debug, Default)]
pub(crate) struct Tls {
    pub(crate) mode: Option<String>,
    authorities: Option<String>,
}

impl Tls {
    pub(crate) fn trust(self) -> Result<Trust, Invalid> {
        let authorities = self.authorities.as_deref();
        let problem = match (self.mode.as_deref().unwrap_or("prefer"), authorities) {
            ("verify-full", None | Some("system")) => return Ok(Trust::Named(Authorities::System)),
            ("verify-full", Some(file)) => return Ok(Trust::Named(Authorities::File(file.into()))),
            // Everybody may have a certificate of the system's authorities, in some name.
            ("disable" | "prefer" | "require" | "verify-ca", Some("system")) => {
                "has sslrootcert=system without sslmode=verify-full"
            }
            ("verify-ca", None) => "has sslmode=verify-ca without an sslrootcert",
            ("disable" | "prefer", _) | ("require", None) => return Ok(Trust::Anybody),
            ("require" | "verify-ca", Some(file)) => return Ok(Trust::SignedBy(file.into())),
            _ => "has an unknown sslmode",
        };
        Err(Invalid::malformed(
            ARGUMENT,
            problem,
            "sslmode=disable, prefer, require, verify-ca with the file of an authority in sslrootcert, \
             or verify-full",
        ))
    }
}

/// The address without what it says about encryption, and that.
pub(crate) fn split(url: &str) -> Result<(String, Tls), Invalid> {
    let known = ["postgres://", "postgresql://"];
    if !known.iter().any(|scheme| url.starts_with(scheme)) {
        let problem = "does not begin with postgres://";
        return Err(Invalid::malformed(ARGUMENT, problem, FORM));
    }
    // What is left of a password with an @ in it would be taken for a host, a database or an option, and
    // shown as such.
    if url.matches('@').count() > 1 {
        let problem = "has an @ behind the one that ends the password; write it as %40";
        return Err(Invalid::malformed(ARGUMENT, problem, FORM));
    }
    // The driver ends the password at the first @, so a ? before it belongs to the password.
    let begin = url.find('@').unwrap_or(0);
    let Some(mark) = url[begin..].find('?').map(|mark| begin + mark) else {
        return Ok((url.to_owned(), Tls::default()));
    };
    let (mut tls, mut kept) = (Tls::default(), Vec::new());
    for parameter in url[mark + 1..].split('&') {
        match parameter.split_once('=') {
            Some(("sslmode", mode)) => tls.mode = Some(mode.to_owned()),
            Some(("sslrootcert", file)) => tls.authorities = Some(decoded(file)?),
            _ => kept.push(parameter),
        }
    }
    let query = if kept.is_empty() { "" } else { "?" };
    Ok((format!("{}{query}{}", &url[..mark], kept.join("&")), tls))
}

fn decoded(text: &str) -> Result<String, Invalid> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        let digits = tail.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        let code = digits.and_then(|two| u8::from_str_radix(two, 16).ok());
        match code.filter(|_| byte == b'%') {
            Some(code) => {
                bytes.push(code);
                rest = &tail[2..];
            }
            None => {
                bytes.push(byte);
                rest = tail;
            }
        }
    }
    String::from_utf8(bytes)
        .map_err(|_| Invalid::malformed(ARGUMENT, "has an sslrootcert that is not a path", FORM))
}
