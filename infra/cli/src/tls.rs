//! https in front of a simulator: a certificate authority made for the occasion, and a door that opens TLS and passes bytes on.
//!
//! Why a small authority and not one self-signed certificate: strict clients take a leaf for a root no more.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

/// The names that the certificate is always good for.
const NAMES: [&str; 2] = ["localhost", "127.0.0.1"];

/// Makes the authority and the certificate, and writes the authority's certificate, which clients must trust, to this file.
pub(crate) fn acceptor(trusted: &Path, names: &[String]) -> Result<TlsAcceptor, String> {
    let made = |error: rcgen::Error| format!("the certificate could not be made: {error}");
    let mut authority = CertificateParams::new(Vec::<String>::new()).map_err(made)?;
    authority.distinguished_name.push(rcgen::DnType::CommonName, "Syncline simulator");
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign, KeyUsagePurpose::DigitalSignature];
    let authority_key = KeyPair::generate().map_err(made)?;
    let authority_certificate = authority.self_signed(&authority_key).map_err(made)?;
    let issuer = Issuer::new(authority, authority_key);

    let mut leaf =
        CertificateParams::new(NAMES.map(str::to_owned).into_iter().chain(names.iter().cloned()).collect::<Vec<_>>()).map_err(made)?;
    leaf.distinguished_name.push(rcgen::DnType::CommonName, "localhost");
    leaf.use_authority_key_identifier_extension = true;
    leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let leaf_key = KeyPair::generate().map_err(made)?;
    let leaf_certificate = leaf.signed_by(&leaf_key, &issuer).map_err(made)?;

    if let Some(folder) = trusted.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).map_err(|error| format!("{} cannot be made: {error}", folder.display()))?;
    }
    std::fs::write(trusted, authority_certificate.pem()).map_err(|error| format!("{} cannot be written: {error}", trusted.display()))?;
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(leaf_key.serialize_der()));
    let chain = vec![leaf_certificate.der().clone(), authority_certificate.der().clone()];
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
        .map_err(|error| format!("the TLS settings were refused: {error}"))?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// Opens TLS on each connection and passes its bytes to the plain address, until the future is dropped.
pub(crate) async fn serve(listener: TcpListener, acceptor: TlsAcceptor, plain: SocketAddr) -> std::io::Result<()> {
    loop {
        let (stream, peer) = listener.accept().await?;
        let acceptor = acceptor.clone();
        tokio::spawn(async move {
            let passed = async {
                let mut outside = acceptor.accept(stream).await?;
                let mut inside = TcpStream::connect(plain).await?;
                tokio::io::copy_bidirectional(&mut outside, &mut inside).await
            };
            // A client that does not trust the certificate, or goes away, is its own affair.
            if let Err(error) = passed.await {
                tracing::debug!(%peer, "a connection ended: {error}");
            }
        });
    }
}
