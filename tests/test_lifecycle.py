"""A project stays current for years: whatever led to it, an update ends where a fresh copy starts.

Tags may not travel with a clone, so RELEASES names each release's commit; here they are tagged in
a clone of their own, and the working tree becomes the release that comes after them all.
"""

import filecmp
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import copier
import pytest
import yaml

from .catalogue import BASES, FRAMEWORKS, SERVICES, part, servers_of, services_of, uses_database
from .conftest import ROOT
from .workspaces import answers_of

RELEASES = dict(line.split() for line in (ROOT / "RELEASES").read_text().splitlines())
LAST = list(RELEASES)[-1]
NEXT = "v999.0.0"

# What each release could make: every kind and layout that it had, by default and with what else it
# could be given. A release brings its own; what an older one could make does not change.
MADE: dict[str, dict[str, dict[str, Any]]] = {
    "0.1.0": {
        "fastapi": {},
        "postgres": {"services": ["postgres"], "server": "uvicorn", "python_version": "3.12"},
        "words": {
            "description": "Two lines,\nand {{ braces }}.",
            "registry": "localhost:5000",
            "ci": "none",
        },
    }
}
MADE["0.2.0"] = MADE["0.1.0"] | {
    "flask": {"framework": "flask", "server": "gunicorn", "base_image": "alpine"},
    "flask-postgres": {"framework": "flask", "services": ["postgres"]},
    "django": {"framework": "django"},
    "django-postgres": {"framework": "django", "services": ["postgres"], "server": "uvicorn"},
    "cli": {"framework": "cli", "base_image": "slim-bookworm"},
    "job": {"framework": "job", "python_version": "3.11"},
    "worker": {"framework": "worker"},
    "worker-rabbitmq": {"framework": "worker", "services": ["rabbitmq"], "base_image": "alpine"},
}
MADE["0.3.0"] = MADE["0.2.0"] | {
    "workspace": {"layout": "workspace"},
    "workspace-all": {
        "layout": "workspace",
        "apps": {
            "web-shop": "django",
            "api": {"framework": "fastapi", "packages": ["core"]},
            "page": {"framework": "flask", "services": []},
            "mails": {"framework": "worker", "services": ["rabbitmq"]},
            "nightly": "job",
            "tool": "cli",
        },
        "packages": ["core", "prices"],
        "services": ["postgres", "rabbitmq"],
        "dockerfiles": "per-app",
    },
}

each_project = pytest.mark.parametrize(
    ("version", "answers"),
    [
        pytest.param(version, answers, id=f"{version}-{name}")
        for version, projects in MADE.items()
        for name, answers in projects.items()
    ],
)


def git(folder: Path, *command: str) -> str:
    identity = ["-c", "user.name=test", "-c", "user.email=test@example.com"]
    done = subprocess.run(
        ["git", *identity, *command], cwd=folder, capture_output=True, text=True, check=True
    )
    return done.stdout


def released(version: str, file: str) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(git(ROOT, "show", f"{RELEASES[version]}:{file}"))
    return content


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where these tests work, and Copier too, which writes a template five times to update.

    In memory if there is room: on a busy disk that takes most of the time.
    """
    folder, memory = tmp_path_factory.mktemp("lifecycle"), Path("/dev/shm")
    if os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > 2 * 1024**3:
        folder = Path(tempfile.mkdtemp(dir=memory, prefix="pydocker-template-test-"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tempfile, "tempdir", str(folder))
        patch.setenv("TMPDIR", str(folder))  # for the commands
        yield folder
    shutil.rmtree(folder)


@pytest.fixture
def folder(desk: Path) -> Iterator[Path]:
    """An empty folder for each test; memory is not to fill up."""
    with tempfile.TemporaryDirectory(dir=desk) as made:
        yield Path(made)


@pytest.fixture(scope="module")
def repository(template: Path, desk: Path) -> Path:
    """The template's history with its releases, and the working tree as the next one."""
    clone = desk / "template"
    git(ROOT, "clone", "--quiet", str(ROOT), str(clone))
    for version, commit in RELEASES.items():
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


