//! Connections to one database as one user, kept between transactions.

use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod, Runtime, Timeouts};
use syncline_engine::ports::sql::{SCHEME, SignIn};
use tokio_postgres::NoTls;
use tokio_postgres::config::SslMode;

use crate::tls::Tls;

/// For opening a connection, TLS and signing in included.
const CONNECT: Duration = Duration::from_secs(10);
/// For asking whether one that rested still answers.
const VERIFY: Duration = Duration::from_secs(5);
/// So many at once to one database: a worker asks one question after the other, and several workers may share a process.
const CONNECTIONS_MAX: usize = 4;
const PORT: u16 = 5432;
/// What PostgreSQL expects in a handshake since version 17; older servers do not look.
const PROTOCOL: &[u8] = b"postgresql";

/// A database as a request's address names it: `sql://host:port/name`, with `?tls=off` where it is not asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) database: String,
    pub(crate) tls: bool,
}

impl Target {
    /// # Errors
    /// A sentence: what of the address cannot be used.
    pub(crate) fn of(uri: &http::Uri) -> Result<Self, String> {
        let host = uri.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
        let database = percent_encoding::percent_decode_str(uri.path().trim_start_matches('/')).decode_utf8_lossy().into_owned();
        if uri.scheme_str() != Some(SCHEME) || host.is_empty() || database.is_empty() || database.contains('/') {
            return Err(format!("the address must read {SCHEME}://host:port/database"));
        }
        let tls = uri.query() != Some("tls=off");
        if !tls && !syncline_engine::ports::settings::is_loopback(host) {
            return Err(format!("{host}: a password goes to another machine over TLS only"));
        }
        Ok(Self { host: host.to_owned(), port: uri.port_u16().unwrap_or(PORT), database, tls })
    }

    /// Opens nothing yet.
    ///
    /// # Errors
    /// A sentence: why no connection could ever be opened.
    pub(crate) fn pool(&self, sign_in: &SignIn) -> Result<Pool, String> {
        let mut config = tokio_postgres::Config::new();
        config
            .host(&self.host)
            .port(self.port)
            .dbname(&self.database)
            .user(&sign_in.user)
            .password(sign_in.password.expose())
            .application_name("syncline")
            .connect_timeout(CONNECT)
            .ssl_mode(if self.tls { SslMode::Require } else { SslMode::Disable });
        // A function that was frozen wakes up with connections that look alive: one that rested is asked before it is trusted.
        let managing = ManagerConfig { recycling_method: RecyclingMethod::Verified };
        let manager = if self.tls {
            let authority = sign_in.authority.as_ref().map(String::as_bytes);
            Manager::from_config(config, Tls(Arc::new(syncline_http::client_tls(PROTOCOL, authority)?)), managing)
        } else {
            Manager::from_config(config, NoTls, managing)
        };
        Pool::builder(manager)
            .max_size(CONNECTIONS_MAX)
            .timeouts(Timeouts { wait: Some(CONNECT), create: Some(CONNECT), recycle: Some(VERIFY) })
            .runtime(Runtime::Tokio1)
            .build()
            .map_err(|error| error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_is_named_by_its_address_and_unprotected_only_on_this_machine() {
        let of = |text: &str| Target::of(&text.parse().unwrap());
        let target = Target { host: "db.example".into(), port: 5432, database: "crm".into(), tls: true };
        assert_eq!(of("sql://db.example/crm").unwrap(), target);
        assert_eq!(of("sql://db.example/my%5Fcrm").unwrap().database, "my_crm");
        assert_eq!(of("sql://[::1]:5433/crm?tls=off").unwrap().host, "::1");
        for bad in ["https://db.example/crm", "sql://db.example", "sql://db.example/a/b", "sql://10.0.0.1/crm?tls=off"] {
            assert!(of(bad).is_err(), "{bad}");
        }
    }
}
