"""A certificate of the node's own, for machines that no authority knows: the owner compares the fingerprint."""

from __future__ import annotations

import datetime
import ipaddress
import os
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DAYS = 825
"""Browsers refuse certificates that are valid for longer."""
DAYS_LEFT = 30
"""Below which a new one is made: a node may run for weeks before its next start."""


def self_made_certificate(data: Path, names: tuple[str, ...]) -> tuple[Path, Path]:
    """
    Certificate and key as PEM files. They stay the same, so that devices go on trusting them, until the certificate
    runs out or a name is not among those that it is for. `names`: hosts and addresses.
    """
    certificate, key = data / "certificate.pem", data / "key.pem"
    if not is_good(certificate, key, names):
        made, secret = make_certificate(names)
        descriptor = os.open(key, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(secret)
        certificate.write_bytes(made)
    return certificate, key


def is_good(certificate: Path, key: Path, names: tuple[str, ...]) -> bool:
    """Whether both are there and whole, for all the names and for some time to come."""
    try:
        found = x509.load_pem_x509_certificate(certificate.read_bytes())
        secret = serialization.load_pem_private_key(key.read_bytes(), None)
        known = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (OSError, ValueError, x509.ExtensionNotFound):
        return False
    left = found.not_valid_after_utc - datetime.datetime.now(datetime.UTC)
    named = {general_name(name) for name in names} <= set(known)
    return named and left > datetime.timedelta(days=DAYS_LEFT) and found.public_key() == secret.public_key()


def make_certificate(names: tuple[str, ...]) -> tuple[bytes, bytes]:
    """A new certificate over P-256 and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Attune companion")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=DAYS - 1))
        .add_extension(x509.SubjectAlternativeName([general_name(name) for name in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    secret = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    return certificate.public_bytes(serialization.Encoding.PEM), secret


def general_name(name: str) -> x509.GeneralName:
    """An address as an address, anything else as a name."""
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def fingerprint(certificate: Path) -> str:
    """SHA-256 over the certificate, as browsers show it: pairs of capitals with colons."""
    digest = x509.load_pem_x509_certificate(certificate.read_bytes()).fingerprint(hashes.SHA256())
    return ":".join(f"{byte:02X}" for byte in digest)
