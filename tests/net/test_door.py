"""What is said to one origin and to no other."""

import pytest

from crawler.errors import SettingsError
from crawler.model import URL
from crawler.net.door import Door, Doors
from crawler.net.proxy import Proxies, Proxy
from crawler.net.tls import Identity
from crawler.settings import FetchSettings, HostSettings


def doors(proxies: Proxies | None = None, **hosts: HostSettings) -> Doors:
    named = {name.replace("_", "."): own for name, own in hosts.items()}
    return Doors(FetchSettings(user_agent="spy"), named, {}, proxies or Proxies({}), lambda: 0.0)


def names_of(door: Door) -> list[str]:
    return [name for name, _ in door.fields]


def test_a_host_s_own_fields_replace_those_of_their_name() -> None:
    own = HostSettings(headers=(("user-agent", "other"), ("X-Key", "1")))
    door = doors(a_test=own).door_to(URL("https://a.test/"))
    assert door.fields[-2:] == own.headers
    assert names_of(door) == ["Host", "Accept", "Accept-Encoding", "user-agent", "X-Key"]
    assert "X-Key" not in names_of(doors(a_test=own).door_to(URL("http://www.a.test/")))
    assert "X-Key" not in names_of(doors(a_test=own).door_to(URL("http://a.test:8080/")))


def test_the_fields_of_an_origin_replace_those_of_its_host() -> None:
    hosts = {
        "a.test": HostSettings(headers=(("X-A", "site"), ("X-B", "site"))),
        "https://a.test": HostSettings(headers=(("x-a", "origin"),)),
    }
    door = Doors(FetchSettings(), hosts, {}, Proxies({}), lambda: 0.0).door_to(URL("https://a.test/"))
    assert door.fields[-2:] == (("X-B", "site"), ("x-a", "origin"))


@pytest.mark.parametrize("field", [("X Y", "hunter2"), ("", "x"), ("X", "ha\u0142"), ("Content-Length", "hunter2")])
def test_a_field_that_cannot_be_sent_is_said_at_once_and_its_value_is_not(field: tuple[str, str]) -> None:
    words = rf'^hosts."a\.test"\.headers: \'{field[0]}\' is no header field that can be sent$'
    with pytest.raises(SettingsError, match=words):
        doors(a_test=HostSettings(headers=(field,)))


def test_an_authorization_of_the_settings_own_is_all_that_is_sent() -> None:
    own = HostSettings(user="u", password="p", headers=(("authorization", "Own word"),))
    assert doors(a_test=own).door_to(URL("http://a.test/")).login is None


def test_a_host_may_be_named_otherwise() -> None:
    own = HostSettings(headers=(("Host", "b.test"),))
    assert ("Host", "b.test") in doors(a_test=own).door_to(URL("http://a.test/")).fields


def test_a_proxy_takes_the_host_from_the_url_and_an_origin_hears_nothing_of_the_proxy() -> None:
    own = HostSettings(headers=(("Host", "b.test"), ("Proxy-Authorization", "Basic bWU6eA==")))
    fields = doors(a_test=own).door_to(URL("http://a.test/")).fields
    assert ("Host", "b.test") in fields
    assert "Proxy-Authorization" not in dict(fields)
    door = doors(Proxies({"http": Proxy("http", "p", 80)}), a_test=own).door_to(URL("http://a.test/"))
    assert dict(door.fields_with((("HOST", "c.test"), ("X-A", "1"))))["Host"] == "a.test"
    assert "HOST" not in dict(door.fields_with((("HOST", "c.test"),)))
    assert dict(door.fields)["Proxy-Authorization"] == "Basic bWU6eA=="


def test_old_tls_is_for_one_host_alone() -> None:
    one = doors(a_test=HostSettings(legacy_tls=True))
    assert one.door_to(URL("https://a.test/")).route.identity == Identity(legacy=True)
    assert one.door_to(URL("https://b.test/")).route.identity == Identity()
    assert one.door_to(URL("http://a.test/")).route.identity is None


def test_a_proxy_that_reads_requests_is_told_the_whole_url_and_who_is_asking() -> None:
    proxy = Proxy("http", "p", 80, "me", "x")
    one = doors(Proxies({"http": proxy, "https": proxy}))
    url = URL("http://a.test/b?c#d")
    door = one.door_to(url)
    assert door.target_of(url) == "http://a.test/b?c"
    assert ("Proxy-Authorization", "Basic bWU6eA==") in door.fields
    door = one.door_to(URL("https://a.test/b?c"))
    assert door.target_of(URL("https://a.test/b?c")) == "/b?c"
    assert "Proxy-Authorization" not in names_of(door)


def test_rates_add_up() -> None:
    settings = FetchSettings(max_rate=1_000_000)
    hosts = {"a.test": HostSettings(max_rate=100_000)}
    one = Doors(settings, hosts, {}, Proxies({}), lambda: 0.0)
    throttle = one.door_to(URL("http://a.test/")).throttle
    other = one.door_to(URL("http://b.test/")).throttle
    assert throttle is not None
    assert other is not None
    assert throttle.piece == 5000
    assert other.piece == 50_000
    secure = one.door_to(URL("https://a.test/")).throttle
    assert secure is not None
    assert secure._buckets == throttle._buckets, "a host has one rate, whatever the scheme"
    assert other._buckets[0] is throttle._buckets[0]
    assert Doors(FetchSettings(), hosts, {}, Proxies({}), lambda: 0.0).door_to(URL("http://b.test/")).throttle is None
