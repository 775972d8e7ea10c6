"""Decisions, asked of values: no event loop, no clock."""

import pytest

from crawler import policy
from crawler.errors import DecodingError, FetchTimeoutError, RedirectError, TLSError, TruncatedError, UnwantedError
from crawler.http1.events import ResponseHead
from crawler.http1.headers import Headers
from crawler.model import URL, Kind, Link, Outcome, Partial, Reference, Verdict, Visit
from crawler.settings import FetchSettings, Settings
from crawler.web.probe import Probe

NOW = 1_700_000_000.0
START = URL("http://a.example/docs/index.html")


def head(status: int, *fields: tuple[str, str]) -> ResponseHead:
    return ResponseHead((1, 1), status, "", Headers(fields), b"")


def rules(**table: dict[str, object]) -> policy.Rules:
    return policy.Rules.of(Settings.of(table), [START])


def reference(text: str, kind: Kind = Kind.PAGE, nofollow: bool = False) -> Reference:
    return Reference(URL(text), kind, "a", "href", {}, "", nofollow)


class TestRules:
    def refuse(self, text: str, kind: Kind = Kind.PAGE, depth: int = 1, **table: dict[str, object]) -> str | None:
        return rules(**table).refuse(Link(URL(text), kind, depth, 0, START))

    def test_pages_within_the_start_path(self) -> None:
        assert self.refuse("http://a.example/docs/x") is None
        assert self.refuse("http://a.example/other") == "scope"
        assert self.refuse("http://b.example/docs/x") == "scope"

    def test_images_from_every_path_of_the_host_and_from_others_only_when_asked(self) -> None:
        assert self.refuse("http://a.example/img/x.png", Kind.IMAGE) is None
        assert self.refuse("http://cdn.example/x.png", Kind.IMAGE) == "scope"
        assert self.refuse("http://cdn.example/x.png", Kind.IMAGE, images={"any_host": True}) is None
        assert self.refuse("http://a.example/docs/x.png", Kind.IMAGE, images={"enabled": False}) == "scope"

    def test_exclude_holds_for_images_and_include_does_not(self) -> None:
        assert self.refuse("http://a.example/i.png", Kind.IMAGE, scope={"exclude": ["*.png"]}) == "scope"
        assert self.refuse("http://a.example/i.png", Kind.IMAGE, scope={"include": ["*/docs/*"]}) is None

    def test_a_url_may_be_so_long(self) -> None:
        start = "http://a.example/docs/"
        assert self.refuse(start + "x" * 42, scope={"max_url": 64}) is None
        assert self.refuse(start + "x" * 43, scope={"max_url": 64}) == "url"

    def test_depth(self) -> None:
        assert self.refuse("http://a.example/docs/x", depth=2, crawl={"max_depth": 2}) is None
        assert self.refuse("http://a.example/docs/x", depth=3, crawl={"max_depth": 2}) == "limit"

    def test_a_start_url_is_always_followed_and_widens_the_scope_where_it_moved_to(self) -> None:
        moved = Link(START).moved(URL("https://www.b.example/"))
        assert rules().refuse(moved) is None
        wider = rules().with_root(moved.url)
        assert wider.refuse(Link(URL("https://www.b.example/x"), Kind.PAGE, 1, 0, START)) is None

    def test_judge_gives_each_reference_its_word_and_equal_ones_one_link(self) -> None:
        first = reference("http://a.example/docs/1")
        references = [
            first,
            first._replace(text="once more"),
            reference("http://b.example/"),
            reference("mailto:x@a.example"),
            reference("http://x/")._replace(url=None),
            reference("http://a.example/docs/2", nofollow=True),
        ]
        found = rules().judge(Link(START), references)
        assert [one.refused for one in found] == [None, None, "scope", "scheme", "url", "nofollow"]
        assert found[0].link is found[1].link
        assert found[0].link == Link(URL("http://a.example/docs/1"), Kind.PAGE, 1, 0, START)
        assert [one.link is None for one in found] == [False, False, False, True, True, False]

    def test_images_are_numbered_in_their_order_links_to_them_too(self) -> None:
        image, kind = "http://a.example/docs/", Kind.IMAGE
        references = [
            reference("http://a.example/docs/page"),
            reference(f"{image}1.png", kind),
            reference("data:image/png;base64,AAAA", kind),
            reference(f"{image}2.png")._replace(role="link"),
            reference(f"{image}1.png", kind),
            reference(f"{image}2.png", kind),
            reference("http://b.example/3.png", kind),
            reference(f"{image}4.png", kind),
        ]
        links = [one.link for one in rules().judge(Link(START), references)]
        assert [link and link.place for link in links] == [0, 1, None, 2, 1, 2, 3, 4]

    def test_a_linked_image_is_asked_for_as_one_where_all_are_wanted_and_it_may_not_be_as_a_page(self) -> None:
        texts = ("http://a.example/docs/1.png", "http://a.example/img/2.png", "http://b.example/3.png")
        references = [reference(text)._replace(role="link") for text in texts]
        references += [reference("http://a.example/img/4.png", nofollow=True)._replace(role="link")]
        all_images, deep = {"sources": "all", "any_host": True}, {"max_depth": 0}

        def wishes(**table: dict[str, object]) -> list[tuple[str | None, Kind, int]]:
            found = rules(**table).judge(Link(START), references)
            return [(one.refused, one.link.kind, one.link.depth) for one in found if one.link is not None]

        page, image, closed = (None, Kind.PAGE, 1), (None, Kind.IMAGE, 0), ("nofollow", Kind.PAGE, 1)
        beyond = ("scope", Kind.PAGE, 1)
        assert wishes() == [page, beyond, beyond, closed]
        assert wishes(images={"sources": "all"}) == [page, image, beyond, closed]
        assert wishes(images=all_images) == [page, image, image, closed]
        assert wishes(images=all_images, crawl=deep) == [image, image, image, closed]
        assert wishes(images=all_images, scope={"exclude": ["*.png"]}) == [beyond] * 3 + [closed]

    def test_a_page_may_ask_to_leave_its_images_alone_those_it_links_to_as_well(self) -> None:
        references = [
            reference("http://a.example/docs/page"),
            reference("http://a.example/1.png", Kind.IMAGE),
            reference("http://a.example/docs/2.png")._replace(role="link"),
            reference("http://b.example/3.png", Kind.IMAGE),
        ]
        closed = [None, "noai", "noai", "scope"]
        asking = [one._replace(noai=True) for one in references]
        assert [one.refused for one in rules().judge(Link(START), references, noai=True)] == closed
        assert [one.refused for one in rules().judge(Link(START), asking)] == closed
        found = rules(politeness={"noai": False}).judge(Link(START), asking, noai=True)
        assert [one.refused for one in found] == [None, None, None, "scope"]

    def test_nofollow_of_the_head_holds_for_all_pages_but_not_for_what_it_shows(self) -> None:
        references = [reference("http://a.example/docs/1"), reference("http://a.example/i.png", Kind.IMAGE)]
        found = rules().judge(Link(START), references, nofollow=True)
        assert [one.refused for one in found] == ["nofollow", None]

    def test_nofollow_goes_before_scope_so_that_a_wider_one_does_not_forget_it(self) -> None:
        assert rules().refuse(Link(URL("http://b.example/"), Kind.PAGE, 1, 0, START), nofollow=True) == "nofollow"

    def test_nofollow_can_be_switched_off(self) -> None:
        loose = rules(politeness={"nofollow": False})
        assert loose.judge(Link(START), [reference("http://a.example/docs/1", nofollow=True)])[0].refused is None


