"""Which credential belongs to which origin."""

import re
from pathlib import Path

import pytest

from crawler.errors import SettingsError
from crawler.model import URL
from crawler.net.auth import Credential
from crawler.net.credentials import Credentials, read_netrc
from crawler.settings import HostSettings


def user_for(credentials: Credentials, url: str) -> str | None:
    credential = credentials.credential_for(URL(url))
    return None if credential is None else credential.user


def test_a_section_named_by_its_origin_goes_first() -> None:
    hosts = {"a.test": HostSettings(user="site"), "https://a.test": HostSettings(user="origin")}
    credentials = Credentials(hosts, {}, "")
    assert user_for(credentials, "http://a.test/") == "site"
    assert user_for(credentials, "https://a.test/") == "origin"
    assert user_for(credentials, "https://a.test:8443/") is None
    assert user_for(credentials, "https://www.a.test/") is None


def test_what_is_given_for_an_origin_goes_before_all() -> None:
    credentials = Credentials({"a.test": HostSettings(user="site")}, {"https://a.test": ("given", "x")}, "")
    assert user_for(credentials, "https://a.test/") == "given"
    assert user_for(credentials, "http://a.test/") == "site"


@pytest.mark.parametrize(
    ("own", "credential"),
    [
        (HostSettings(), None),
        (HostSettings(user="u"), Credential("u", "")),
        (HostSettings(password="p"), Credential("", "p")),
        (HostSettings(user="u", password="p", auth="digest"), Credential("u", "p", None, "digest")),
        (HostSettings(user="u", password="p", token="t"), Credential(token="t")),
    ],
)
def test_what_a_section_says(own: HostSettings, credential: Credential | None) -> None:
    assert Credentials({"a.test": own}, {}, "").credential_for(URL("http://a.test/")) == credential


def test_how_to_sign_in_may_be_said_apart() -> None:
    credentials = Credentials({"a.test": HostSettings(auth="digest")}, {"http://a.test": ("u", "p")}, "")
    assert credentials.credential_for(URL("http://a.test/")) == Credential("u", "p", None, "digest")


def test_netrc_goes_by_the_exact_host(tmp_path: Path) -> None:
    file = tmp_path / "netrc"
    file.write_text("machine a.test login u password p\nmachine b.test login v\ndefault login d password e\n")
    credentials = Credentials({}, {}, str(file))
    for url, user in {
        "http://a.test/": "u", "https://a.test:8443/": "u", "http://b.test/": "v",
        "http://www.a.test/": None, "http://a.test.evil/": None, "http://default/": None, "http://a/": None,
    }.items():  # fmt: skip
        assert user_for(credentials, url) == user
    credentials = Credentials({"a.test": HostSettings(user="mine", auth="digest")}, {}, str(file))
    assert user_for(credentials, "http://a.test/") == "mine"


def test_a_netrc_file_that_cannot_be_used_is_the_user_s_to_mend_and_shows_no_secret(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"^fetch.netrc: .*/none cannot be read: No such file"):
        read_netrc(str(tmp_path / "none"))
    (tmp_path / "text").write_text("machine a.test\nlogin u pasword hunter2\n")
    with pytest.raises(SettingsError, match=re.escape("text is no netrc file: line 2")) as caught:
        read_netrc(str(tmp_path / "text"))
    assert "hunter2" not in str(caught.value)
    (tmp_path / "odd").write_bytes(b"machine a.test login u password \xff\n")
    with pytest.raises(SettingsError, match="odd is no netrc file: not a text"):
        read_netrc(str(tmp_path / "odd"))
