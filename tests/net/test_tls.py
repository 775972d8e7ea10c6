"""Whom a client trusts."""

import ssl
import sys
from pathlib import Path

import pytest
import trustme
import truststore

from crawler.errors import SettingsError
from crawler.net.tls import _trusting_as_the_machine, client_context
from crawler.settings import FetchSettings


def test_the_machine_s_own_trust_is_the_rule() -> None:
    context = client_context(FetchSettings())
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
    before = client_context(FetchSettings()).get_ca_certs()
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    monkeypatch.setenv("SSL_CERT_DIR", str(certificate.parent))
    assert client_context(FetchSettings()).get_ca_certs() == before


@pytest.mark.parametrize("ca_file", [True, False])
def test_insecure_gives_up_both_checks(certificate: Path, ca_file: bool) -> None:
    context = client_context(FetchSettings(insecure=True, ca_file=str(certificate) if ca_file else ""))
    assert context.verify_mode is ssl.CERT_NONE
    assert not context.check_hostname


def test_a_file_of_certificates_is_all_that_is_trusted(certificate: Path) -> None:
    context = client_context(FetchSettings(ca_file=str(certificate)))
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert len(context.get_ca_certs()) == 1


def test_a_file_that_cannot_be_used_is_the_user_s_to_mend(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"^fetch.ca_file: .*/none cannot be read: No such file"):
        client_context(FetchSettings(ca_file=str(tmp_path / "none")))
    (tmp_path / "text").write_text("no certificate")
    with pytest.raises(SettingsError, match=r"^fetch.ca_file: .*/text holds no certificates in PEM form"):
        client_context(FetchSettings(ca_file=str(tmp_path / "text")))