def conflicts_of_update(
    project: Path, version: str | copier.VcsRef | None = None, **answers: Any
) -> set[str]:
    """The files in which it left conflicts for the user to resolve."""
    copier.run_update(
        project, data=answers, defaults=True, overwrite=True, quiet=True, vcs_ref=version
    )
    assert not list(project.rglob("*.rej"))
    return set(git(project, "diff", "--name-only", "--diff-filter=U").splitlines())


def update(project: Path, version: str | copier.VcsRef | None = None, **answers: Any) -> None:
    assert conflicts_of_update(project, version, **answers) == set()
    assert "<<<<<<<" not in git(project, "diff")
    commit(project)


def recorded(project: Path) -> dict[str, Any]:
    answers = yaml.safe_load((project / ".copier-answers.yml").read_text())
    return {key: value for key, value in answers.items() if not key.startswith("_")}


def files(project: Path) -> set[Path]:
    found = {path.relative_to(project) for path in project.rglob("*") if path.is_file()}
    return {path for path in found if path.parts[0] != ".git"}


# They are the user's from the first copy on.
WRITTEN_ONCE = {"README.md", "uv.lock"}


def assert_equal(project: Path, fresh: Path) -> None:
    assert files(project) == files(fresh)
    for name in files(fresh):
        if name.name not in WRITTEN_ONCE:
            assert filecmp.cmp(project / name, fresh / name, shallow=False), name


def assert_as_fresh(repository: Path, project: Path, folder: Path) -> None:
    fresh = folder / project.name
    copier.run_copy(
        str(repository), fresh, data=recorded(project), defaults=True, quiet=True, vcs_ref=NEXT
    )
    assert_equal(project, fresh)


# ── From every release ───────────────────────────────────────────────────────────────────────────


def test_every_kind_and_layout_of_every_release_is_updated() -> None:
    assert list(MADE) == list(RELEASES)
    for version, projects in MADE.items():
        single = [answers for answers in projects.values() if "layout" not in answers]
        kinds = {answers.get("framework", "fastapi") for answers in single}
        had = set(released(version, "extensions/catalogue/frameworks.yml")) - {"_"}
        assert kinds == had, version
        layouts = {answers.get("layout", "single") for answers in projects.values()}
        assert layouts == set(released(version, "copier.yml")["layout"]["choices"]), version


@each_project
def test_an_untouched_project_becomes_what_a_fresh_copy_is(
    repository: Path, folder: Path, version: str, answers: dict[str, Any]
) -> None:
    project = make(repository, folder / "old" / "myapp", f"v{version}", **answers)
    update(project)
    assert_as_fresh(repository, project, folder / "new")


# Modules of the examples, where people write what is their own.
EXAMPLES = ("cli", "greetings", "notes", "notes/views", "summary", "tasks")
# Written anew since the first releases: what was added there is not lost, but a conflict.
WRITTEN_ANEW = ("notes/views.py",)
OWN = "\n\ndef of_the_user() -> None: ...\n"


def edit_examples(project: Path) -> list[Path]:
    found = [
        path for name in EXAMPLES for path in project.rglob(f"src/*/{name}.py") if path.is_file()
    ]
    assert found
    for path in found:
        path.write_text(path.read_text() + OWN)
    return found


def assert_kept(edited: list[Path]) -> None:
    assert [path for path in edited if not path.exists() or OWN not in path.read_text()] == []


@pytest.mark.parametrize(
    ("version", "answers"),
    [
        pytest.param(version, MADE[version][name], id=f"{version}-{name}")
        for name in MADE[LAST]
        for version in [next(version for version in MADE if name in MADE[version])]
    ],
)
def test_the_users_edits_survive_from_the_first_release_that_could_make_it(
    repository: Path, folder: Path, version: str, answers: dict[str, Any]
) -> None:
    project = make(repository, folder / "myapp", f"v{version}", **answers)
    edited = edit_examples(project)
    more = edited[0].parent / "more.py"
    more.write_text("# the user's own file\n")
    (project / "uv.lock").write_text("# the user's lock\n")
    # What every project has, but not every user wants.
    unwanted = next(project.rglob("tests/test_*.py"))
    unwanted.unlink()
    commit(project)

    conflicts = conflicts_of_update(project)

    assert [name for name in conflicts if not name.endswith(WRITTEN_ANEW)] == []
    assert_kept(edited)
    assert more.exists()
    assert (project / "uv.lock").read_text() == "# the user's lock\n"
    assert not unwanted.exists()