class TestRedirects:
    @pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
    def test_followed(self, status: int) -> None:
        assert policy.next_hop(START, head(status, ("Location", "../x?y#z"))) == URL("http://a.example/x?y")

    @pytest.mark.parametrize("status", [200, 300, 304, 305, 404])
    def test_others_are_none(self, status: int) -> None:
        assert policy.next_hop(START, head(status, ("Location", "/x"))) is None

    def test_bytes_in_a_location_are_escaped_as_they_are(self) -> None:
        raw = "/ü".encode().decode("latin-1")
        assert str(policy.next_hop(START, head(301, ("Location", raw)))) == "http://a.example/%C3%BC"
        assert str(policy.next_hop(START, head(301, ("Location", "/\xfc")))) == "http://a.example/%FC"

    @pytest.mark.parametrize(
        "fields", [(), (("Location", ""),), (("Location", "http://[x"),), (("Location", "/a"), ("Location", "/b"))]
    )
    def test_that_lead_nowhere(self, fields: tuple[tuple[str, str], ...]) -> None:
        with pytest.raises(RedirectError):
            policy.next_hop(START, head(301, *fields))

    def outcome(self, link: Link, location: str, most: int = 20) -> Outcome | None:
        return policy.redirected(link, head(302, ("Location", location)), rules(), most)

    def test_become_a_link_with_one_more_hop(self) -> None:
        outcome = self.outcome(Link(START, Kind.PAGE, 1, 3, START), "/docs/y")
        assert outcome is not None
        assert outcome.verdict is Verdict.REDIRECTED
        assert outcome.moved == Link(URL("http://a.example/docs/y"), Kind.PAGE, 1, 4, START)

    @pytest.mark.parametrize(
        ("location", "word"),
        [
            ("http://evil.example/", "scope"),
            ("file:///etc/passwd", "scheme"),
            ("", "redirect"),
        ],
    )
    def test_that_may_not_be_followed_say_why(self, location: str, word: str) -> None:
        outcome = self.outcome(Link(START, Kind.PAGE, 1, 0, START), location)
        assert outcome is not None
        assert (outcome.verdict, outcome.error) == (Verdict.FAILED, word)

    def test_have_an_end(self) -> None:
        link = Link(START, Kind.PAGE, 1, 20, START)
        outcome = self.outcome(link, "/docs/y")
        assert outcome is not None
        assert outcome.error == "redirect"

    def test_a_plain_answer_is_none(self) -> None:
        assert policy.redirected(Link(START), head(200), rules(), 20) is None


