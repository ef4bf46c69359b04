//! Certificates of a made-up authority, and a client that reads pages over TLS.

#![expect(clippy::unwrap_used, reason = "the helpers here are as much tests as their callers")]

use std::fs;
use std::io;
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use tokio_rustls::rustls::{SupportedProtocolVersion, version};

use super::http::{self, Response};

/// Signs certificates for servers on the loopback interface and for their readers.
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Authority(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    /// Its own certificate (PEM).
    pub(crate) fn pem(&self) -> String {
        self.0.pem()
    }

    /// A certificate for a name or an address, and its key (both PEM).
    pub(crate) fn sign(&self, name: &str) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        (params.signed_by(&key, &self.0).unwrap().pem(), key.serialize_pem())
    }

    /// Writes `NAME.pem` and `NAME.key` for 127.0.0.1.
    pub(crate) fn write(&self, folder: &Path, name: &str) {
        let (certificate, key) = self.sign("127.0.0.1");
        fs::write(folder.join(format!("{name}.pem")), certificate).unwrap();
        fs::write(folder.join(format!("{name}.key")), key).unwrap();
    }
}

/// One who reads over TLS and trusts one authority.
#[derive(Clone)]
pub(crate) struct Reader(Arc<ClientConfig>);

/// A stream over TLS.
pub(crate) type Secured = StreamOwned<ClientConnection, TcpStream>;

impl Reader {
    pub(crate) fn new(trusts: &Authority) -> Self {
        Reader::make(trusts, None, &version::TLS13)
    }

    /// One who speaks TLS 1.2 at most.
    pub(crate) fn old(trusts: &Authority) -> Self {
        Reader::make(trusts, None, &version::TLS12)
    }

    /// One who shows a certificate.
    pub(crate) fn with_certificate(trusts: &Authority, signed_by: &Authority) -> Self {
        Reader::make(trusts, Some(signed_by.sign("prometheus")), &version::TLS13)
    }

    fn make(
        trusts: &Authority,
        own: Option<(String, String)>,
        version: &'static SupportedProtocolVersion,
    ) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add(trusts.0.der().clone()).unwrap();
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(&[version])
            .unwrap()
            .with_root_certificates(roots);
        let config = match own {
            None => builder.with_no_client_auth(),
            Some((certificate, key)) => {
                let certificate = CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap();
                let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
                builder.with_client_auth_cert(vec![certificate], key).unwrap()
            }
        };
        Reader(Arc::new(config))
    }

    /// Connects; the handshake comes with the first write.
    pub(crate) fn connect(&self, server: SocketAddr) -> io::Result<Secured> {
        let name = ServerName::from(server.ip());
        let connection = ClientConnection::new(Arc::clone(&self.0), name).unwrap();
        Ok(StreamOwned::new(connection, http::connect(server)?))
    }

    /// Asks for `path`.
    pub(crate) fn get(
        &self,
        server: SocketAddr,
        path: &str,
        headers: &[(&str, &str)],
    ) -> io::Result<Response> {
        http::ask(&mut self.connect(server)?, server, path, headers)
    }
}
