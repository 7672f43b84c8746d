//! What the configuration says, parsed: the server, the database, the encryption and the schema.

use std::net::IpAddr;

use fiml_session_core::Invalid;
use tokio_postgres::config::{Host, SslMode};

use crate::{
    config::PgConfig,
    trust::{Trust, split},
};

/// How errors name the address, and how it is written.
pub(crate) const ARGUMENT: &str = "DATABASE_URL";
pub(crate) const FORM: &str = "postgres://user:password@host:port/database, with /, :, @, ? and # in a password percent-encoded";

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
        // They are dialled in turn, and the last must have its chance within the time of a call.
        let dialled = driver.get_hosts().len().max(driver.get_hostaddrs().len());
        let share = u32::try_from(dialled.max(1)).unwrap_or(u32::MAX);
        driver.connect_timeout(config.timeout / share);
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

    /// Whether the way to the server leaves this machine: decided by what we dial, since a server in a
    /// container sees a bridge in between.
    pub(crate) fn is_local(&self) -> bool {
        let addresses = self.driver.get_hostaddrs();
        if !addresses.is_empty() {
            return addresses.iter().all(|ip| ip.to_canonical().is_loopback());
        }
        let is_local = |host: &Host| match host {
            Host::Tcp(name) if name == "localhost" => true,
            Host::Tcp(name) => {
                let ip = name.parse::<IpAddr>();
                ip.is_ok_and(|ip| ip.to_canonical().is_loopback())
            }
            #[cfg(unix)]
            Host::Unix(_) => true,
        };
        self.driver.get_hosts().iter().all(is_local)
    }

    /// The same server, another database.
    pub(crate) fn at_database(&self, database: &str) -> Self {
        let mut other = self.clone();
        other.driver.dbname(database);
        other
    }
}

fn hosts(driver: &tokio_postgres::Config) -> Result<String, Invalid> {
    let ports = driver.get_ports();
    let mut hosts = Vec::new();
    for (index, host) in driver.get_hosts().iter().enumerate() {
        let host = match host {
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
    use std::path::PathBuf;

    use super::*;
    use crate::trust::Authorities;

    fn parse(url: &str) -> Result<Address, Invalid> {
        Address::parse(&PgConfig::new(url))
    }

    #[test]
    fn sslmode_means_what_it_means_to_libpq() {
        let file = || PathBuf::from("/etc/a b.pem");
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
                Trust::Named(Authorities::File(file())),
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
            "postgres://ada:s3cret@db/fiml?sslmode=verify-ca",
            "postgres://ada:s3cret@db/fiml?sslmode=verify-ca&sslrootcert=system",
            "postgres://ada:s3cret@db/fiml?sslmode=require&sslrootcert=system",
            "postgres://ada:s3cret@db/fiml?sslrootcert=system",
            "postgres://ada:s3@cret@db/fiml",
            "postgres://ada:s3c@cre/cret@db/fiml",
            "postgres://ada:s3c@cre?cret=cret@db/fiml",
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
    fn a_place_says_where_and_never_who() {
        for (url, schema, place) in [
            ("postgres://ada:s3cret@db/fiml", None, "db:5432/fiml"),
            (
                "postgres://ada:s3cret@one:1,two:2/fiml?sslmode=require",
                Some("mine"),
                "one:1,two:2/fiml, schema mine",
            ),
            ("postgres://ada:s3%40cret@db/a%40b", None, "db:5432/a@b"),
            ("postgres://ada:s3c@re/t@db/fiml", None, "(not an address)"),
            ("s3cret", None, "(not an address)"),
            (
                "postgres://ada:s3cret@db/fiml",
                Some("s3cret\""),
                "(not an address)",
            ),
        ] {
            let mut config = PgConfig::new(url);
            config.schema = schema.map(str::to_owned);
            assert_eq!(config.place(), place, "{url}");
        }
    }

    #[test]
    fn several_hosts_share_the_time_of_a_call() {
        for (hosts, share) in [
            ("one", 2_000),
            ("one,two", 1_000),
            ("one:1,two:2,a:3,b:4", 500),
        ] {
            let address = parse(&format!("postgres://{hosts}/fiml")).unwrap();
            let share = std::time::Duration::from_millis(share);
            assert_eq!(
                address.driver.get_connect_timeout(),
                Some(&share),
                "{hosts}"
            );
        }
    }

    #[test]
    fn what_is_dialled_decides_whether_the_way_is_local() {
        for (rest, local) in [
            ("localhost/d", true),
            ("127.0.0.2:1/d", true),
            ("[::1]/d", true),
            ("%2Frun%2Fpostgresql/d", true),
            ("db/d?hostaddr=127.0.0.1", true),
            ("localhost/d?hostaddr=10.0.0.1", false),
            ("localhost,db/d", false),
            ("db.example/d", false),
            ("172.17.0.1/d", false),
        ] {
            let address = parse(&format!("postgres://{rest}")).unwrap();
            assert_eq!(address.is_local(), local, "{rest}");
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
