"""URLs met lately, in front of the table: what another mention of one could still change; it knows no row."""

from typing import Final

MOST: Final = 100_000
"""URLs remembered; of more, the first fourth is forgotten."""


class Front:
    """Of each URL the least depth it was named at, whether as a page, and whether to be followed."""

    __slots__ = ("_known", "_most")

    def __init__(self, most: int = MOST) -> None:
        self._known: dict[str, tuple[int, bool, bool]] = {}
        self._most = most

    def has(self, text: str, depth: int, is_page: bool, followed: bool) -> bool:
        """Whether a mention like this one, or one that counts more, was noted."""
        known = self._known.get(text)
        return known is not None and known[0] <= depth and known[1] >= is_page and known[2] >= followed

    def note(self, text: str, depth: int, is_page: bool, followed: bool) -> None:
        """Remember a mention, beside what is remembered of its URL."""
        known = self._known.get(text)
        if known is not None:
            depth, is_page, followed = min(depth, known[0]), is_page or known[1], followed or known[2]
        self._known[text] = (depth, is_page, followed)
        if len(self._known) > self._most:
            for old in list(self._known)[: self._most // 4]:
                del self._known[old]

    def forget(self, text: str) -> None:
        """The URL has changed by something else than a mention."""
        self._known.pop(text, None)
