//! What the configuration says, parsed: the server, the database, the encryption and the schema.

use std::path::PathBuf;

use fiml_session_core::Invalid;
use tokio_postgres::config::{Host, SslMode};

use crate::config::PgConfig;

/// How errors name the address.
const ARGUMENT: &str = "DATABASE_URL";
const FORM: &str = "postgres://user:password@host:port/database, with /, :, @, ? and # in a password percent-encoded";

/// Whom a server must prove to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Trust {
    /// Anybody: the connection is encrypted against listeners only.
    Anybody,
    /// Whoever has a certificate of these authorities, whatever its name.
    SignedBy(Authorities),
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

/// A configuration that was found to be in order.
#[derive(Clone)]
pub(crate) struct Address {
    pub(crate) driver: tokio_postgres::Config,
    pub(crate) trust: Trust,
    /// The schema, a plain identifier.
    pub(crate) schema: Option<String>,
    /// Host, port and database, for errors; never the user or the password.
    pub(crate) place: String,
    /// The name of the database.
    pub(crate) database: String,
}

impl Address {
    pub(crate) fn parse(config: &PgConfig) -> Result<Self, Invalid> {
        let (url, tls) = split(&config.url)?;
        // The driver's complaint names the part that it did not understand, and no value.
        let driver = url.parse::<tokio_postgres::Config>();
        let mut driver = driver.map_err(|error| {
            let mut problem = "is not an address".to_owned();
            if let Some(source) = std::error::Error::source(&error) {
                problem = format!("{problem}: {source}");
            }
            Invalid::malformed(ARGUMENT, problem, FORM)
        })?;
        let mode = tls.mode.as_deref().unwrap_or("prefer");
        driver.ssl_mode(match mode {
            "disable" => SslMode::Disable,
            "prefer" => SslMode::Prefer,
            _ => SslMode::Require,
        });
        if driver.get_application_name().is_none() {
            driver.application_name("fiml");
        }
        driver.connect_timeout(config.timeout);
        let user = driver.get_user().unwrap_or_default();
        let database = driver.get_dbname().unwrap_or(user).to_owned();
        Ok(Self {
            place: format!("{}/{database}", hosts(&driver)?),
            trust: tls.trust()?,
            schema: config.schema.clone().map(plain).transpose()?,
            database,
            driver,
        })
    }

    /// The same server, another database.
    pub(crate) fn at_database(&self, database: &str) -> Self {
        let mut other = self.clone();
        other.driver.dbname(database);
        other
    }
}

/// What the address says about encryption, which the driver knows only in part.
#[derive(Debug, Default)]
struct Tls {
    mode: Option<String>,
    authorities: Option<String>,
}

impl Tls {
    fn trust(self) -> Result<Trust, Invalid> {
        let given = self.authorities.is_some();
        let authorities = match self.authorities.as_deref() {
            None | Some("system") => Authorities::System,
            Some(file) => Authorities::File(file.into()),
        };
        match self.mode.as_deref() {
            None | Some("disable" | "prefer") => Ok(Trust::Anybody),
            Some("require") if !given => Ok(Trust::Anybody),
            Some("require" | "verify-ca") => Ok(Trust::SignedBy(authorities)),
            Some("verify-full") => Ok(Trust::Named(authorities)),
            Some(_) => Err(Invalid::malformed(
                ARGUMENT,
                "has an unknown sslmode",
                "sslmode=disable, prefer, require, verify-ca or verify-full",
            )),
        }
    }
}

