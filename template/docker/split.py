"""Split a list of requirements in two: packages with compiled libraries, and those in pure Python.

`python split.py requirements.txt` reads uv.lock, and writes compiled.txt and pure.txt beside the
list. The compiled ones weigh most and change least; each list becomes an image layer of its own.
"""

import re
import sys
import tomllib
from pathlib import Path

requirements = Path(sys.argv[1])
packages = tomllib.loads(Path("uv.lock").read_text())["package"]
# Pure: it has wheels, and each of them is for any machine. What has none may be anything.
compiled = {
    package["name"]
    for package in packages
    if not package.get("wheels")
    or not all("-none-any.whl" in str(wheel) for wheel in package["wheels"])
}
pure = {package["name"] for package in packages} - compiled

lists = {"compiled.txt": "", "pure.txt": ""}
# A requirement begins at the start of a line; its hashes follow on indented ones.
for requirement in re.findall(r"^\S.*\n(?:\s.*\n)*", requirements.read_text(), re.MULTILINE):
    name = re.split(r"[^\w.-]", requirement, maxsplit=1)[0]
    lists["pure.txt" if name in pure else "compiled.txt"] += requirement
for file, text in lists.items():
    requirements.with_name(file).write_text(text)
