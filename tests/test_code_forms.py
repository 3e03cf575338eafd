"""How an app's code gets into its image: as a wheel, or as a tree of files that is no package."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import copier
import pytest

from .conftest import Tag
from .docker import (
    Container,
    Project,
    ask,
    container,
    docker,
    in_image,
    inspect,
    layers,
    run,
    wait_for,
)

pytestmark = pytest.mark.engine


@dataclass(frozen=True)
class Tree:
    """An app as its people wrote it: its files, and what the model says of them."""

    code: dict[str, Any]
    files: dict[str, str]
    dependencies: list[str] = field(default_factory=list)


SERVER = """
import os
from http.server import BaseHTTPRequestHandler, HTTPServer


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(text().encode())


def serve():
    HTTPServer(("", int(os.environ["PORT"])), Handler).serve_forever()
"""

PLAIN = Tree(
    code={
        "form": "tree",
        "folders": ["main.py", "tools"],
        "python_path": "/app",
        "folder": "/app",
        "command": ["python", "main.py"],
    },
    files={
        "main.py": "from tools.words import serve\n\nserve()\n",
        "tools/__init__.py": "",
        "tools/words.py": (
            SERVER
            + "\n\ndef text():\n    import itsdangerous\n\n    return itsdangerous.__name__\n"
        ),
    },
    dependencies=["itsdangerous>=2"],
)

# As Django's: a script beside the folder with the modules, which lie below `src`.
MANAGED = Tree(
    code={
        "form": "tree",
        "folders": ["manage.py", "src"],
        "python_path": "/app/site/src",
        "folder": "/app/site",
        "command": ["python", "manage.py", "serve"],
    },
    files={
        "manage.py": (
            "import sys\n\nfrom shop.server import serve\n\n"
            'if sys.argv[1] == "serve":\n    serve()\n'
        ),
        "src/shop/__init__.py": "",
        "src/shop/server.py": (
            SERVER + "\n\ndef text():\n    from pathlib import Path\n\n    return str(Path.cwd())\n"
        ),
    },
)

each = pytest.mark.parametrize(
    ("tree", "answer"),
    [(PLAIN, "itsdangerous"), (MANAGED, "/app/site")],
    ids=["main.py", "manage.py"],
)


def virtual(name: str, dependencies: list[str]) -> str:
    """A project that uv installs the dependencies of, and builds nothing from."""
    return f"""\
[project]
name = "{name}"
version = "0.1.0"
requires-python = ">=3.13"
dependencies = {dependencies}

[tool.uv]
package = false
"""


def rendered(template: Path, path: Path, tree: Tree) -> Project:
    """The project that the model of an answer makes when its app's code is such a tree."""
    answers = {"project_name": path.name, "framework": "flask", "python_version": "3.13"}
    settings: dict[str, Any] = {"defaults": True, "quiet": True, "unsafe": False}
    asked = copier.run_copy(str(template), path, data=answers, pretend=True, **settings)
    model = asked.answers.combined["model"]
    (app,) = model["apps"]
    app["code"] = tree.code
    for dockerfile in model["dockerfiles"]:
        dockerfile["code"] = "tree"
        dockerfile["apps"] = [app]
    model["context"] = tree.code["folders"]
    computed = {"model": model, "rooms": {name: [] for name in model["rooms"]}}
    copier.run_copy(str(template), path, data=answers | computed, **settings)
    shutil.rmtree(path / "src")  # the package that a wheel would be made of
    for name, text in tree.files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_text(text)
    (path / "pyproject.toml").write_text(virtual(path.name, tree.dependencies))
    project = Project(path, path.name)
    project.lock()
    return project


@contextmanager
def started(project: Project, image: str) -> Iterator[Container]:
    project.build("--load", "--tag", image)
    with container(image, "--read-only", "--cap-drop", "ALL") as running:
        wait_for(running.port, "/health")
        yield running


