"""Make an installed environment small and quick to start: strip its libraries, compile its code.

The build runs it once for each change of dependencies: `python slim.py /opt/venv`.
"""

import compileall
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from py_compile import PycInvalidationMode

# Code that no application loads: its bytecode would only take space.
NOT_COMPILED = re.compile(r"/(tests?|testing)/|/sqlalchemy/dialects/(mssql|mysql|oracle)/")


def strip(library: Path) -> None:
    """Remove the debug symbols of a compiled library, unless it would not load without them."""
    original = library.with_name(f"{library.name}.original")
    shutil.copy2(library, original)
    subprocess.run(["strip", "--strip-unneeded", library], check=True)
    # In a process of its own: a library that is broken can take its process down.
    load = [sys.executable, "-c", "import ctypes, sys; ctypes.CDLL(sys.argv[1])", library]
    if subprocess.run(load, capture_output=True).returncode == 0:
        original.unlink()
    else:
        original.replace(library)


def main(environment: str) -> None:
    if shutil.which("strip"):
        with ThreadPoolExecutor() as pool:
            list(pool.map(strip, Path(environment).rglob("*.so*")))
    # What translators edit; programs read the compiled files beside them.
    for source in Path(environment).rglob("*.po"):
        source.unlink()
    compileall.compile_dir(
        environment,
        quiet=1,
        rx=NOT_COMPILED,
        workers=0,
        # The files never change again, so Python need not compare their times at each start.
        invalidation_mode=PycInvalidationMode.UNCHECKED_HASH,
    )


if __name__ == "__main__":
    main(sys.argv[1])