class TestRetry:
    def test_what_may_end_better(self) -> None:
        assert policy.is_retryable(Outcome(Verdict.FAILED), FetchTimeoutError("x"))
        assert policy.is_retryable(Outcome(Verdict.FAILED), TruncatedError("x"))
        assert not policy.is_retryable(Outcome(Verdict.FAILED), TLSError("x"))
        assert not policy.is_retryable(Outcome(Verdict.FAILED), DecodingError("x"))
        assert policy.is_retryable(Outcome(Verdict.REJECTED, head=head(503)), None)
        assert not policy.is_retryable(Outcome(Verdict.REJECTED, head=head(404)), None)
        assert not policy.is_retryable(Outcome(Verdict.SAVED, head=head(200)), None)

    def test_waits_double_within_their_jitter_and_end(self) -> None:
        settings = FetchSettings(max_retries=3, retry_wait=1.0, max_retry_wait=3.0)
        waits = [policy.retry_in(Visit(Link(START), attempt, 1), settings, 1.0) for attempt in (1, 2, 3, 4)]
        assert waits == [1.0, 2.0, 3.0, None]
        assert policy.retry_in(Visit(Link(START), 2, 1), settings, 0.0) == 1.0

    def test_many_failures_do_not_overflow(self) -> None:
        assert policy.backoff(5_000, 1.0, 60.0, 1.0) == 60.0

    @pytest.mark.parametrize(
        ("text", "seconds"),
        [
            ("7", 7.0),
            ("0", 0.0),
            ("100000", 100_000.0),
            ("9" * 5_000, 999_999_999_999.0),
            ("Tue, 14 Nov 2023 22:14:20 GMT", 60.0),
            ("Tue, 14 Nov 2000 22:14:20 GMT", 0.0),
            ("-5", None),
            ("1_0", None),
            ("٣", None),
            ("soon", None),
            ("", None),
        ],
    )
    def test_retry_after(self, text: str, seconds: float | None) -> None:
        assert policy.retry_after(head(503, ("Retry-After", text)), NOW) == seconds

    def test_retry_after_means_something_with_429_and_503_only(self) -> None:
        assert policy.retry_after(head(429, ("Retry-After", "7")), NOW) == 7.0
        assert policy.retry_after(head(500, ("Retry-After", "7")), NOW) is None


