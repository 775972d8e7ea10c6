"""Whom to trust over TLS: the machine's own trust store, a file of certificates, or, when told so, anybody.

The environment is not asked: SSL_CERT_FILE and its like change nothing here.
"""

import re
import ssl
import sys
from pathlib import Path

from crawler.errors import SettingsError
from crawler.settings import FetchSettings


def client_context(settings: FetchSettings) -> ssl.SSLContext:
    """The TLS side of a client; `SettingsError` where `fetch.ca_file` cannot be used."""
    context = _trusting(settings.ca_file)
    if settings.insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(["http/1.1"])
    return context


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
