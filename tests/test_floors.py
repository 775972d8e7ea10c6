"""The laws of the house, kept by a table: who may import whom, and how large a thing may grow."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

HOUSE = Path(__file__).parent.parent / "crawler"
FILES = sorted(HOUSE.rglob("*.py"))

FLOOR = {
    "errors": 0, "units": 0, "values": 0, "http1": 0, "web": 0,
    "model": 1, "sections": 1, "settings": 1, "interfaces": 1, "policy": 1,
    "steps": 1, "crawling": 2, "visiting": 2, "watching": 2, "imaging": 2, "reading": 2, "supervise": 2,
    "net": 2, "crawldb": 2, "lists": 2, "store": 2, "work": 2, "watch": 2,
    "report": 2, "demo": 2,
    "assemble_parts": 3, "assemble": 3, "assemble_worker": 3, "cli": 3,
    "__init__": 4, "__main__": 4,
}  # fmt: skip
"""The floor of each module and room. One may import what lies below, and within its own room."""

ALLOWED = {
    ("http1", "errors"), ("web", "errors"), ("units", "errors"),
    ("values", "errors"), ("values", "units"),
    ("sections", "values"), ("settings", "sections"),
    ("interfaces", "model"), ("policy", "model"), ("policy", "settings"),
    ("report", "crawldb.records"),
    ("cli", "assemble"), ("cli", "assemble_worker"),
    ("assemble", "assemble_parts"), ("assemble_worker", "assemble_parts"),
    ("crawling", "visiting"), ("crawling", "watching"),
    ("visiting", "imaging"), ("visiting", "reading"), ("visiting", "watching"),
    ("steps", "model"),
}  # fmt: skip
"""What is allowed beside that: the ground's errors, the words and the heart's parts among themselves, a report's read
side; and what the parent and the worker processes are put together from alike.
"""

GROUND_BANNED = {"socket", "ssl", "asyncio", "os", "time", "random", "logging", "pathlib", "threading", "sqlite3"}
"""What the ground floor, which only computes, may not import."""

MAX_FILE = 400
MAX_FUNCTION = 50
MAX_PROTOCOL = 5


def room(path: Path) -> str:
    return path.relative_to(HOUSE).parts[0].removesuffix(".py")


def imports(path: Path) -> Iterator[str]:
    """The modules a file imports, lazy imports included."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            if node.module == "crawler":
                yield from (f"crawler.{alias.name}" for alias in node.names)
            else:
                yield node.module


def edges() -> Iterator[tuple[Path, str, str, str]]:
    """(file, its room, the room it imports, the module it imports) for every import inside the house."""
    for path in FILES:
        for module in imports(path):
            if module.startswith("crawler."):
                yield path, room(path), module.split(".")[1], module.removeprefix("crawler.")


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def body_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    first = node.body[0]
    is_docstring = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    start = node.body[1].lineno if is_docstring and len(node.body) > 1 else first.lineno
    return (node.end_lineno or start) - start + 1


def test_every_room_has_its_floor() -> None:
    assert {room(path) for path in FILES} <= FLOOR.keys()


def test_imports_point_down() -> None:
    for path, here, there, module in edges():
        fits = here == there or FLOOR[there] < FLOOR[here] or (here, there) in ALLOWED or (here, module) in ALLOWED
        assert fits, f"{path} must not know {module}"


def test_http1_and_web_do_not_know_each_other() -> None:
    assert not {(here, there) for _, here, there, _ in edges()} & {("http1", "web"), ("web", "http1")}


def test_the_ground_only_computes() -> None:
    for path in FILES:
        if FLOOR[room(path)] == 0:
            for module in imports(path):
                assert module.split(".")[0] not in GROUND_BANNED, f"{path} must not import {module}"


def test_only_the_door_prints() -> None:
    for path in FILES:
        if room(path) in ("cli", "__main__"):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id != "print", f"{path}:{node.lineno} prints"
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                assert (node.value.id, node.attr) not in {("os", "environ"), ("os", "getenv")}, f"{path}:{node.lineno}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(HOUSE)))
def test_sizes(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    assert text.count("\n") <= MAX_FILE, f"{path} has more than {MAX_FILE} lines"
    for function in functions(tree):
        assert body_lines(function) <= MAX_FUNCTION, f"{path}:{function.lineno} {function.name}"
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            bases = {base.id for base in node.bases if isinstance(base, ast.Name)}
            methods = [item for item in node.body if isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef)]
            assert "Protocol" not in bases or len(methods) <= MAX_PROTOCOL, f"{path}: {node.name} is too wide"
            house = {base for base in bases if base not in BASES and not base.endswith("Error")}
            assert not house, f"{path}: {node.name} inherits from {house}"


BASES = {"Protocol", "Exception", "Enum", "StrEnum", "IntEnum", "NamedTuple", "Tag", "TreeBuilder", "HTMLTreeBuilder"}
"""What may be inherited from; a tree builder is BeautifulSoup's own seam."""


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(HOUSE)))
def test_no_module_level_mutable_state(path: Path) -> None:
    """A module's own names are constants: a list, set or dict on that level must say `Final`, or be upper-case."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict | ast.List | ast.Set | ast.Call):
            for target in node.targets:
                name = getattr(target, "id", "")
                assert name == "__all__" or name.isupper() or name[:1].isupper() or name == "app", f"{path}: {name}"
        for inner in ast.walk(node):
            assert not isinstance(inner, ast.Global), f"{path}:{inner.lineno} global"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(HOUSE)))
def test_names_and_docstrings(path: Path) -> None:
    banned = {
        "utils",
        "helpers",
        "common",
        "base",
        "manager",
        "handler",
        "data",
        "info",
        "http",
        "html",
        "queue",
        "logging",
    }
    assert path.stem not in banned
    assert path.parent.name not in banned
    if path.name != "__init__.py" or path.parent == HOUSE:
        assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))), f"{path} has no docstring"
