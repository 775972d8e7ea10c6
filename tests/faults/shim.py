"""The shim (shim.c) compiled, and the block of memory by which it is told what to strike and tells what it counted."""

import ctypes
import mmap
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Final

from tests.servers import missing

SOURCE: Final = Path(__file__).with_name("shim.c")


class Call(IntEnum):
    """The kinds of calls, as shim.c numbers them: on the output folder's files, then on internet sockets."""

    OPEN = 0
    CREATE = 1
    READ = 2
    WRITE = 3
    SYNC = 4
    TRUNCATE = 5
    RENAME = 6
    UNLINK = 7
    MKDIR = 8
    TOUCH = 9
    LOCK = 10
    SOCKET = 11
    CONNECT = 12
    SEND = 13
    RECV = 14


class Action(IntEnum):
    """What happens at the n-th call: the program dies, dies half-way through a write, or the call fails.

    `FAIL_ON` fails from there on; `SHORT` writes half, as a disk does that is nearly full, and fails from there on.
    """

    NOTHING = 0
    KILL = 1
    TEAR = 2
    FAIL = 3
    FAIL_ON = 4
    SHORT = 5


class Part(IntEnum):
    """The part of the output folder whose calls count; the large document is one that broke off, under its own name."""

    ALL = 0
    FILES = 1
    DATABASE = 2
    LARGE = 3


class Fields(ctypes.Structure):
    """`struct block` of shim.c."""

    _fields_ = (
        *((name, ctypes.c_uint32) for name in ("armed", "call", "number", "action", "error", "fired", "alone")),
        ("name_error", ctypes.c_int32),
        ("name_delay", ctypes.c_uint32),
        ("part", ctypes.c_uint32),
        ("clock", ctypes.c_int64),
        ("counts", ctypes.c_uint32 * 32),
        ("root", ctypes.c_char * 1024),
        ("where", ctypes.c_char * 1024),
    )


@dataclass(frozen=True, slots=True)
class Block:
    """A block that programs started with `environment` share with us while they run."""

    fields: Fields
    environment: dict[str, str]

    @property
    def counts(self) -> dict[Call, int]:
        """The calls counted so far."""
        return {call: self.fields.counts[call] for call in Call}

    @property
    def where(self) -> str:
        """What the first call struck was about."""
        return bytes(self.fields.where).decode(errors="replace")


def compile_shim(folder: Path) -> Path:
    """The shim as a library in `folder`; where that cannot be done, tests skip on a person's machine and fail in CI."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if sys.platform != "linux" or compiler is None:
        missing("no gcc: the shim cannot be compiled" if sys.platform == "linux" else "the shim is for Linux")
    library = folder / "shim.so"
    command = [str(compiler), "-O1", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o", str(library), str(SOURCE)]
    subprocess.run([*command, "-ldl"], check=True)
    return library


def new_block(library: Path, file: Path, root: Path) -> Block:
    """A block in the file `file`, all zeros but for the output folder that counts."""
    file.write_bytes(bytes(ctypes.sizeof(Fields)))
    with file.open("r+b") as opened:
        fields = Fields.from_buffer(mmap.mmap(opened.fileno(), 0))
    fields.root = os.fsencode(root)
    return Block(fields, {"LD_PRELOAD": str(library), "FAULTS_BLOCK": str(file)})