@pytest.mark.parametrize("version", RELEASES)
def test_a_readme_is_written_once_and_left_alone_by_updates(
    repository: Path, folder: Path, version: str
) -> None:
    answers = list(MADE[version].values())[-1]
    project = make(repository, folder / "myapp", f"v{version}", **answers)
    readmes = {path: path.read_text() for path in project.rglob("README.md")}
    assert readmes
    update(project)
    assert {path: path.read_text() for path in readmes} == readmes


def majors(services: dict[str, Any]) -> dict[str, str]:
    """Of the images: `postgres:18-alpine` has the major 18."""
    found = {}
    for name, row in services.items():
        tag = re.search(r":(\d+)", row["image"])
        assert tag, name
        found[name] = tag[1]
    return found


@pytest.mark.parametrize("version", RELEASES)
def test_an_update_moves_no_service_to_another_major_version(version: str) -> None:
    """Its data would not fit: who wants the newer one has to dump and restore."""
    before = majors(released(version, "extensions/catalogue/services.yml"))
    now = majors(SERVICES)
    assert {name: now[name] for name in before if name in now} == before


# ── Answers that change ──────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", [kind for kind in FRAMEWORKS if uses_database(kind)])
def test_what_was_written_without_a_database_is_there_with_one_and_without_it_again(
    repository: Path, folder: Path, kind: str
) -> None:
    project = make(repository, folder / "myapp", framework=kind)
    before = recorded(project)["services"]
    edited = edit_examples(project)
    commit(project)
    for services in (sorted({*before, "postgres"}, key=list(SERVICES).index), before):
        update(project, version=copier.VcsRef.CURRENT, services=services)
        assert recorded(project)["services"] == services
        assert_kept(edited)


def test_a_change_of_mind_is_as_good_as_the_right_answer_at_the_start(
    repository: Path, folder: Path
) -> None:
    """A walk through all kinds; each time another answer changes, too, drawn by chance but fixed.

    What the kind before has recorded of servers and services may not fit the next one.
    """
    draw = random.Random(20)
    project = make(repository, folder / "walk" / "myapp")
    first, *others = FRAMEWORKS
    for framework in (*others, first):
        choices: dict[str, list[Any]] = {
            "base_image": list(BASES),
            "server": list(servers_of(framework)),
            "services": [[], list(services_of(framework))],
            "python_version": part("versions")["python"],
            "ci": ["github", "none"],
            "description": ["One.", "Two,\nin two lines.", "{{ three }}"],
        }
        key = draw.choice([key for key, values in choices.items() if len(values) > 1])
        answers = {"framework": framework, key: draw.choice(choices[key])}
        update(project, version=copier.VcsRef.CURRENT, **answers)
        assert answers.items() <= recorded(project).items()
        assert_as_fresh(repository, project, folder / framework)


# ── A workspace ──────────────────────────────────────────────────────────────────────────────────

# Answers given at an update, one after the other, and what is recorded then beside them.
STORY: list[tuple[dict[str, Any], dict[str, Any]]] = [
    # An app joins; a service, a package.
    ({"apps": {"web-shop": "flask", "tool": "cli", "nightly": "job"}}, {"services": []}),
    ({"services": ["postgres"], "packages": ["core", "prices"]}, {}),
    # An app that asks for more, in place of another one: what was chosen before stays.
    (
        {
            "apps": {
                "web-shop": "flask",
                "mails": {"framework": "worker", "services": ["rabbitmq"], "packages": ["mail"]},
                "nightly": "job",
            }
        },
        {"services": ["postgres", "rabbitmq"], "packages": ["core", "prices", "mail"]},
    ),
    # It leaves, and its service, which nobody else uses; the other one stays.
    ({"apps": {"web-shop": "flask", "nightly": "job"}}, {"services": ["postgres"]}),
    # A package and a service leave; ports follow the order of the apps.
    (
        {
            "apps": {"web-shop-2": "fastapi", "web-shop": "flask"},
            "packages": ["prices"],
            "services": [],
            "dockerfiles": "per-app",
        },
        {},
    ),
    # One app at the root, and back.
    ({"layout": "single", "framework": "fastapi", "services": ["postgres"]}, {}),
    ({"layout": "workspace"}, {"services": ["postgres"], "packages": ["core"]}),
]


