"""Every format, as people and programs write it, and as it breaks."""

import csv
import io
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.errors import SettingsError
from crawler.lists.formats import COLUMNS, LONGEST_RECORD, RECORD_LINES
from crawler.lists.lines import FIRST_BLOCK, LONGEST_LINE
from crawler.lists.reader import FormatName, ListReader
from crawler.model import URL, Row

A, B = "http://a.example/1.png", "http://a.example/2.png"


def read(content: str | bytes, format: FormatName = "auto", **columns: str) -> list[Row]:
    reader = ListReader(io.BytesIO(content.encode() if isinstance(content, str) else content), format, **columns)
    rows: list[Row] = []
    while batch := reader.read(1000):
        rows += batch
    return rows


def said(rows: list[Row]) -> list[tuple[str, str, dict[str, str] | None, str | None]]:
    return [(row.text, row.caption, row.columns, row.error) for row in rows]


def table(content: str | bytes, format: FormatName = "csv") -> list[tuple[str, str, dict[str, str] | None, str | None]]:
    return said(read(content, format))


# ------------------------------------------------------------------------------------------------------- text


def test_text_is_a_url_a_line() -> None:
    rows = read(f"# images\r\n{A}\r\n\r\n  {B}  \n\t\n#{A}\nx.png", "text")
    assert rows == [Row(1, A, URL(A)), Row(2, B, URL(B)), Row(3, "x.png", None, error="url")]


def test_bytes_that_are_no_utf_8_are_replaced() -> None:
    assert read(b"http://a.example/\xff\xfe\n", "text")[0].url == URL("http://a.example/\ufffd\ufffd")


def test_a_byte_order_mark_belongs_to_no_row() -> None:
    assert read(f"\ufeff{A}\n", "text")[0].text == A
    assert table(f"\ufeffurl\n{A}\n") == [(A, "", None, None)]
    assert table(f'\ufeff{{"url": "{A}"}}', "jsonl") == [(A, "", None, None)]


# ------------------------------------------------------------------------------------------------------- tables


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_header_tells_the_delimiter_and_the_columns(delimiter: str) -> None:
    content = delimiter.join(["width", "URL", "Caption"]) + "\r\n" + delimiter.join(["3", A, "a cat"]) + "\r\n"
    assert read(content, "csv") == [Row(1, A, URL(A), "a cat", {"width": "3"})]


def test_tsv_is_apart_by_tabs_whatever_its_header_has_more_of() -> None:
    assert table(f"a,b,c\turl\n1\t{A}\n", "tsv") == [(A, "", {"a,b,c": "1"}, None)]


def test_the_columns_can_be_named() -> None:
    rows = read(f"link,alt,caption\n{A},a cat,x\n", "csv", url_column="LINK", caption_column="alt")
    assert said(rows) == [(A, "a cat", {"caption": "x"}, None)]


def test_of_columns_alike_the_one_spelt_the_same_is_taken() -> None:
    assert table(f"URL,url\nx,{A}\n") == [(A, "", {"URL": "x"}, None)]
    assert table(f'{{"URL": "x", "url": "{A}"}}', "jsonl") == [(A, "", {"URL": "x"}, None)]


def test_quoted_fields_have_delimiters_quotes_and_line_ends_in_them() -> None:
    content = f'url,caption\r\n{A},"one, ""two""\r\nthree\n\n#four"\r\n"{B}",five\r\n'
    assert table(content) == [(A, 'one, "two"\r\nthree\n\n#four', None, None), (B, "five", None, None)]


FIELD = st.text(st.sampled_from('ab ,;\t"\n\u00e4'), max_size=6)


@settings(deadline=None)
@given(st.lists(st.tuples(FIELD, FIELD, FIELD), max_size=8), st.sampled_from(",;\t"), st.booleans())
def test_what_the_csv_module_writes_is_read(rows: list[tuple[str, str, str]], delimiter: str, quote_all: bool) -> None:
    file = io.StringIO()
    quoting = csv.QUOTE_ALL if quote_all else csv.QUOTE_MINIMAL
    writer = csv.writer(file, delimiter=delimiter, quoting=quoting, lineterminator="\r\n")
    writer.writerow(["url", "caption", "more", "and"])
    writer.writerows([A, *row] for row in rows)
    assert table(file.getvalue()) == [(A, one, {"more": two, "and": three}, None) for one, two, three in rows]