/// The address without what it says about encryption, and that.
fn split(url: &str) -> Result<(String, Tls), Invalid> {
    let known = ["postgres://", "postgresql://"];
    if !known.iter().any(|scheme| url.starts_with(scheme)) {
        let problem = "does not begin with postgres://";
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

fn hosts(driver: &tokio_postgres::Config) -> Result<String, Invalid> {
    let ports = driver.get_ports();
    let mut hosts = Vec::new();
    for (index, host) in driver.get_hosts().iter().enumerate() {
        let host = match host {
            // What is left of a password with an @ in it would be shown in errors.
            Host::Tcp(name) if name.contains('@') => {
                let problem = "has an @ behind the one that ends the password";
                return Err(Invalid::malformed(ARGUMENT, problem, FORM));
            }
            Host::Tcp(name) => name.clone(),
            #[cfg(unix)]
            Host::Unix(path) => path.display().to_string(),
        };
        let port = ports.get(index).or_else(|| ports.first());
        hosts.push(format!("{host}:{}", port.copied().unwrap_or(5432)));
    }
    if hosts.is_empty() {
        return Err(Invalid::malformed(ARGUMENT, "names no host", FORM));
    }
    Ok(hosts.join(","))
}

fn plain(schema: String) -> Result<String, Invalid> {
    let begins = schema.starts_with(|first: char| first.is_ascii_lowercase() || first == '_');
    let goes_on = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    let reserved = schema.starts_with("pg_") || schema == "information_schema";
    if begins && schema.bytes().all(goes_on) && schema.len() <= 63 && !reserved {
        return Ok(schema);
    }
    Err(Invalid::malformed(
        "schema",
        "is not a plain name",
        "1 to 63 lower-case letters, digits and underscores, not a digit first, not pg_…",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(url: &str) -> Result<Address, Invalid> {
        Address::parse(&PgConfig::new(url))
    }

    #[test]
    fn sslmode_means_what_it_means_to_libpq() {
        let file = || Authorities::File("/etc/a b.pem".into());
        let at = "sslrootcert=/etc/a%20b.pem";
        for (query, mode, trust) in [
            (String::new(), SslMode::Prefer, Trust::Anybody),
            (
                "?sslmode=disable".to_owned(),
                SslMode::Disable,
                Trust::Anybody,
            ),
            (
                "?sslmode=require".to_owned(),
                SslMode::Require,
                Trust::Anybody,
            ),
            (
                format!("?sslmode=require&{at}"),
                SslMode::Require,
                Trust::SignedBy(file()),
            ),
            (
                format!("?{at}&sslmode=verify-ca"),
                SslMode::Require,
                Trust::SignedBy(file()),
            ),
            (
                format!("?{at}&sslmode=verify-full"),
                SslMode::Require,
                Trust::Named(file()),
            ),
            (
                "?sslmode=verify-full".to_owned(),
                SslMode::Require,
                Trust::Named(Authorities::System),
            ),
        ] {
            let address = parse(&format!("postgres://ada:pw@db.example/fiml{query}")).unwrap();
            assert_eq!(address.driver.get_ssl_mode(), mode, "{query}");
            assert_eq!(address.trust, trust, "{query}");
            assert_eq!(address.place, "db.example:5432/fiml");
        }
    }

    #[test]
    fn other_parameters_reach_the_driver() {
        let address = parse("postgresql://h:1/d?sslmode=disable&application_name=mine").unwrap();
        assert_eq!(address.driver.get_application_name(), Some("mine"));
    }

    #[test]
    fn a_refusal_names_the_argument_and_the_form_and_no_password() {
        for url in [
            "mysql://ada:s3cret@db/fiml",
            "postgres://ada:s3cret@db/fiml?sslmode=sometimes",
            "postgres://ada:s3@cret@db/fiml",
            "postgres://ada:s3cret@/fiml",
            "postgres://ada:s3cret@db:port/fiml",
            "postgres://ada:s3cret@db/fiml?no_such_option=s3cret",
            "host=db password=s3cret",
            "",
        ] {
            let Err(error) = parse(url) else {
                panic!("{url} was taken");
            };
            assert_eq!(error.argument, ARGUMENT);
            let text = format!("{error:?}");
            assert!(!text.contains("cret"), "{text}");
            assert!(!error.limit.is_empty());
            let config = format!("{:?}", PgConfig::new(url));
            assert!(!config.contains("cret"), "{config}");
        }
    }

    #[test]
    fn a_schema_is_a_plain_name() {
        for (name, plain) in [
            ("fiml", true),
            ("_1", true),
            ("", false),
            ("1a", false),
            ("Fiml", false),
            ("a\"b", false),
            ("a-b", false),
            ("pg_temp", false),
            (&"a".repeat(64), false),
        ] {
            let mut config = PgConfig::new("postgres://db/fiml");
            config.schema = Some(name.to_owned());
            assert_eq!(Address::parse(&config).is_ok(), plain, "{name}");
        }
    }
}
