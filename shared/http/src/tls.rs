//! The one TLS configuration of a process: whom it trusts, and how it speaks. All clients, those of AWS too, share it.
//!
//! Why one: reading and parsing the machine's trusted certificates is most of what a client costs to build, and each library would do it
//! again by itself (decision 17). Why the machine's own: a company that inspects its traffic has its authority there, and what is revoked
//! goes with the image, not with a release of ours.

use std::sync::{Arc, OnceLock};

use rustls::crypto::aws_lc_rs;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

/// What a server may choose from, as it is asked in the handshake.
const PROTOCOLS: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// For everything that leaves this machine; read when it is first asked for. A copy shares certificates and sessions.
pub(crate) fn trusting() -> Result<ClientConfig, String> {
    static CONFIG: OnceLock<Result<ClientConfig, String>> = OnceLock::new();
    CONFIG.get_or_init(|| configured(of_machine())).clone()
}

/// For another protocol than http, which names itself in the handshake. With an authority (PEM), only servers that this one vouches for are
/// trusted: an installation of one's own, or a hoster's, whose authority machines do not know.
///
/// # Errors
/// The text holds no certificate.
pub fn client_tls(protocol: &[u8], authority: Option<&[u8]>) -> Result<ClientConfig, String> {
    let mut config = match authority {
        None => trusting()?,
        Some(pem) => {
            let unreadable = || "the certificate authority is no certificate in PEM form".to_owned();
            let certificates: Vec<CertificateDer<'static>> =
                CertificateDer::pem_slice_iter(pem).collect::<Result<_, _>>().map_err(|_| unreadable())?;
            let mut roots = RootCertStore::empty();
            if roots.add_parsable_certificates(certificates).0 == 0 {
                return Err(unreadable());
            }
            configured(roots)?
        }
    };
    config.alpn_protocols = vec![protocol.to_vec()];
    Ok(config)
}

/// For plain http on this machine: trusts nobody, and reads nothing.
pub(crate) fn trusting_nobody() -> Result<ClientConfig, String> {
    configured(RootCertStore::empty())
}

/// The trusted certificates where OpenSSL finds them on this system, or where `SSL_CERT_FILE` and `SSL_CERT_DIR` say. One that cannot be
/// read is left out, as every client does.
///
/// On Linux the folder beside the file holds the same certificates once more, one a file: reading a few hundred of them takes longer than all
/// else, so that the folder is read only where there is no file.
fn of_machine() -> RootCertStore {
    let file = if cfg!(target_os = "linux") && !openssl_probe::has_ssl_cert_env_vars() { openssl_probe::probe().cert_file } else { None };
    let found = match file {
        Some(file) => rustls_native_certs::load_certs_from_paths(Some(&file), None),
        None => rustls_native_certs::load_native_certs(),
    };
    let mut roots = RootCertStore::empty();
    let (taken, _) = roots.add_parsable_certificates(found.certs);
    if taken == 0 {
        tracing::error!("this machine trusts no certificate authority: no call over https will work; install its CA certificates");
    }
    roots
}

fn configured(roots: RootCertStore) -> Result<ClientConfig, String> {
    let mut config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).to_vec();
    Ok(config)
}
