"""A project stays current for years: whatever led to it, an update ends where a fresh copy starts.

Tags may not travel with a clone, so RELEASES names each release's commit; here they are tagged in
a clone of their own, and the working tree becomes the release that comes after them all.
"""

import filecmp
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import copier
import pytest
import yaml

from .catalogue import BASES, FRAMEWORKS
from .conftest import ROOT

RELEASES = [line.split() for line in (ROOT / "RELEASES").read_text().splitlines()]
NEXT = "v999.0.0"

ANSWERS: list[dict[str, Any]] = [
    {},
    {"services": ["postgres"], "server": "uvicorn", "python_version": "3.12"},
    {"ci": "none", "description": "Two lines,\nand {{ braces }}.", "registry": "localhost:5000"},
]


def git(folder: Path, *command: str) -> str:
    identity = ["-c", "user.name=test", "-c", "user.email=test@example.com"]
    done = subprocess.run(
        ["git", *identity, *command], cwd=folder, capture_output=True, text=True, check=True
    )
    return done.stdout


@pytest.fixture(scope="module")
def repository(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The template's history with its releases, and the working tree as the next one."""
    clone = tmp_path_factory.mktemp("lifecycle") / "template"
    git(ROOT, "clone", "--quiet", str(ROOT), str(clone))
    for version, commit in RELEASES:
        git(clone, "tag", "--force", f"v{version}", commit)
    for path in clone.iterdir():
        if path.name != ".git":
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    shutil.copytree(template, clone, dirs_exist_ok=True)
    git(clone, "add", "--all")
    git(clone, "commit", "--quiet", "--allow-empty", "--message", "The working tree")
    git(clone, "tag", "--force", NEXT)
    return clone


def make(repository: Path, folder: Path, version: str = NEXT, **answers: Any) -> Path:
    """A new project of that version, committed as its owner would."""
    copier.run_copy(
        str(repository), folder, data=answers, defaults=True, quiet=True, vcs_ref=version
    )
    git(folder, "init", "--quiet")
    commit(folder)
    return folder


def commit(project: Path) -> None:
    git(project, "add", "--all")
    git(project, "commit", "--quiet", "--allow-empty", "--message", "Work")


def update(project: Path, version: str | copier.VcsRef | None = None, **answers: Any) -> None:
    copier.run_update(
        project, data=answers, defaults=True, overwrite=True, quiet=True, vcs_ref=version
    )
    assert not list(project.rglob("*.rej"))
    assert "<<<<<<<" not in git(project, "diff")
    commit(project)


def recorded(project: Path) -> dict[str, Any]:
    answers = yaml.safe_load((project / ".copier-answers.yml").read_text())
    return {key: value for key, value in answers.items() if not key.startswith("_")}


def assert_equal(project: Path, fresh: Path) -> None:
    listed = {
        tree: sorted(path.relative_to(tree) for path in tree.rglob("*") if path.is_file())
        for tree in (project, fresh)
    }
    names = {tree: [n for n in paths if n.parts[0] != ".git"] for tree, paths in listed.items()}
    assert names[project] == names[fresh]
    for name in names[fresh]:
        if name.name != "uv.lock":
            assert filecmp.cmp(project / name, fresh / name, shallow=False), name


@pytest.mark.parametrize("answers", ANSWERS, ids=["defaults", "postgres", "words"])
@pytest.mark.parametrize("version", [version for version, _ in RELEASES])
def test_an_untouched_project_becomes_what_a_fresh_copy_is(
    repository: Path, tmp_path: Path, version: str, answers: dict[str, Any]
) -> None:
    project = make(repository, tmp_path / "old" / "myapp", f"v{version}", **answers)
    update(project)
    assert_equal(project, make(repository, tmp_path / "new" / "myapp", **recorded(project)))

    update(project)
    assert git(project, "diff", "--stat", "HEAD~1") == "", "a second update changes nothing"


@pytest.mark.parametrize("version", [version for version, _ in RELEASES])
def test_the_users_edits_survive(repository: Path, tmp_path: Path, version: str) -> None:
    project = make(repository, tmp_path / "myapp", f"v{version}", services=["postgres"])
    edited = project / "src/myapp/notes.py"
    edited.write_text(f"{edited.read_text()}\n\ndef of_the_user() -> None: ...\n")
    (project / "src/myapp/more.py").write_text("# the user's own file\n")
    (project / "uv.lock").write_text("# the user's lock\n")
    (project / "tests/test_logs.py").unlink()
    commit(project)

    update(project)

    assert "of_the_user" in edited.read_text()
    assert (project / "src/myapp/more.py").exists()
    assert (project / "uv.lock").read_text() == "# the user's lock\n"
    assert not (project / "tests/test_logs.py").exists()


def test_a_change_of_mind_is_as_good_as_the_right_answer_at_the_start(
    repository: Path, tmp_path: Path
) -> None:
    """A walk through answers, drawn by chance but always the same one; it comes to every kind."""
    draw = random.Random(20)
    project = make(repository, tmp_path / "walk" / "myapp")
    frameworks = list(FRAMEWORKS)
    for step in range(2 * len(frameworks)):
        before = recorded(project)
        kind = FRAMEWORKS[before["framework"]]
        choices: dict[str, list[Any]] = {
            "base_image": list(BASES),
            "server": kind["servers"],
            "services": [[], list(kind["services"])],
            "python_version": ["3.14", "3.13", "3.12", "3.11"],
            "ci": ["github", "none"],
            "description": ["One.", "Two,\nin two lines.", "{{ three }}"],
        }
        # Every other time another framework, whatever servers and services the last one had.
        key = draw.choice([key for key, values in choices.items() if len(values) > 1])
        answer = draw.choice(choices[key])
        if step % 2:
            key, answer = "framework", frameworks[(step // 2 + 1) % len(frameworks)]
        update(project, version=copier.VcsRef.CURRENT, **{key: answer})
        after = recorded(project)
        assert after[key] == answer
        assert_equal(project, make(repository, tmp_path / str(step) / "myapp", **after))


def copier_command(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "copier", *arguments]
    return subprocess.run(command, cwd=cwd, env=os.environ, capture_output=True, text=True)


def test_the_plain_command_makes_a_project_without_trust(repository: Path, tmp_path: Path) -> None:
    made = copier_command("copy", "--defaults", str(repository), "myapp", cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    assert "docker compose up" in made.stderr
    assert "uv run myapp" in made.stderr
    answers = yaml.safe_load((tmp_path / "myapp/.copier-answers.yml").read_text())
    assert answers["_commit"] == NEXT


def test_the_plain_command_tells_of_a_newer_template(repository: Path, tmp_path: Path) -> None:
    version, _ = RELEASES[0]
    old = make(repository, tmp_path / "old", f"v{version}")
    assert copier_command("check-update", "--quiet", cwd=old).returncode == 2
    new = make(repository, tmp_path / "new")
    assert copier_command("check-update", "--quiet", cwd=new).returncode == 0


def test_the_changelog_begins_with_the_newest_release() -> None:
    version, _ = RELEASES[-1]
    headings = [
        line.split()[1]
        for line in (ROOT / "CHANGELOG.md").read_text().splitlines()
        if line.startswith("## ")
    ]
    assert version in headings[:2], "the newest release, below what is not released yet"
    assert f'version = "{version}"' in (ROOT / "pyproject.toml").read_text()
