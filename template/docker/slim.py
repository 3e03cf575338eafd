"""Make an installed environment small and quick to start: cut its libraries, compile its code.

The build runs it after each step that installs: `python slim.py /opt/venv`. What an earlier step
has done stays as it is, so that an image layer contains its own packages and no others.
"""

import re
import struct
import subprocess
import sys
from collections.abc import Iterator
from compileall import compile_file
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from importlib.util import cache_from_source
from pathlib import Path
from py_compile import PycInvalidationMode

# Code that no application loads: its bytecode would only take space.
NOT_COMPILED = re.compile(r"/(tests?|testing)/|/sqlalchemy/dialects/(mssql|mysql|oracle)/")

# Sections that linkers and debuggers read: by their type (symbols, strings), or by their name.
SYMBOLS = (2, 3)
DEBUGGERS = (b".debug", b".zdebug", b".comment", b".gnu", b".note", b".stab")
IN_MEMORY_ONLY = 8


def loaded_part(library: bytes) -> int:
    """How many bytes of a compiled library a process loads: up to the end of its last segment.

    What compilers put behind them, symbols and debug information, is often more than all the rest.
    The whole file if something else stands there, or if it is no library of the usual kind.
    """
    if library[:6] != b"\x7fELF\x02\x01":  # 64 bits, little-endian
        return len(library)
    segments, sections = struct.unpack_from("<QQ", library, 32)
    segment_size, segment_count, section_size, section_count, names = struct.unpack_from(
        "<5H", library, 54
    )
    end = segments + segment_size * segment_count
    for number in range(segment_count):
        start, length = struct.unpack_from("<8xQ16xQ", library, segments + segment_size * number)
        end = max(end, start + length)

    def section(number: int) -> tuple[int, ...]:
        return struct.unpack_from("<II16xQQ", library, sections + section_size * number)

    described = sections + section_size * section_count
    first_name = section(names)[2]
    for name, kind, start, length in map(section, range(section_count)):
        if kind == IN_MEMORY_ONLY or start + length <= end:
            continue
        described = max(described, start + length)
        if kind not in SYMBOLS and not library.startswith(DEBUGGERS, first_name + name):
            return len(library)
    return end if described == len(library) else len(library)


def cut(path: Path) -> None:
    """Cut a library down to what a process loads, if it still loads after that."""
    library = bytearray(path.read_bytes())
    try:
        end = loaded_part(library)
    except struct.error:  # a file that only begins like a library
        return
    if end == len(library):
        return
    # The list of sections was at the end, too: now there is none.
    struct.pack_into("<Q", library, 40, 0)
    struct.pack_into("<HH", library, 60, 0, 0)
    shorter = path.with_name(f"{path.name}.cut")
    shorter.write_bytes(library[:end])
    shorter.chmod(path.stat().st_mode)
    # In a process of its own: a library that is broken can take its process down.
    load = [sys.executable, "-I", "-c", "import ctypes, sys; ctypes.CDLL(sys.argv[1])", shorter]
    if subprocess.run(load, capture_output=True).returncode == 0:
        shorter.replace(path)
    else:
        shorter.unlink()


def sources(environment: Path) -> Iterator[Path]:
    """The code that has no bytecode yet."""
    for source in environment.rglob("*.py"):
        if not Path(cache_from_source(source)).exists():
            yield source


def main(environment: Path) -> None:
    # What translators edit; programs read the compiled files beside them.
    for source in environment.rglob("*.po"):
        source.unlink()
    # The files never change again, so Python need not compare their times at each start.
    compiled = partial(
        compile_file, quiet=1, rx=NOT_COMPILED, invalidation_mode=PycInvalidationMode.UNCHECKED_HASH
    )
    with ProcessPoolExecutor() as pool:
        list(pool.map(cut, [*environment.rglob("*.so*")]))
        list(pool.map(compiled, sources(environment), chunksize=16))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
