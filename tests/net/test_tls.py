"""Whom a client trusts."""

import ssl
import sys
import warnings
from pathlib import Path

import pytest
import trustme
import truststore
from cryptography.hazmat.primitives import serialization

from crawler.errors import FetchError, SettingsError
from crawler.model import URL, Request
from crawler.net.dial import Dialer
from crawler.net.tls import OP_LEGACY_SERVER_CONNECT, Identity, _trusting_as_the_machine, client_context
from crawler.settings import HostSettings
from tests.net.wires import OK, always, fetching, get, serving, settings


def test_the_machine_s_own_trust_is_the_rule() -> None:
    context = client_context(Identity())
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname


def paths(file: Path, folder: Path) -> ssl.DefaultVerifyPaths:
    return ssl.DefaultVerifyPaths("", "", "", str(file), "", str(folder))


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    path = tmp_path / "ca.pem"
    trustme.CA().cert_pem.write_to_path(str(path))
    return path


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the trust store is no file")
def test_openssl_s_own_files_are_read_once(certificate: Path) -> None:
    context = _trusting_as_the_machine(paths(certificate, Path("/nowhere")))
    assert type(context) is ssl.SSLContext
    assert len(context.get_ca_certs()) == 1


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the trust store is no file")
def test_a_folder_of_certificates_counts_if_it_holds_some(certificate: Path, tmp_path: Path) -> None:
    folder = tmp_path / "certs"
    folder.mkdir()
    assert isinstance(_trusting_as_the_machine(paths(Path("/nowhere"), folder)), truststore.SSLContext)
    (folder / "0123abcd.0").write_bytes(certificate.read_bytes())
    assert type(_trusting_as_the_machine(paths(Path("/nowhere"), folder))) is ssl.SSLContext