def test_blank_lines_are_no_rows_and_empty_fields_are() -> None:
    rows = read(f"\n  \nurl,caption\n\n{A},\n \r\n,x\n", "csv")
    assert [(row.number, row.text, row.caption, row.error) for row in rows] == [(1, A, "", None), (2, "", "x", "url")]


def test_fields_too_few_or_without_a_name_are_called_by_their_position() -> None:
    assert table(f"url,,b,b,column 5\n{A},1,2,3,4,5,6\n{B},1\n") == [
        (A, "", {"column 2": "1", "b": "2", "column 4": "3", "column 5": "4", "column 6": "5", "column 7": "6"}, None),
        (B, "", {"column 2": "1"}, None),
    ]
    assert table(f"column 2,,url\n1,2,{A}\n") == [(A, "", {"column 2": "1", "column 2'": "2"}, None)]


@pytest.mark.parametrize("format", ["csv", "tsv", "jsonl", "text", "auto"])
def test_a_list_of_nothing_has_no_rows(format: FormatName) -> None:
    assert read("", format) == read("\n\n", format) == []


def test_a_missing_column_names_those_there_are() -> None:
    content = "link,user:secret@host\x1b," + ",".join("abcdefghijklmnopqrstuvw") + "\n"
    with pytest.raises(SettingsError) as raised:
        read(content, "csv", url_column="href")
    line = str(raised.value)
    assert line.startswith(
        "the list: has no column 'href' (images.url_column); there are: 'link', '...@host\\x1b', 'a'"
    )
    assert line.endswith("'r' and 5 more")
    assert "secret" not in line
    assert "\n" not in line


@pytest.mark.parametrize(
    "header", ['"url,caption', "url," * (COLUMNS + 1), "url," + "x" * LONGEST_RECORD, '"url\n' * RECORD_LINES]
)
def test_a_header_that_cannot_be_read_is_an_error(header: str) -> None:
    with pytest.raises(SettingsError, match="the list: begins with no header"):
        read(f"{header}\n{A}\n", "csv")


@pytest.mark.parametrize(
    ("line", "row"),
    [
        (f'{A},"The "best" one"', (A, 'The best" one"', None, None)),  # as the csv module reads it
        (f'{A},5" screen', (A, '5" screen', None, None)),
        (f'{A},"never closed', (f'{A},"never closed', "", None, "row")),
        (f'"{A},x', (f'"{A},x', "", None, "row")),
        (f'{A},"x"\ry', (f'{A},"x"\ry', "", None, "row")),
        (A + "," * COLUMNS, ((A + "," * COLUMNS)[:2048], "", None, "row")),
        (f"{A},{'x' * LONGEST_RECORD}", (f"{A},{'x' * LONGEST_RECORD}"[:2048], "", None, "row")),
        (f'{A},"{"x" * LONGEST_RECORD}"', (f'{A},"{"x" * LONGEST_RECORD}"'[:2048], "", None, "row")),
        (f"{A},{'x' * 2 * LONGEST_LINE}", (f"{A},{'x' * LONGEST_LINE}"[:2048], "", None, "row")),
    ],
    ids=range(9),
)
@pytest.mark.parametrize("end", ["", f'"{B}","a\nb"\n', f"{B},plain\n" * 1000], ids=["last", "quotes", "plain"])
def test_quotes_out_of_place_and_rows_too_long_cost_their_own_line_alone(
    line: str, row: tuple[str, str, None, str], end: str
) -> None:
    assert table(f"url,caption\n{B},first\n{line}\n{end}") == [
        (B, "first", None, None),
        row,
        *table(f"url,caption\n{end}"),
    ]


@pytest.mark.parametrize(
    ("text", "is_read"),
    [
        ("x\n" * (RECORD_LINES - 1), True),
        ("x\n" * RECORD_LINES, False),
        ("x" * 60 + "\n" + "x" * (LONGEST_RECORD - 100), True),
        ("x" * 60 + "\n" + "x" * LONGEST_RECORD, False),
        ("x\n" + "x" * (LONGEST_RECORD - 100), True),
        ("x\n" + "x" * (LONGEST_RECORD - 20), False),  # though no field is longer than it may be
    ],
)
def test_a_record_of_many_lines_is_bounded(text: str, is_read: bool) -> None:
    rows = table(f'url,caption\n{A},"{text}"\n{B},after\n')
    assert (rows[0] == (A, text, None, None)) == is_read
    assert (rows[0][3] == "row") != is_read
    assert rows[-1] == (B, "after", None, None)


