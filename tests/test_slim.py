"""What docker/slim.py makes of an environment: small, quick to start, and still whole."""

import ctypes
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import ROOT

SLIM = ROOT / "template/docker/slim.py"

BREAKS = '#!/bin/sh\necho broken > "$2"\n'
SPARES = '#!/bin/sh\nprintf stripped >> "$2"\n'


@pytest.fixture
def environment(tmp_path: Path) -> Path:
    """A folder with a compiled library and some code."""
    packages = tmp_path / "venv"
    (packages / "tests").mkdir(parents=True)
    (packages / "module.py").touch()
    (packages / "tests" / "module.py").touch()
    found = importlib.util.find_spec("yaml._yaml")
    assert found is not None
    assert found.origin is not None
    shutil.copy(found.origin, packages / "library.so")
    return packages


def slim(environment: Path, strip: str = "") -> None:
    """Run it where this is the only command, or none."""
    commands = environment.parent / "bin"
    commands.mkdir()
    if strip:
        (commands / "strip").write_text(strip)
        (commands / "strip").chmod(0o755)
    subprocess.run(
        [sys.executable, SLIM, environment], check=True, env={**os.environ, "PATH": str(commands)}
    )


@pytest.mark.parametrize(
    ("strip", "kept"),
    [(BREAKS, True), (SPARES, False), ("", True)],
    ids=["breaks", "spares", "absent"],
)
def test_a_library_that_stripping_breaks_stays_as_it_was(
    environment: Path, strip: str, kept: bool
) -> None:
    original = (environment / "library.so").read_bytes()
    slim(environment, strip)
    assert ((environment / "library.so").read_bytes() == original) == kept
    ctypes.CDLL(str(environment / "library.so"))
    assert not list(environment.rglob("*.original"))


def test_code_is_compiled_but_not_tests(environment: Path) -> None:
    slim(environment)
    compiled = {path.parent.parent.name for path in environment.rglob("*.pyc")}
    assert compiled == {"venv"}


def test_translations_stay_as_programs_read_them_alone(environment: Path) -> None:
    for name in ("django.po", "django.mo"):
        (environment / name).touch()
    slim(environment)
    assert [path.name for path in environment.glob("django.*")] == ["django.mo"]