class TestHostFailure:
    @pytest.mark.parametrize("word", ["dns", "connect", "timeout", "reset", "proxy"])
    def test_there_was_no_answer(self, word: str) -> None:
        assert policy.is_host_failure(Outcome(Verdict.FAILED, error=word))
        assert policy.is_host_failure(Outcome(Verdict.FAILED, error=word, asked_at=NOW))

    def test_an_answer_never_is_one(self) -> None:
        assert not policy.is_host_failure(Outcome(Verdict.REJECTED, head=head(500), error="status"))
        assert not policy.is_host_failure(Outcome(Verdict.FAILED, head=head(200), error="reset", asked_at=NOW))
        assert not policy.is_host_failure(Outcome.failed(TLSError("no trust")))

    def test_a_busy_host_says_so(self) -> None:
        assert policy.is_busy(Outcome(Verdict.REJECTED, head=head(429)))
        assert policy.is_busy(Outcome(Verdict.REJECTED, head=head(503)))
        assert not policy.is_busy(Outcome(Verdict.REJECTED, head=head(500)))
        assert not policy.is_busy(Outcome(Verdict.SAVED, head=head(200)))


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ((), False),
        (("nofollow",), True),
        (("noindex, NOFOLLOW",), True),
        (("none",), True),
        (("crawler: nofollow",), True),
        (("otherbot: nofollow",), False),
        (("otherbot: nofollow", "nofollow"), True),
        (("unavailable_after: 25 Jun 2030 15:00:00 PST",), False),
        (("noindex",), False),
        (("max-image-preview:large, nofollow",), True),
    ],
)
def test_x_robots_tag(lines: tuple[str, ...], expected: bool) -> None:
    fields = [("X-Robots-Tag", line) for line in lines]
    assert policy.robots_nofollow(head(200, *fields), "crawler") is expected


@pytest.mark.parametrize(
    ("parent", "url", "expected"),
    [
        (None, "http://a/", None),
        ("http://a/x?y", "http://a/z", "http://a/x?y"),
        ("http://a/x?y", "http://b/", "http://a/"),
        ("http://a/x", "https://a/", "http://a/"),
        ("https://a/x", "http://a/", None),
        ("https://a/x", "https://b/", "https://a/"),
    ],
)
def test_referer(parent: str | None, url: str, expected: str | None) -> None:
    assert policy.referer(Link(URL(url), parent=URL(parent) if parent else None)) == expected


def test_the_rest_of_a_document_goes_on_where_it_broke_off() -> None:
    partial = Partial("x", 100, '"v"')
    assert policy.is_rest_of(partial, head(206, ("Content-Range", "bytes 100-199/200")))
    assert policy.is_rest_of(partial, head(206, ("Content-Range", "bytes 100-199/*")))
    assert not policy.is_rest_of(partial, head(200, ("Content-Range", "bytes 100-199/200")))
    assert not policy.is_rest_of(partial, head(206, ("Content-Range", "bytes 100-198/200")))
    assert not policy.is_rest_of(partial, head(206, ("Content-Range", "bytes 0-199/200")))
    assert not policy.is_rest_of(partial, head(206))
    assert not policy.is_rest_of(partial, head(206, ("Content-Range", "bytes 100-99/100")))


