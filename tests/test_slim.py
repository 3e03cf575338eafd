"""What docker/slim.py makes of an environment: small, quick to start, and still whole."""

import ctypes
import importlib.util
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from .conftest import ROOT

SLIM = ROOT / "template/docker/slim.py"


@pytest.fixture(scope="module")
def library() -> bytes:
    """A compiled package with what compilers and linkers put behind the part that is loaded."""
    found = importlib.util.find_spec("yaml._yaml")
    assert found is not None
    assert found.origin is not None
    content = Path(found.origin).read_bytes()
    assert b"\0.comment\0" in content
    return content


@pytest.fixture
def environment(tmp_path: Path, library: bytes) -> Path:
    """A folder with a compiled library and some code."""
    packages = tmp_path / "venv"
    (packages / "tests").mkdir(parents=True)
    (packages / "module.py").touch()
    (packages / "tests" / "module.py").touch()
    (packages / "library.so.1").write_bytes(library)
    (packages / "library.so.1").chmod(0o755)
    return packages


def slim(environment: Path) -> None:
    subprocess.run([sys.executable, SLIM, environment], check=True)


def state(environment: Path) -> dict[str, tuple[int, int]]:
    """What would tell that a file was written again."""
    return {
        str(path.relative_to(environment)): (path.stat().st_ino, path.stat().st_mtime_ns)
        for path in environment.rglob("*")
        if path.is_file()
    }


def test_a_library_gets_smaller_and_still_loads(environment: Path, library: bytes) -> None:
    slim(environment)
    left = environment / "library.so.1"
    assert left.stat().st_size < len(library)
    assert left.stat().st_mode & 0o777 == 0o755
    ctypes.CDLL(str(left))


def set_byte(position: int, value: int) -> Callable[[bytes], bytes]:
    return lambda library: library[:position] + bytes([value]) + library[position + 1 :]


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param(lambda library: b"INPUT(libc.so.6)" * 99, id="a linker's script"),
        pytest.param(lambda library: library[:50], id="the beginning of a library"),
        pytest.param(set_byte(4, 1), id="32 bits"),
        pytest.param(set_byte(5, 2), id="big-endian"),
        pytest.param(lambda library: library + b"PK\3\4", id="data behind its end"),
        pytest.param(
            lambda library: library.replace(b"\0.comment\0", b"\0.payload\0"),
            id="a section that may be its data",
        ),
        pytest.param(set_byte(18, 0xFE), id="one that does not load when it is cut"),
    ],
)
def test_a_file_that_cannot_be_cut_safely_stays_as_it_was(
    environment: Path, library: bytes, changed: Callable[[bytes], bytes]
) -> None:
    (environment / "library.so.1").write_bytes(changed(library))
    before = state(environment)
    slim(environment)
    after = state(environment)
    assert after["library.so.1"] == before["library.so.1"]
    assert (environment / "library.so.1").read_bytes() == changed(library)
    assert {name for name in after if ".so" in name} == {"library.so.1"}


def test_a_second_run_writes_nothing_that_the_first_has_made(
    environment: Path, library: bytes
) -> None:
    """Else a layer would contain again what the one below it has."""
    (environment / "broken.so").write_bytes(set_byte(18, 0xFE)(library))
    slim(environment)
    first = state(environment)
    (environment / "added.py").touch()
    (environment / "added.so").write_bytes(library)
    slim(environment)
    second = state(environment)
    assert first.items() <= second.items()
    added = {Path(name).name.partition(".")[0] for name in second.keys() - first.keys()}
    assert added == {"added"}
    assert (environment / "added.so").stat().st_size < len(library)


def test_code_is_compiled_but_not_tests(environment: Path) -> None:
    slim(environment)
    compiled = {path.parent.parent.name for path in environment.rglob("*.pyc")}
    assert compiled == {"venv"}


def test_the_bytecode_counts_whatever_becomes_of_the_files_times(environment: Path) -> None:
    (environment / "module.py").write_text("answer = 42\n")
    slim(environment)
    os.utime(environment / "module.py", (1, 1))
    shown = [sys.executable, "-v", "-c", "import module"]
    told = subprocess.run(shown, cwd=environment, capture_output=True, text=True, check=True).stderr
    assert "code object from" in told
    assert f"matches {environment / 'module.py'}" in told
    assert f"code object from '{environment / 'module.py'}'" not in told


def test_translations_stay_as_programs_read_them_alone(environment: Path) -> None:
    for name in ("django.po", "django.mo"):
        (environment / name).touch()
    slim(environment)
    assert [path.name for path in environment.glob("django.*")] == ["django.mo"]