def test_without_files_truststore_knows_better() -> None:
    context = _trusting_as_the_machine(paths(Path("/nowhere"), Path("/nowhere")))
    assert isinstance(context, truststore.SSLContext)
    assert context.verify_mode is ssl.CERT_REQUIRED


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the trust store is no file")
def test_the_environment_is_not_asked(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = client_context(Identity()).get_ca_certs()
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    monkeypatch.setenv("SSL_CERT_DIR", str(certificate.parent))
    assert client_context(Identity()).get_ca_certs() == before


@pytest.mark.parametrize("ca_file", [True, False])
def test_insecure_gives_up_both_checks(certificate: Path, ca_file: bool) -> None:
    context = client_context(Identity(insecure=True, ca_file=str(certificate) if ca_file else ""))
    assert context.verify_mode is ssl.CERT_NONE
    assert not context.check_hostname


def test_a_file_of_certificates_is_all_that_is_trusted(certificate: Path) -> None:
    context = client_context(Identity(ca_file=str(certificate)))
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert len(context.get_ca_certs()) == 1


def test_a_file_that_cannot_be_used_is_the_user_s_to_mend(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"^fetch.ca_file: .*/none cannot be read: No such file"):
        client_context(Identity(ca_file=str(tmp_path / "none")))
    (tmp_path / "text").write_text("no certificate")
    with pytest.raises(SettingsError, match=r"^fetch.ca_file: .*/text holds no certificates in PEM form"):
        client_context(Identity(ca_file=str(tmp_path / "text")))


# --- who one is


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def files_of(authority: trustme.CA, folder: Path) -> tuple[str, str, str]:
    """The files of an authority, of a certificate of a client, and of its key."""
    issued = authority.issue_cert("client@example.org")
    issued.cert_chain_pems[0].write_to_path(str(folder / "cert.pem"))
    issued.private_key_pem.write_to_path(str(folder / "key.pem"))
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    return str(folder / "ca.pem"), str(folder / "cert.pem"), str(folder / "key.pem")


def server_context(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
async def test_a_server_that_wants_a_certificate(authority: trustme.CA, tmp_path: Path, version: str) -> None:
    context = server_context(authority)
    context.maximum_version = ssl.TLSVersion[version]
    context.verify_mode = ssl.CERT_REQUIRED
    authority.configure_trust(context)
    ca_file, certificate, key = files_of(authority, tmp_path)
    both = tmp_path / "both.pem"
    both.write_bytes(Path(key).read_bytes() + Path(certificate).read_bytes())
    async with serving(always(OK), context=context) as server:
        for chosen in ({"client_cert": certificate, "client_key": key}, {"client_cert": str(both)}):
            async with fetching(settings(ca_file=ca_file, **chosen)) as fetcher:
                assert await get(fetcher, server.url) == b"ok"
        async with fetching(settings(ca_file=ca_file)) as fetcher:
            with pytest.raises(FetchError):
                await get(fetcher, server.url)


@pytest.mark.parametrize(
    ("certificate", "key", "words"),
    [
        ("none.pem", "", r"fetch.client_cert: .*none.pem cannot be read: No such file"),
        ("cert.pem", "none.pem", r"fetch.client_key: .*none.pem cannot be read: No such file"),
        ("", "key.pem", r"fetch.client_key: is the key of fetch.client_cert, which is missing"),
        ("cert.pem", "", r"fetch.client_cert: .*cert.pem and its key do not fit together"),
        ("cert.pem", "other.pem", r"fetch.client_cert: .*cert.pem and its key do not fit together"),
        ("cert.pem", "locked.pem", r"fetch.client_cert: .* are not in plain PEM form"),
    ],
)
def test_a_certificate_that_cannot_be_used_is_the_user_s_to_mend(
    authority: trustme.CA, tmp_path: Path, certificate: str, key: str, words: str
) -> None:
    """Nor is anybody asked for the password of a key, who may not be there."""
    _, cert_file, _ = files_of(authority, tmp_path)
    assert cert_file == str(tmp_path / "cert.pem")
    other = authority.issue_cert("other@example.org").private_key_pem.bytes()
    (tmp_path / "other.pem").write_bytes(other)
    locked = serialization.load_pem_private_key(other, None).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(b"x")
    )
    (tmp_path / "locked.pem").write_bytes(locked)
    names = [str(tmp_path / name) if name else "" for name in (certificate, key)]
    with pytest.raises(SettingsError, match=f"^{words}"):
        client_context(Identity(client_cert=names[0], client_key=names[1]))


async def test_a_certificate_that_cannot_be_used_is_said_at_once() -> None:
    with pytest.raises(SettingsError, match=r"^fetch.client_cert"):
        Dialer(settings(client_cert="/nowhere"))


async def test_the_oldest_version_that_is_spoken(authority: trustme.CA, tmp_path: Path) -> None:
    ca_file, _, _ = files_of(authority, tmp_path)
    context = server_context(authority)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    async with serving(always(OK), context=context) as server:
        old = Request(URL(server.url))
        async with fetching(settings(ca_file=ca_file)) as fetcher, fetcher.fetch(old) as response:
            assert response.contact.tls == "TLSv1.2"
        async with fetching(settings(ca_file=ca_file, min_tls="1.3")) as fetcher:
            with pytest.raises(FetchError):
                await get(fetcher, server.url)


async def test_a_host_of_old(authority: trustme.CA, tmp_path: Path) -> None:
    """TLS 1.0 is spoken with the host that is named, whose certificate is checked all the same."""
    context = server_context(authority)
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1
    ca_file, _, _ = files_of(authority, tmp_path)
    async with serving(always(OK), context=context) as server:
        hosts = {URL(server.url).site: HostSettings(legacy_tls=True)}
        old = Request(URL(server.url))
        async with fetching(settings(ca_file=ca_file), hosts=hosts) as fetcher, fetcher.fetch(old) as response:
            assert response.contact.tls == "TLSv1"
        for chosen, own in ((settings(ca_file=ca_file), {}), (settings(), hosts)):
            async with fetching(chosen, hosts=own) as fetcher:
                with pytest.raises(FetchError):
                    await get(fetcher, server.url)


def test_a_host_of_old_speaks_no_ssl_3_and_takes_unsafe_renegotiation() -> None:
    context = client_context(Identity(legacy=True))
    assert context.options & ssl.OP_NO_SSLv3
    assert context.options & OP_LEGACY_SERVER_CONNECT
    assert not client_context(Identity()).options & OP_LEGACY_SERVER_CONNECT
    assert context.verify_mode is ssl.CERT_REQUIRED


async def test_a_context_is_made_once_for_each_identity(authority: trustme.CA, tmp_path: Path) -> None:
    ca_file, _, _ = files_of(authority, tmp_path)
    dialer = Dialer(settings(ca_file=ca_file))
    one = Identity(ca_file=ca_file)
    assert dialer._context(one) is dialer._context(Identity(ca_file=ca_file))
    assert dialer._context(one) is not dialer._context(Identity(ca_file=ca_file, legacy=True))