@each
def test_a_tree_runs_with_its_own_command_folder_and_path(
    template: Path, tmp_path: Path, tag: Tag, tree: Tree, answer: str
) -> None:
    project = rendered(template, tmp_path / "treeapp", tree)
    image = tag(f"tree-{tree.code['command'][1]}")
    with started(project, image) as running:
        assert ask(running.port, "/").body == answer
        running.wait_until_healthy()
    config = inspect(image, "image")["Config"]
    assert config["Cmd"] == tree.code["command"]
    assert config["WorkingDir"] == tree.code["folder"]
    assert config["User"] == "10001:10001"

    look = """
import json, os
print(json.dumps({
    os.path.join(folder, name): os.stat(os.path.join(folder, name)).st_uid
    for folder, _, names in os.walk("/app") for name in names
}))
"""
    owners = in_image(image, look)
    assert owners == {f"{tree.code['folder']}/{name}": 0 for name in tree.files}


def test_a_change_of_a_trees_code_pushes_kilobytes(
    template: Path, tmp_path: Path, tag: Tag
) -> None:
    project = rendered(template, tmp_path / "treeapp", PLAIN)
    before, after = tag("tree-before"), tag("tree-after")
    project.build("--load", "--tag", before)
    project.append("main.py", "# changed\n")
    project.build("--load", "--tag", after)
    known = layers(before)
    pushed = [layer for layer in layers(after) if layer not in known]
    assert any("app/main.py" in layer.files for layer in pushed)
    assert sum(layer.size for layer in pushed) < 20_000


@pytest.mark.parametrize("dockerfiles", ["shared", "per-app"])
def test_a_workspace_may_have_a_tree_beside_a_wheel(
    template: Path, tmp_path: Path, tag: Tag, dockerfiles: str
) -> None:
    path = tmp_path / "mixed"
    answers = {
        "layout": "workspace",
        "apps": {
            "plain": {"framework": "flask", "packages": []},
            "tool": {"framework": "cli", "packages": ["core"]},
        },
        "packages": ["core"],
        "dockerfiles": dockerfiles,
        "python_version": "3.13",
    }
    settings: dict[str, Any] = {"defaults": True, "quiet": True, "unsafe": False}
    model = copier.run_copy(
        str(template), path, data=answers, pretend=True, **settings
    ).answers.combined["model"]
    for app in [*model["apps"], *(app for each in model["dockerfiles"] for app in each["apps"])]:
        if app["name"] == "plain":
            app["code"] = PLAIN.code
    for dockerfile in model["dockerfiles"]:
        if any(app["name"] == "plain" for app in dockerfile["apps"]):
            dockerfile["code"] = "tree"
    copier.run_copy(str(template), path, data=answers | {"model": model}, **settings)
    shutil.rmtree(path / "apps/plain/src")
    for name, text in PLAIN.files.items():
        (path / "apps/plain" / name).parent.mkdir(parents=True, exist_ok=True)
        (path / "apps/plain" / name).write_text(text)
    (path / "apps/plain/pyproject.toml").write_text(virtual("plain", PLAIN.dependencies))
    project = Project(path, path.name)
    files = {app["name"]: app["dockerfile"] for app in model["apps"]}
    run("docker", "buildx", "bake", "lock", cwd=path)

    def built(name: str) -> str:
        image = tag(f"mixed-{dockerfiles}-{name}")
        options = ["--file", files[name], "--build-arg", f"APP={name}"]
        project.build("--load", "--tag", image, *options)
        return image

    plain, tool = built("plain"), built("tool")
    with container(plain, "--read-only", "--cap-drop", "ALL") as running:
        wait_for(running.port, "/health")
        assert ask(running.port, "/").body == "itsdangerous"
    assert inspect(plain, "image")["Config"]["Cmd"] == PLAIN.code["command"]
    assert "Usage: tool" in docker("run", "--rm", tool, "--help")