@pytest.mark.parametrize(
    ("total", "said", "is_rest"),
    [(200, "200", True), (200, "*", True), (300, "200", False), (300, "*", False), (None, "300", False)],
)
def test_the_rest_ends_where_the_document_was_said_to_end(total: int | None, said: str, is_rest: bool) -> None:
    partial = Partial("x", 100, '"v"', total)
    assert policy.is_rest_of(partial, head(206, ("Content-Range", f"bytes 100-199/{said}"))) is is_rest


DATE = "Tue, 14 Nov 2023 22:13:20 GMT"


@pytest.mark.parametrize(
    ("validator", "field", "is_rest"),
    [
        ('"v"', ("ETag", '"v"'), True),
        ('"v"', ("ETag", '"w"'), False),
        ('"v"', ("ETag", 'W/"v"'), False),
        ('"v"', ("Last-Modified", DATE), True),
        (DATE, ("Last-Modified", DATE), True),
        (DATE, ("Last-Modified", "Wed, 15 Nov 2023 22:13:20 GMT"), False),
        (DATE, ("ETag", "none"), True),
        ('"v"', ("Content-Length", "100"), True),
        ('"v"', ("Content-Length", "99"), False),
        ('"v"', ("Content-Length", "101"), False),
        ('"v"', ("Content-Encoding", "gzip"), False),
    ],
)
def test_the_rest_is_of_the_same_document_and_as_long_as_it_says(
    validator: str, field: tuple[str, str], is_rest: bool
) -> None:
    assert (
        policy.is_rest_of(Partial("x", 100, validator), head(206, ("Content-Range", "bytes 100-199/200"), field))
        is is_rest
    )


@pytest.mark.parametrize(
    ("status", "field", "size"),
    [
        (200, ("Content-Length", "7"), 7),
        (200, ("Content-Range", "bytes 1-2/3"), None),
        (206, ("Content-Range", "bytes 100-199/200"), 200),
        (206, ("Content-Range", "bytes 100-199/*"), 200),
        (206, ("Content-Length", "7"), None),
    ],
)
def test_how_large_the_whole_is(status: int, field: tuple[str, str], size: int | None) -> None:
    assert policy.whole_size(head(status, field)) == size


class TestImages:
    PROBE = Probe("image/jpeg", 300, 200, None)

    def word(self, length: str = "5000", **wishes: object) -> str | None:
        settings = Settings.of({"images": wishes}).images
        try:
            policy.check_image(self.PROBE, policy.declared_size(head(200, ("Content-Length", length))), settings)
        except UnwantedError as error:
            return error.word
        return None

    def test_nothing_is_asked_by_default(self) -> None:
        assert self.word() is None

    @pytest.mark.parametrize(
        ("wishes", "word"),
        [
            ({"types": ["jpg", "png"]}, None),
            ({"types": ["png"]}, "type"),
            ({"min_width": 300}, None),
            ({"min_width": 301}, "too-small"),
            ({"min_height": 201}, "too-small"),
            ({"max_width": 300}, None),
            ({"max_width": 299}, "too-large"),
            ({"max_height": 199}, "too-large"),
            ({"min_size": 5001}, "too-small"),
            ({"max_size": 4999}, "too-large"),
            ({"max_size": 5000}, None),
            ({"max_aspect": 1.5}, None),
            ({"max_aspect": 1.49}, "aspect"),
        ],
    )
    def test_bounds(self, wishes: dict[str, object], word: str | None) -> None:
        assert self.word(**wishes) == word

    def test_what_is_not_known_is_not_held_against_it(self) -> None:
        unknown = Probe("image/tiff", None, None, None)
        settings = Settings.of({"images": {"min_width": 10, "max_size": 10, "max_aspect": 2}}).images
        policy.check_image(unknown, policy.declared_size(head(200)), settings)

    @pytest.mark.parametrize("fields", [(), (("Content-Length", "1"), ("Content-Encoding", "gzip"))])
    def test_a_size_that_is_not_the_documents_is_none(self, fields: tuple[tuple[str, str], ...]) -> None:
        assert policy.declared_size(head(200, *fields)) is None
