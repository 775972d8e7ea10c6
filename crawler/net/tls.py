"""Whom to trust over TLS, and who one is: the machine's own trust store, a file of certificates, or, when told so, all.

The environment is not asked: SSL_CERT_FILE and its like change nothing here.
"""

import re
import ssl
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from crawler.errors import SettingsError
from crawler.settings import FetchSettings

VERSIONS: Final = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}

OP_LEGACY_SERVER_CONNECT: Final = 0x4
"""SSL_OP_LEGACY_SERVER_CONNECT of OpenSSL, which Python has a name for since 3.12."""


@dataclass(frozen=True, slots=True)
class Identity:
    """What a TLS connection depends on beside its peer: those of different identities never stand in for each other."""

    ca_file: str = ""
    client_cert: str = ""
    client_key: str = ""
    min_tls: str = "1.2"
    insecure: bool = False
    legacy: bool = False

    @classmethod
    def of(cls, settings: FetchSettings, *, legacy: bool = False) -> "Identity":
        """The identity that the settings give; `legacy` is for hosts that speak only what is no longer safe."""
        return cls(
            settings.ca_file, settings.client_cert, settings.client_key, settings.min_tls, settings.insecure, legacy
        )

    @property
    def has_files(self) -> bool:
        """Whether it takes a file that may be missing or wrong."""
        return bool(self.ca_file or self.client_cert or self.client_key)


def client_context(identity: Identity) -> ssl.SSLContext:
    """The TLS side of a client; `SettingsError` where one of its files cannot be used."""
    context = _trusting(identity.ca_file)
    context.minimum_version = VERSIONS[identity.min_tls]
    if identity.client_cert or identity.client_key:
        _present(context, identity.client_cert, identity.client_key)
    if identity.legacy:
        _accept_legacy(context)
    if identity.insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(["http/1.1"])
    return context


def _present(context: ssl.SSLContext, certificate: str, key: str) -> None:
    """Show this certificate to a server that asks for one."""
    if not certificate:
        raise SettingsError("fetch.client_key: is the key of fetch.client_cert, which is missing")
    for name, path in (("client_cert", certificate), ("client_key", key or certificate)):
        try:
            Path(path).open("rb").close()
        except OSError as error:
            raise SettingsError(f"fetch.{name}: {path} cannot be read: {error.strerror}") from error
    try:
        # Without a password of ours, OpenSSL would ask the terminal for that of an encrypted key.
        context.load_cert_chain(certificate, key or None, password="")
    except (ssl.SSLError, ValueError) as error:
        raise SettingsError(
            f"fetch.client_cert: {certificate} and its key do not fit together, or are not in plain PEM form"
        ) from error


def _accept_legacy(context: ssl.SSLContext) -> None:
    """Speak with a server of old: TLS 1.0, SHA-1, short keys, renegotiation that is not that of RFC 5746.

    The certificate still has to be trusted. SSL 3 stays off.
    """
    context.options |= OP_LEGACY_SERVER_CONNECT
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED


def _trusting(ca_file: str) -> ssl.SSLContext:
    if not ca_file:
        return _trusting_as_the_machine(ssl.get_default_verify_paths())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(ca_file)
    except ssl.SSLError as error:
        raise SettingsError(f"fetch.ca_file: {ca_file} holds no certificates in PEM form") from error
    except OSError as error:
        raise SettingsError(f"fetch.ca_file: {ca_file} cannot be read: {error.strerror}") from error
    return context


def _trusting_as_the_machine(paths: ssl.DefaultVerifyPaths) -> ssl.SSLContext:
    """The trust store of the operating system, through truststore where that is more than OpenSSL's own files.

    On Linux truststore reads these files too, but for every connection anew, which stops the loop for some 17 ms each.
    """
    file = paths.openssl_cafile if Path(paths.openssl_cafile).is_file() else None
    folder = paths.openssl_capath if _holds_certificates(Path(paths.openssl_capath)) else None
    if sys.platform != "linux" or (file is None and folder is None):
        import truststore  # here, for it takes a while and only https needs it

        return truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(file, folder)
    return context


def _holds_certificates(folder: Path) -> bool:
    """Whether it is a folder as `openssl rehash` makes them: certificates by the hashes of their subjects."""
    return folder.is_dir() and any(re.fullmatch(r"[0-9a-f]{8}\.[0-9]", entry.name) for entry in folder.iterdir())