def test_quotes_mean_nothing_to_tabs_where_they_are_out_of_place() -> None:
    content = f'url\tcaption\n{A}\t"never closed\n{B}\t"in ""quotes"""\n'
    assert table(content) == [(A, '"never closed', None, None), (B, 'in "quotes"', None, None)]


# ------------------------------------------------------------------------------------------------------- objects


def test_an_object_a_line() -> None:
    thing = {"Url": A, "CAPTION": "a\ncat", "width": 3, "ok": True, "none": None, "tags": ["ä", {"b": 1.5}], "": "x"}
    rows = read(json.dumps(thing) + "\n\n \r\n" + json.dumps({"url": B}), "jsonl")
    others = {"width": "3", "ok": "true", "none": "", "tags": '["ä", {"b": 1.5}]', "": "x"}
    assert rows == [Row(1, A, URL(A), "a\ncat", others), Row(2, B, URL(B))]


@pytest.mark.parametrize(
    "line",
    [
        "{",
        "[]",
        '"http://a.example/"',
        "7",
        '{"url": "x"} {}',
        '{"url": ' + "[" * 100_000,
        '{"url": ' + "9" * 5000 + "}",
        json.dumps({str(at): at for at in range(COLUMNS + 1)}),
        '{"url": "' + "x" * 2 * LONGEST_LINE + '"}',
    ],
    ids=range(9),
)
def test_what_is_no_object_is_a_broken_row(line: str) -> None:
    rows = read(f'{{"url": "{A}"}}\n{line}\n{{"url": "{B}"}}\n', "jsonl")
    assert [(row.number, row.text, row.error) for row in rows] == [(1, A, None), (2, line[:2048], "row"), (3, B, None)]


@pytest.mark.parametrize(
    ("value", "text"), [("7", "7"), ("null", ""), ("[1]", "[1]"), ('" "', ""), ("{}", "{}"), ("NaN", "NaN")]
)
def test_an_object_whose_url_is_none_is_a_row_without_one(value: str, text: str) -> None:
    rows = read(f'{{"url": {value}, "caption": null}}\n{{"caption": "x"}}\n', "jsonl")
    assert said(rows) == [(text, "", None, "url"), ("", "x", None, "url")]


def test_what_json_can_spell_and_utf_8_cannot_is_replaced() -> None:
    row = read(r'{"url": "http://a.example/\ud83d\ude00\ud800", "caption": "\udfff", "\ud801": ["\ud802\\u"]}')[0]
    assert row.text == "http://a.example/\U0001f600\ufffd"
    assert (row.caption, row.columns) == ("\ufffd", {"\ufffd": '["\ufffd\\\\u"]'})


def test_objects_none_of_which_has_the_column_are_an_error() -> None:
    lines = '{"link": "x", "alt": "y"}\n' * 2000
    with pytest.raises(SettingsError, match=r"the list: has no column 'url' .*; there are: 'link', 'alt'$"):
        read(lines, "jsonl")
    assert len(read(f'{lines[:260]}{{"url": "{A}"}}\n', "jsonl")) == 11
    with pytest.raises(SettingsError, match="there are: none"):
        read("{}\n", "jsonl")


def test_an_object_longer_than_the_first_block_is_no_reason_to_doubt() -> None:
    assert len(read(json.dumps({"text": "x" * 2 * FIRST_BLOCK, "url": A}), "jsonl")) == 1


# ------------------------------------------------------------------------------------------------------- which


@pytest.mark.parametrize(
    ("content", "caption"),
    [
        (f"{A}\n", ""),
        (f"# list\n{A}\n", ""),
        (f"url\n{A}\n", ""),
        (f'Caption;"URL"\r\nx;{A}\r\n', "x"),
        (f"caption\turl\nx\t{A}\n", "x"),
        (f"url,caption\n{A},x\n", "x"),
        (f'\ufeff\n {{"url": "{A}", "caption": "x"}}\n', "x"),
    ],
)
def test_the_first_bytes_tell_the_format(content: str, caption: str) -> None:
    assert said(read(content)) == [(A, caption, None, None)]
