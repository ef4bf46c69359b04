//! Whether the daemon of this machine is well, for containers and their like.
//!
//! It is asked at the address of its own configuration, over TLS where that says so. No password is
//! carried: an answer of 401 is a sign of life, and tells nothing of readiness. Whose certificate it
//! is does not matter, since nothing secret is said and nothing but the answer is believed.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, ToSocketAddrs as _};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use tokio_rustls::rustls::client::danger::{
    HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier,
};
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::{
    ClientConfig, ClientConnection, DigitallySignedStruct, Error as TlsError, SignatureScheme,
    StreamOwned,
};

use super::{read_served, usage};
use crate::cli::Health;

/// For connecting, and for each part of the answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// More of an answer is not read.
const ANSWER_BYTES_MAX: u64 = 64 * 1024;

/// Asks.
///
/// # Errors
///
/// [`super::Usage`] for a faulty configuration; a failure when the daemon is not well.
pub fn health(asked: &Health) -> anyhow::Result<()> {
    let (config, access) = read_served(&asked.config, &[])?;
    let address = reachable(&config.http.listen)?;
    let path = if asked.ready { "/-/ready" } else { "/-/healthy" };
    let stream = TcpStream::connect_timeout(&address, PATIENCE)
        .and_then(|stream| {
            stream.set_read_timeout(Some(PATIENCE))?;
            stream.set_write_timeout(Some(PATIENCE))?;
            Ok(stream)
        })
        .with_context(|| format!("nobody answers at {address}"))?;
    let answer = if access.is_tls() {
        let connection = ClientConnection::new(trusting(), ServerName::from(address.ip()))?;
        ask(StreamOwned::new(connection, stream), path)
    } else {
        ask(stream, path)
    };
    let answer = answer.with_context(|| format!("no whole answer comes from {address}"))?;
    let status = answer.split(' ').nth(1).unwrap_or("");
    let said = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body).trim_end();
    match status {
        "200" => {
            println!("{said}");
            Ok(())
        }
        "401" if !asked.ready => {
            println!("it asks for a password, so it serves");
            Ok(())
        }
        "401" => Err(anyhow!("it asks for a password, which this command does not carry")),
        "403" if !asked.ready => {
            println!("it answers its proxy alone, so it serves");
            Ok(())
        }
        "403" => Err(anyhow!("it answers its proxy alone, which this command is not")),
        _ => Err(anyhow!("status {status}: {}", said.replace('\n', "; "))),
    }
}

/// Where an address that is listened on can be reached from here.
fn reachable(listen: &str) -> anyhow::Result<SocketAddr> {
    let mut addresses = listen.to_socket_addrs().ok().into_iter().flatten();
    let first = addresses.next();
    let mut address = first
        .ok_or_else(|| usage(format!("\"{listen}\" is no address; write it as 127.0.0.1:9464")))?;
    if address.ip().is_unspecified() {
        match address {
            SocketAddr::V4(_) => address.set_ip(Ipv4Addr::LOCALHOST.into()),
            SocketAddr::V6(_) => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        }
    }
    Ok(address)
}

fn ask(mut stream: impl Read + Write, path: &str) -> std::io::Result<String> {
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    stream.take(ANSWER_BYTES_MAX).read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

fn trusting() -> Arc<ClientConfig> {
    let provider = Arc::new(ring::default_provider());
    let verifier =
        Arc::new(Anybody(provider.signature_verification_algorithms.supported_schemes()));
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring speaks the default versions")
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    Arc::new(config)
}

/// Takes every certificate.
#[derive(Debug)]
struct Anybody(Vec<SignatureScheme>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, TlsError> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.clone()
    }
}