def test_apps_packages_and_services_come_and_go_as_if_they_had_always_been_so(
    repository: Path, folder: Path
) -> None:
    apps = {"web-shop": "flask", "tool": "cli"}
    project = make(repository, folder / "story" / "myapp", layout="workspace", apps=apps)
    for step, (answers, others) in enumerate(STORY):
        update(project, version=copier.VcsRef.CURRENT, **answers)
        after = recorded(project)
        for key, answer in {**answers, **others}.items():
            assert after[key] == answer, (step, key)
        if "apps" in answers:
            assert list(after["apps"]) == list(answers["apps"]), "in the order that was given"
        assert_as_fresh(repository, project, folder / str(step))


def drawn_answers(draw: random.Random) -> dict[str, Any]:
    """Any layout, with what goes together in it."""
    common = {"base_image": draw.choice(list(BASES)), "ci": draw.choice(["github", "none"])}
    if draw.random() < 0.25:
        kind = draw.choice(list(FRAMEWORKS))
        return {**common, "layout": "single", "framework": kind}
    packages = draw.sample(["core", "prices", "rules"], draw.randint(0, 2))
    apps: dict[str, Any] = {}
    used: set[str] = set()
    for name in draw.sample(["api", "web-shop", "mails", "nightly"], draw.randint(1, 3)):
        kind = draw.choice(list(FRAMEWORKS))
        own = services_of(kind)
        limited = [service for service in own if draw.random() < 0.5]
        apps[name] = draw.choice(
            [
                kind,
                {"framework": kind, "services": limited},
                {"framework": kind, "packages": packages[:1]},
            ]
        )
        used.update(limited if "services" in apps[name] else own)
    return {
        **common,
        "layout": "workspace",
        "apps": apps,
        "packages": packages,
        "services": [service for service in SERVICES if service in used],
        "dockerfiles": draw.choice(["shared", "per-app"]),
    }


def test_any_way_through_both_layouts_ends_where_a_fresh_copy_starts(
    repository: Path, folder: Path
) -> None:
    """A walk drawn by chance, always the same one; `SEED=7 uv run pytest` takes another."""
    seed = int(os.environ.get("SEED", "20"))
    draw = random.Random(seed)
    project = make(repository, folder / "walk" / "myapp")
    for step in range(4):
        answers = drawn_answers(draw)
        print(f"seed {seed}, step {step}: {answers}")  # shown if it fails
        update(project, version=copier.VcsRef.CURRENT, **answers)
        after = recorded(project)
        assert {key: after[key] for key in answers if key in after} == {
            key: answer for key, answer in answers.items() if key != "services" or key in after
        }
        assert_as_fresh(repository, project, folder / str(step))


@pytest.mark.parametrize("answers", [{}, answers_of("per-app")], ids=["single", "workspace"])
def test_a_project_that_is_current_is_updated_without_a_change(
    repository: Path, folder: Path, answers: dict[str, Any]
) -> None:
    project = make(repository, folder / "myapp", **answers)
    update(project)
    assert git(project, "diff", "--stat", "HEAD~1") == ""


