"""Which credential belongs to which origin; it sends none.

A credential that was given for an origin is for its scheme, host and port alone. One given for a host (in a section
named without a scheme, or in a netrc file) is for that host by either scheme.
"""

from collections.abc import Mapping
from netrc import NetrcParseError, netrc
from pathlib import Path

from crawler.errors import SettingsError
from crawler.net.auth import Credential, Scheme
from crawler.settings import HostSettings
from crawler.web.url import URL

Given = Mapping[str, tuple[str, str]]
"""(user, password) by origin, or by the name of a host."""


class Credentials:
    """The credentials of all origins: those `given` by origin come first, then those of `hosts`, then the netrc's."""

    def __init__(self, hosts: Mapping[str, HostSettings], given: Given, netrc_file: str) -> None:
        self._hosts = hosts
        self._given = given
        self._netrc = read_netrc(netrc_file) if netrc_file else {}

    def credential_for(self, url: URL) -> Credential | None:
        """What proves to the origin of `url` who asks."""
        sections = [self._hosts[name] for name in (url.origin, url.site) if name in self._hosts]
        scheme: Scheme = next((own.auth for own in sections if own.auth != "auto"), "auto")
        if url.origin in self._given:
            return Credential(*self._given[url.origin], scheme=scheme)
        for own in sections:
            if own.token is not None:
                return Credential(token=own.token)
            if own.user is not None or own.password is not None:
                return Credential(own.user or "", own.password or "", scheme=scheme)
        if url.host in self._netrc:
            return Credential(*self._netrc[url.host], scheme=scheme)
        return None


def read_netrc(file: str) -> Given:
    """(user, password) by host; an entry for all other hosts (`default`) is none."""
    try:
        hosts = netrc(Path(file).expanduser()).hosts
    except OSError as error:
        raise SettingsError(f"fetch.netrc: {file} cannot be read: {error.strerror}") from error
    except NetrcParseError as error:
        # Its text may hold a password.
        raise SettingsError(f"fetch.netrc: {file} is no netrc file: line {error.lineno}") from None
    except UnicodeDecodeError:
        raise SettingsError(f"fetch.netrc: {file} is no netrc file: not a text") from None
    return {host: (user, password or "") for host, (user, _, password) in hosts.items() if host != "default"}
