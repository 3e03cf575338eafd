"""How docker/split.py parts what is installed in two lists, for an image layer each."""

import subprocess
import sys
from pathlib import Path

from .conftest import ROOT

SPLIT = ROOT / "template/docker/split.py"

# As uv writes them: a package may be there twice, in versions for different machines.
LOCK = """
[[package]]
name = "pure"
wheels = [{ url = "https://example.com/pure-1-py3-none-any.whl", hash = "sha256:1" }]

[[package]]
name = "speedups"
wheels = [
    { url = "https://example.com/speedups-1-cp313-cp313-musllinux_1_2_x86_64.whl" },
    { url = "https://example.com/speedups-1-py3-none-any.whl" },
]

[[package]]
name = "source-only"
sdist = { url = "https://example.com/source_only-1.tar.gz" }

[[package]]
name = "pure-later"
version = "1"
wheels = [{ url = "https://example.com/pure_later-1-cp313-abi3-manylinux_2_28_aarch64.whl" }]

[[package]]
name = "pure-later"
version = "2"
wheels = [{ url = "https://example.com/pure_later-2-py3-none-any.whl" }]
"""

REQUIREMENTS = """\
pure==1 ; sys_platform == 'linux' \\
    --hash=sha256:1 \\
    --hash=sha256:2
pure-later==2 \\
    --hash=sha256:3
source-only==1 \\
    --hash=sha256:4
speedups @ https://example.com/speedups-1-py3-none-any.whl \\
    --hash=sha256:5
"""


def split(folder: Path, requirements: str) -> tuple[str, str]:
    """The two lists: compiled, pure."""
    (folder / "uv.lock").write_text(LOCK)
    (folder / "plan").mkdir()
    (folder / "plan/requirements.txt").write_text(requirements)
    subprocess.run([sys.executable, SPLIT, "plan/requirements.txt"], cwd=folder, check=True)
    return (folder / "plan/compiled.txt").read_text(), (folder / "plan/pure.txt").read_text()


def test_only_what_has_wheels_for_any_machine_alone_counts_as_pure(tmp_path: Path) -> None:
    compiled, pure = split(tmp_path, REQUIREMENTS)
    assert "".join([pure, compiled]) == REQUIREMENTS
    assert [line.split()[0] for line in pure.splitlines() if line[0] != " "] == ["pure==1"]


def test_both_lists_are_written_when_there_is_nothing_to_install(tmp_path: Path) -> None:
    assert split(tmp_path, "") == ("", "")