def test_the_users_edits_in_an_app_survive_that_another_one_comes_and_goes(
    repository: Path, folder: Path
) -> None:
    apps = {"api": "fastapi", "tool": "cli"}
    project = make(repository, folder / "myapp", layout="workspace", apps=apps)
    edited = edit_examples(project)
    (project / "apps/api/src/api/more.py").write_text("# the user's own file\n")
    members = project / "apps/api/pyproject.toml"
    last = "\n]\n\n[project.scripts]"
    members.write_text(members.read_text().replace(last, f'\n    "zebra>=1",{last}'))
    (project / "uv.lock").write_text("# the user's lock\n")
    commit(project)

    for framework in ("flask", None):
        more = {"page": framework} if framework else {}
        update(project, version=copier.VcsRef.CURRENT, apps={**apps, **more})
        assert_kept(edited)
        assert (project / "apps/api/src/api/more.py").exists()
        assert '"zebra>=1"' in members.read_text()
        assert (project / "uv.lock").read_text() == "# the user's lock\n"
        assert list(project.glob("apps/page/**/*.py")) == [] or framework
        assert ('"page"' in (project / "pyproject.toml").read_text()) == bool(framework)


THREE = {"api": "fastapi", "shop": "fastapi", "web": "fastapi"}


def services_in_production(project: Path) -> dict[str, Any]:
    content = yaml.safe_load((project / "compose.prod.yaml").read_text())
    services: dict[str, Any] = content["services"]
    return services


def edit_production_of(project: Path, app: str) -> None:
    """More processors, and a variable, in the middle of what all apps have alike."""
    path = project / "compose.prod.yaml"
    head, start, rest = re.split(rf"^(  {app}:\n)", path.read_text(), flags=re.MULTILINE)
    block, next_one = re.split(r"^(?=  \S)", rest, maxsplit=1, flags=re.MULTILINE)
    block, limits = re.subn(r'cpus: ".+"', 'cpus: "4.0"', block)
    block, variables = re.subn(r"(    environment:.*\n)", r"\1      OF_THE_USER: here\n", block)
    assert (limits, variables) == (1, 1)
    path.write_text(head + start + block + next_one)


@pytest.mark.parametrize(
    "apps",
    [
        {"first": "fastapi", **THREE},
        {name: kind for name, kind in THREE.items() if name != "api"},
        {name: kind for name, kind in THREE.items() if name != "web"},
        dict(reversed(THREE.items())),
    ],
    ids=["listed-before-it", "removed-before-it", "removed-after-it", "listed-in-another-order"],
)
def test_an_edit_stays_with_its_app_whatever_happens_to_the_others(
    repository: Path, folder: Path, apps: dict[str, str]
) -> None:
    project = make(repository, folder / "myapp", layout="workspace", apps=THREE)
    edit_production_of(project, "shop")
    commit(project)
    update(project, version=copier.VcsRef.CURRENT, apps=apps)
    services = services_in_production(project)
    assert set(apps) <= set(services)
    limits = {app: services[app]["deploy"]["resources"]["limits"]["cpus"] for app in apps}
    assert {app for app, cpus in limits.items() if cpus == "4.0"} == {"shop"}
    environments = {app: services[app]["environment"] for app in apps}
    assert {app for app, given in environments.items() if "OF_THE_USER" in given} == {"shop"}


def copier_command(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "copier", *arguments]
    return subprocess.run(command, cwd=cwd, env=os.environ, capture_output=True, text=True)


def test_the_plain_command_makes_a_project_without_trust(repository: Path, folder: Path) -> None:
    made = copier_command("copy", "--defaults", str(repository), "myapp", cwd=folder)
    assert made.returncode == 0, made.stderr
    assert "docker compose up" in made.stderr
    assert "uv run myapp" in made.stderr
    answers = yaml.safe_load((folder / "myapp/.copier-answers.yml").read_text())
    assert answers["_commit"] == NEXT


def test_the_plain_command_tells_of_a_newer_template(repository: Path, folder: Path) -> None:
    old = make(repository, folder / "old", f"v{LAST}")
    assert copier_command("check-update", "--quiet", cwd=old).returncode == 2
    new = make(repository, folder / "new")
    assert copier_command("check-update", "--quiet", cwd=new).returncode == 0


def test_the_changelog_begins_with_the_newest_release() -> None:
    headings = [
        line.split()[1]
        for line in (ROOT / "CHANGELOG.md").read_text().splitlines()
        if line.startswith("## ")
    ]
    assert LAST in headings[:2], "the newest release, below what is not released yet"
    assert f'version = "{LAST}"' in (ROOT / "pyproject.toml").read_text()
