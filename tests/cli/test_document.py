import pytest

from crawler.cli.document import PLAIN, explained, open_document, settings_of
from crawler.errors import ConnectError, DNSError, FetchError, SettingsError, TruncatedError


def test_failures_in_plain_words() -> None:
    assert explained(DNSError("no such host: x")) == "the name is not known (no such host: x)"
    assert explained(FetchError("odd")) == "odd"
    kinds = {error.kind for error in FetchError.__subclasses__()} | {TruncatedError.kind, ConnectError.kind, "reset"}
    assert kinds <= set(PLAIN)


def test_a_url_s_own_user_goes_before_the_one_for_all(capsys: pytest.CaptureFixture[str]) -> None:
    texts = ["https://joe:hunter2@a.example/x", "https://b.example/", "c.example:81"]
    addresses, settings = settings_of(texts, None, "polite", {"fetch": {"max_redirects": 3}}, "me:secret")
    assert [str(address.url) for address in addresses] == [
        "https://a.example/x", "https://b.example/", "http://c.example:81/",
    ]  # fmt: skip
    assert settings.fetch.max_redirects == 3
    assert settings.politeness.delay == 1.0
    own = {origin: (host.user, host.password) for origin, host in settings.hosts.items()}
    assert own == {
        "https://a.example": ("joe", "hunter2"),
        "https://b.example": ("me", "secret"),
        "http://c.example:81": ("me", "secret"),
    }
    assert capsys.readouterr().err == "taken as http://c.example:81/\n"


def test_two_users_for_one_origin_are_refused() -> None:
    with pytest.raises(SettingsError, match="two different users"):
        settings_of(["http://a:b@x.example/", "http://c:d@x.example/y"], None, None, {})


async def test_a_failure_names_the_url() -> None:
    with pytest.raises(FetchError, match=r"^http://127\.0\.0\.1:1/x: no connection \(connection refused by"):
        async with open_document("http://me:hunter2@127.0.0.1:1/x", None, None, {}):
            pass
