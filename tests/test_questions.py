"""What is asked is checked where it is asked: the legal passes, the rest is explained."""

import datetime
import json
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from .catalogue import BASES, FRAMEWORKS, SERVERS, SERVICES
from .conftest import Render

LONG = "a" * 300

# key, value, a word that the message must have: what is allowed, or what is wrong
REFUSED: list[tuple[str, Any, str]] = [
    ("project_name", "", "Start with a letter"),
    ("project_name", "   ", "Start with a letter"),
    ("project_name", "123", "Start with a letter"),
    ("project_name", "../escape", "Start with a letter"),
    ("project_name", "/etc/passwd", "Start with a letter"),
    ("project_name", "C:\\project", "letters, digits, spaces"),
    ("project_name", "rocket 🚀", "letters, digits, spaces"),
    ("project_name", "two\nlines", "on one line"),
    ("project_name", "{{ 7 * 7 }}", "Start with a letter"),
    ("project_name", "My {% App %}", "letters, digits, spaces"),
    ("project_name", 'My "App"', "letters, digits, spaces"),
    ("project_name", " My App", "on one line"),
    ("project_name", LONG, "at most 60"),
    ("project_name", "日本", "at least one letter"),
    ("project_name", "É 2", "at least one letter"),
    ("project_slug", "", "lower-case a"),
    ("project_slug", "123", "lower-case a"),
    ("project_slug", "1e3", "lower-case a"),
    ("project_slug", "MyApp", "lower-case a"),
    ("project_slug", "my_app", "single hyphens"),
    ("project_slug", "my--app", "single hyphens"),
    ("project_slug", "-app", "a letter first"),
    ("project_slug", "app-", "single hyphens"),
    ("project_slug", "my.app", "lower-case a"),
    ("project_slug", "a/b", "lower-case a"),
    ("project_slug", "..", "lower-case a"),
    ("project_slug", "app\n", "lower-case a"),
    ("project_slug", "straße", "lower-case a"),
    ("project_slug", "🚀", "lower-case a"),
    ("project_slug", "{{ x }}", "lower-case a"),
    ("project_slug", "a" * 41, "at most 40"),
    ("project_slug", "class", "a Python keyword"),
    ("project_slug", "json", "standard library"),
    ("project_slug", "annotationlib", "standard library"),
    ("project_slug", "fastapi", "package that the project can install"),
    ("project_slug", "pydantic-core", "package that the project can install"),
    ("project_slug", "tests", "clashes with a folder"),
    ("project_slug", "null", "means something else"),
    ("project_slug", "yes", "means something else"),
    ("project_slug", "con", "means something else"),
    ("description", "", "in a sentence"),
    ("description", " \n ", "in a sentence"),
    ("description", "bell \a", "control character"),
    ("description", "nul \0", "control character"),
    ("description", "a" * 1001, "at most 1000"),
    ("layout", "workspce", "Invalid choice"),
    ("framework", "rails", "Invalid choice"),
    ("python_version", "2.7", "Invalid choice"),
    ("python_version", "latest", "Invalid choice"),
    ("base_image", "ubuntu", "Invalid choice"),
    ("server", "apache", "Invalid choice"),
    ("services", ["postgres", "oracle"], "Invalid choice"),
    ("services", "postgres", "Not a YAML list"),
    ("ci", "jenkins", "Invalid choice"),
    ("registry", "", "ghcr.io/acme"),
    ("registry", "https://ghcr.io/acme", "without https://"),
    ("registry", "ghcr.io/acme/", "slash at the end"),
    ("registry", "ghcr.io/Acme", "lower case"),
    ("registry", "ghcr.io/acme:latest", "tag"),
    ("registry", "ghcr.io//acme", "ghcr.io/acme"),
    ("registry", "ghcr.io/ac me", "ghcr.io/acme"),
    ("registry", "{{ x }}", "ghcr.io/acme"),
    ("registry", f"ghcr.io/{LONG}", "at most 120"),
]

ACCEPTED: list[tuple[str, Any]] = [
    ("project_name", "A"),
    ("project_name", "Café 2.0 - the_app"),
    ("project_slug", "a"),
    ("project_slug", "my-app-2"),
    ("project_slug", "app"),
    ("project_slug", "a" * 40),
    ("description", "x"),
    ("description", "a" * 1000),
    ("python_version", "3.11"),
    *[("framework", framework) for framework in FRAMEWORKS],
    *[("base_image", base) for base in BASES],
    ("services", []),
    ("registry", "acme"),
    ("registry", "localhost:5000"),
    ("registry", "registry.example.com:5000/team/sub-team"),
    ("ci", "none"),
]

DESCRIPTIONS = {
    "quotes": """It's "quoted", 'twice' and \"\"\"three times\"\"\".""",
    "backslashes": r"C:\new\table, \\server, \u0041 and a last one \\",
    "lines": "First line.\n\n  Second line.\nThird # line: with a colon.",
    "jinja": "{{ 7 * 7 }} {% raw %} {# comment #} ${{ github.token }} ${HOME} $PATH",
    "emoji": "Rockets 🚀 and flags 🇫🇷, 日本語.",
    "yaml": "- yes: [null, {a: b}] # no & *anchor !tag %",
    "markup": "<script>alert(1)</script> & `code` | table",
}


@pytest.mark.parametrize(("key", "value", "explained"), REFUSED, ids=str)
def test_a_bad_answer_is_refused_with_what_is_allowed_and_nothing_is_written(
    render: Render, tmp_path: Path, key: str, value: Any, explained: str
) -> None:
    with pytest.raises((ValueError, TypeError)) as refusal:
        render(into=tmp_path, **{key: value})
    message = str(refusal.value)
    assert explained in message
    assert "has no attribute" not in message
    assert not (tmp_path / "myapp").exists()


@pytest.mark.parametrize(("key", "value"), ACCEPTED, ids=str)
def test_a_good_answer_is_accepted_and_recorded(render: Render, key: str, value: Any) -> None:
    answers = yaml.safe_load((render(**{key: value}) / ".copier-answers.yml").read_text())
    assert answers[key] == value


# What can be chosen depends on what was chosen before: a framework's own, and nothing else.
OWN: list[tuple[str, Any, str, bool]] = [
    (key, answer, framework, choice in row[f"{key.rstrip('s')}s"])
    for framework, row in FRAMEWORKS.items()
    for key, answer, choice in [
        *[("server", server, server) for server in SERVERS],
        *[("services", [service], service) for service in SERVICES],
    ]
    if row[f"{key.rstrip('s')}s"]  # else it is not asked
]


@pytest.mark.parametrize(("key", "value", "framework", "own"), OWN, ids=str)
def test_a_framework_offers_its_own_servers_and_services_and_no_others(
    render: Render, key: str, value: Any, framework: str, own: bool
) -> None:
    if own:
        project = render(framework=framework, **{key: value})
        assert yaml.safe_load((project / ".copier-answers.yml").read_text())[key] == value
    else:
        with pytest.raises(ValueError, match="Invalid choice"):
            render(framework=framework, **{key: value})


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_what_does_not_matter_to_a_framework_is_not_recorded(
    render: Render, framework: str
) -> None:
    answers = yaml.safe_load((render(framework=framework) / ".copier-answers.yml").read_text())
    assert ("server" in answers) == bool(FRAMEWORKS[framework]["servers"])
    assert ("services" in answers) == bool(FRAMEWORKS[framework]["services"])


@pytest.mark.parametrize(
    ("services", "broker"),
    [
        ([], "redis"),
        (["redis"], "redis"),
        (["rabbitmq"], "rabbitmq"),
        (["redis", "rabbitmq"], "rabbitmq"),
    ],
)
def test_a_worker_has_one_broker_whatever_is_chosen(
    render: Render, services: list[str], broker: str
) -> None:
    project = render(framework="worker", services=services)
    assert f'settings.address("{broker}")' in (project / "src/myapp/broker.py").read_text()
    compose = yaml.safe_load((project / "compose.yaml").read_text())
    assert set(compose["services"]) == {"app", *(services or [broker])}


@pytest.mark.parametrize("description", DESCRIPTIONS.values(), ids=DESCRIPTIONS.keys())
def test_a_description_may_hold_anything_and_every_file_stays_valid(
    render: Render, description: str
) -> None:
    project = render(description=description)
    one_line = " ".join(description.split())

    answers = yaml.safe_load((project / ".copier-answers.yml").read_text())
    assert answers["description"] == description
    metadata = tomllib.loads((project / "pyproject.toml").read_text())["project"]
    assert metadata["description"] == one_line
    assert description.splitlines()[0] in (project / "README.md").read_text()
    label = next(
        line.split("description=", 1)[1].removesuffix(" \\")
        for line in (project / "Dockerfile").read_text().splitlines()
        if "image.description=" in line
    )
    assert json.loads(label.replace(r"\$", "$")) == one_line


# ── The questions of a workspace ─────────────────────────────────────────────────────────────────


def only(framework: Any, **limits: Any) -> dict[str, Any]:
    """The answer to `apps` with one app, in its long form."""
    return {"api": {"framework": framework, **limits}}


# What a name of an app or a package must not be, and a word of the reason.
BAD_NAMES: list[tuple[Any, str]] = [
    ("", "lower-case a"),
    ("Api", "lower-case a"),
    ("my_api", "single hyphens"),
    ("my--api", "single hyphens"),
    ("api-", "single hyphens"),
    ("../api", "lower-case a"),
    ("{{ x }}", "lower-case a"),
    ("2fast", "a letter first"),
    ("a" * 41, "at most 40"),
    ("class", "a Python keyword"),
    ("site", "standard library"),
    ("json", "standard library"),
    ("celery", "package that the project can install"),
    ("sqlalchemy", "package that the project can install"),
    ("src", "clashes with a folder"),
    ("tests", "clashes with a folder"),
    ("docker", "clashes with a folder"),
    ("no", "means something else"),
    ("test", "a part of the workspace itself"),
    ("apps", "a part of the workspace itself"),
    ("packages", "a part of the workspace itself"),
    ("health", "a part of the workspace itself"),
    ("lock", "a part of the workspace itself"),
    ("default", "a part of the workspace itself"),
    ("development", "a part of the workspace itself"),
    ("postgres", "a part of the workspace itself"),
    ("rabbitmq", "a part of the workspace itself"),
    ("redis", "package that the project can install"),
    ("api-migrate", "a part of the workspace itself"),
    ("api-tests", "a part of the workspace itself"),
    ("postgres-databases", "a part of the workspace itself"),
    ("test-api", "a part of the workspace itself"),
    ("myapp", "name of the project itself"),
]

# What YAML makes of a word that looks like a name; then what no YAML of a person would hold.
NO_NAMES: list[Any] = [None, True, 1000, 1.5, datetime.date(2026, 1, 2), (), b"api"]

NO_MAPS: list[Any] = [None, True, 1, "", "api", [], ["api"], [["api"]], [None], {}]
NO_LISTS: list[Any] = [None, True, 1, 1.5, "postgres", {}, {"postgres": 1}, [1], [None], [[]], [{}]]
NO_KINDS: list[Any] = [None, True, 1, "", "rails", "Fastapi", [], ["fastapi"], [["fastapi"]], {}]

REFUSED_APPS: list[tuple[Any, str]] = [
    *[(apps, "the name and the kind of each app") for apps in NO_MAPS],
    *[({name: "cli"}, why) for name, why in BAD_NAMES],
    *[({name: "cli"}, "YAML reads a name here as") for name in NO_NAMES],
    *[({"api": kind}, "one of fastapi, flask") for kind in NO_KINDS],
    *[(only(kind), "one of fastapi, flask") for kind in NO_KINDS[-4:]],
    *[(only("fastapi", services=value), "services as a list") for value in NO_LISTS],
    *[(only("fastapi", packages=value), "packages as a list") for value in NO_LISTS[-4:]],
    (only("fastapi", services=["oracle"]), "cannot use oracle; it can use postgres"),
    (only("fastapi", services=["rabbitmq"]), "cannot use rabbitmq; it can use postgres, redis"),
    (
        {**only("fastapi", services=["rabbitmq"]), "mails": only("worker", services=[])["api"]},
        "cannot use rabbitmq; it can use postgres, redis",
    ),
    (
        {**only("flask", services=["oracle"]), "mails": "worker"},
        "cannot use oracle; it can use postgres, rabbitmq, redis",
    ),
    ({**only("job", services=["rabbitmq"]), "mails": "worker"}, "it can use postgres, redis"),
    (only("worker", services=["oracle"]), "it can use postgres, rabbitmq, redis"),
    (only("cli", services=["postgres"]), "it can use no service"),
    (only("cli", service=[]), 'remove the unknown key "service"'),
    ({"api": {"services": []}}, "one of fastapi, flask"),
    ({"api": "fastapi", "class": "cli", "Shop": "django"}, "Python keyword"),
]

REFUSED_PACKAGES: list[tuple[Any, str]] = [
    *[(value, "a list of names") for value in [None, True, 1, "core", {}, {"core": 1}]],
    *[([name], why) for name, why in BAD_NAMES[::4]],
    *[([name], "YAML reads a name here as") for name in [*NO_NAMES, [], ["core"], {}]],
    (["core", "api"], "is already an app"),
    (["core", "core"], "only once"),
    (["core", "more", "core"], "only once"),
]


def refusal_of(render: Render, folder: Path, **answers: Any) -> str:
    """Why these answers are refused; nothing is written then."""
    with pytest.raises((ValueError, TypeError)) as refusal:
        render(into=folder, layout="workspace", **answers)
    assert not (folder / "myapp").exists()
    message = str(refusal.value)
    for crash in ("object", "attribute", "undefined", "Undefined", "unhashable", "expected"):
        assert crash not in message
    return message


@pytest.mark.parametrize(("apps", "explained"), REFUSED_APPS, ids=str)
def test_apps_that_cannot_be_are_refused_with_what_is_allowed(
    render: Render, tmp_path: Path, apps: Any, explained: str
) -> None:
    message = refusal_of(render, tmp_path, apps=apps)
    assert message.startswith("Validation error for question 'apps': ")
    assert explained in message


@pytest.mark.parametrize(("packages", "explained"), REFUSED_PACKAGES, ids=str)
def test_packages_that_cannot_be_are_refused_with_what_is_allowed(
    render: Render, tmp_path: Path, packages: Any, explained: str
) -> None:
    message = refusal_of(render, tmp_path, packages=packages)
    assert message.startswith("Validation error for question 'packages': ")
    assert explained in message


@pytest.mark.parametrize(
    ("answers", "explained"),
    [
        (
            {"apps": {**only("fastapi", services=["rabbitmq"], packages=[]), "mails": "worker"}},
            "Let api use the package core, or remove rabbitmq from its services in `apps`",
        ),
        (
            {"apps": only("cli", packages=["core", "more"]), "packages": ["core"]},
            "Add more, or remove it from api in `apps`",
        ),
        (
            {"apps": only("fastapi", services=["postgres"]), "services": []},
            "Choose postgres too, or remove it in `apps`",
        ),
        (
            {"apps": only("fastapi", services=[]), "services": ["postgres"]},
            "Leave out postgres, or add it to an app",
        ),
        (
            {"apps": only("worker", services=["redis"]), "services": ["redis", "rabbitmq"]},
            "Leave out rabbitmq, or add it to an app",
        ),
        ({"apps": {"api": "fastapi"}, "services": ["rabbitmq"]}, "Invalid choice"),
        ({"apps": {"api": "fastapi"}, "services": ["oracle"]}, "Invalid choice"),
        ({"apps": {"api": "fastapi"}, "server": "gunicorn"}, "Invalid choice"),
        ({"dockerfiles": "both"}, "Invalid choice"),
        ({"dockerfiles": True}, "Invalid choice"),
        ({"dockerfiles": []}, "Could not convert"),
    ],
    ids=str,
)
def test_answers_that_do_not_go_together_are_refused(
    render: Render, tmp_path: Path, answers: dict[str, Any], explained: str
) -> None:
    assert explained in refusal_of(render, tmp_path, **answers)


def test_every_mistake_is_named_not_only_the_first(render: Render, tmp_path: Path) -> None:
    apps = {"Api": "fastapi", "shop": "rails", "tool": {"framework": "cli", "services": 1}}
    _, *others = refusal_of(render, tmp_path, apps=apps).splitlines()
    assert [line.split()[0] for line in others] == ["shop:", "tool:"]


def test_a_name_that_a_refusal_proposes_is_accepted(render: Render, tmp_path: Path) -> None:
    names = [name for name, why in BAD_NAMES if why[0] != "l"]  # but how a name is spelled
    message = refusal_of(render, tmp_path, apps=dict.fromkeys(names, "cli"))
    proposed = re.findall(r'Try "(.+?)"', message)
    assert len(proposed) > 15
    assert (render(layout="workspace", apps=dict.fromkeys(proposed, "cli")) / "apps").is_dir()


GOOD_WORKSPACES: list[dict[str, Any]] = [
    {
        "apps": {
            "a": "cli",
            "my-app-2": "cli",
            "app": {"framework": "fastapi"},
            "n" * 40: {"framework": "worker", "services": [], "packages": []},
            "core": {"framework": "job", "packages": ["shared-code", "app-core"]},
        },
        "packages": ["shared-code", "app-core", "x"],
        "services": ["redis"],
    },
    {"apps": {"api": "fastapi"}, "packages": [], "services": [], "dockerfiles": "per-app"},
    {
        "apps": {
            "api": {"framework": "fastapi", "services": ["postgres"], "packages": []},
            "shop": {"framework": "django", "services": []},
            "mails": {"framework": "worker", "services": ["rabbitmq"]},
        },
        "services": ["postgres", "rabbitmq"],
    },
    {
        "apps": {**only("flask", services=["rabbitmq"]), "mails": "worker"},
        "services": ["rabbitmq"],
    },
]


@pytest.mark.parametrize("answers", GOOD_WORKSPACES, ids=["names", "alone", "limits", "queue"])
def test_a_good_workspace_is_accepted_and_recorded_as_it_was_given(
    render: Render, answers: dict[str, Any]
) -> None:
    project = render(layout="workspace", **answers)
    recorded = yaml.safe_load((project / ".copier-answers.yml").read_text())
    assert {key: recorded[key] for key in answers} == answers
    assert list(recorded["apps"]) == list(answers["apps"]), "ports follow the order"
    for name in answers["apps"]:
        metadata = tomllib.loads((project / "apps" / name / "pyproject.toml").read_text())
        assert metadata["project"]["name"] == name
        assert (project / "apps" / name / "src" / name.replace("-", "_") / "__init__.py").exists()


def test_what_apps_ask_for_is_the_default_of_the_questions_that_follow(render: Render) -> None:
    project = render(
        layout="workspace",
        apps={
            "api": {"framework": "fastapi", "services": ["postgres"], "packages": ["rules"]},
            "shop": {"framework": "django", "services": [], "packages": ["rules", "prices"]},
        },
    )
    recorded = yaml.safe_load((project / ".copier-answers.yml").read_text())
    assert recorded["services"] == ["postgres"]
    assert recorded["packages"] == ["rules", "prices"]


@pytest.mark.parametrize(
    ("apps", "broker"),
    [
        ({"mails": "worker"}, "redis"),
        ({"mails": {"framework": "worker", "services": []}}, "redis"),
        ({"mails": {"framework": "worker", "services": ["rabbitmq"]}}, "rabbitmq"),
    ],
    ids=str,
)
def test_a_worker_among_others_has_its_broker_too(
    render: Render, apps: dict[str, Any], broker: str
) -> None:
    project = render(layout="workspace", apps={"api": "fastapi", **apps})
    compose = yaml.safe_load((project / "compose.yaml").read_text())
    assert set(compose["services"]) == {"api", "mails", broker}


@pytest.mark.parametrize(
    ("data", "explained"),
    [
        ("apps={api: fastapi, worker: worker", "expected"),
        ("apps={null: cli, yes: cli}", "YAML reads a name here as null"),
        ("apps={1_000: cli, 1e3: cli}", "YAML reads a name here as 1000"),
        ("apps=", "the name and the kind of each app"),
        ("packages=[off]", "YAML reads a name here as false"),
        ("services=postgres", "Not a YAML list"),
    ],
)
def test_the_plain_command_refuses_what_is_wrong(
    template: Path, tmp_path: Path, data: str, explained: str
) -> None:
    done = copy(template, tmp_path / "myapp", data)
    assert done.returncode != 0
    assert explained in done.stderr
    assert not (tmp_path / "myapp").exists()


def test_the_plain_command_takes_a_workspace(template: Path, tmp_path: Path) -> None:
    done = copy(
        template,
        tmp_path / "myapp",
        "apps={web-shop: {framework: django, packages: [rules]}, api: fastapi}",
        "packages=[rules, prices]",
        "services=[postgres]",
        "dockerfiles=per-app",
    )
    assert done.returncode == 0, done.stderr
    apps = tmp_path / "myapp/apps"
    assert {path.parent.name for path in apps.glob("*/Dockerfile")} == {"web-shop", "api"}


def copy(template: Path, folder: Path, *data: str) -> subprocess.CompletedProcess[str]:
    answers = [word for answer in ("layout=workspace", *data) for word in ("--data", answer)]
    return copier_at(template, "copy", "--defaults", *answers, str(template), str(folder))


def copier_at(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """The plain command, trusted by nobody."""
    command = [sys.executable, "-m", "copier", *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True)


def commands_in(message: str) -> list[str]:
    """What a message tells to run: the lines that are indented by four spaces."""
    return re.findall(r"^ {4}(\S.*)$", message, re.M)


# ── What the answers are for ─────────────────────────────────────────────────────────────────────


def test_the_defaults_name_the_project_after_its_folder(render: Render) -> None:
    answers = yaml.safe_load((render("coffee-shop") / ".copier-answers.yml").read_text())
    assert answers["project_name"] == "coffee-shop"
    assert answers["project_slug"] == "coffee-shop"


@pytest.mark.parametrize("folder", ["123", "My App!", "a" * 70])
def test_a_folder_with_a_name_that_no_project_can_have_still_gets_one(
    render: Render, folder: str
) -> None:
    answers = yaml.safe_load((render(folder) / ".copier-answers.yml").read_text())
    assert answers["project_slug"] == "my-app"


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("Calendar", "calendar-app"),
        ("Class", "class-app"),
        ("JSON", "json-app"),
        ("queue", "queue-app"),
        ("Py Compile", "py-compile-app"),
        ("Django", "django-app"),
        ("src", "src-app"),
        ("Yes", "yes-app"),
        ("Test", "test-app"),
        ("Team Calendar", "team-calendar"),
        ("Ö3 Radio", "radio"),
        ("One " * 14 + "One", "one-one-one-one-one-one-one-one-one-one"),
    ],
)
def test_every_title_has_a_name_that_can_be_used(render: Render, title: str, slug: str) -> None:
    answers = yaml.safe_load((render(project_name=title) / ".copier-answers.yml").read_text())
    assert answers["project_name"] == title
    assert answers["project_slug"] == slug


def test_a_title_that_is_a_taken_word_leaves_the_name_free(render: Render) -> None:
    project = render(project_name="Calendar", project_slug="team-calendar")
    assert (project / "src/team_calendar").is_dir()


def test_the_folder_one_stands_in_names_the_project(template: Path, tmp_path: Path) -> None:
    folder = tmp_path / "coffee-shop"
    folder.mkdir()
    done = copier_at(folder, "copy", "--defaults", str(template), ".")
    answers = yaml.safe_load((folder / ".copier-answers.yml").read_text())
    assert answers["project_name"] == "coffee-shop"
    assert commands_in(done.stderr) == ["docker compose up"]


def test_the_way_into_a_new_project_can_be_pasted(template: Path, tmp_path: Path) -> None:
    done = copier_at(tmp_path, "copy", "--defaults", str(template), "it's/my app")
    assert done.returncode == 0, done.stderr
    way, first = commands_in(done.stderr)
    subprocess.run(["sh", "-c", f"{way} && test -f .copier-answers.yml"], cwd=tmp_path, check=True)
    assert first == "docker compose up"


@pytest.mark.parametrize("name", ["api", "worker", "core"])
def test_a_workspace_can_have_the_name_that_a_member_has_elsewhere(
    render: Render, name: str
) -> None:
    answers = yaml.safe_load((render(name, layout="workspace") / ".copier-answers.yml").read_text())
    assert answers["project_slug"] == name
    assert name not in [*answers["apps"], *answers["packages"]]


def test_every_answer_is_recorded_and_nothing_else(render: Render, template: Path) -> None:
    questions = yaml.safe_load((template / "copier.yml").read_text())
    asked = {
        key
        for key, question in questions.items()
        if not key.startswith("_") and question.get("when") is not False
    }
    of_a_workspace = {"apps", "packages", "dockerfiles"}
    for layout, of_the_other in (("single", of_a_workspace), ("workspace", {"framework"})):
        answers = yaml.safe_load(
            (render(layout, layout=layout) / ".copier-answers.yml").read_text()
        )
        recorded = {key for key in answers if not key.startswith("_")}
        assert recorded == asked - of_the_other


def git(folder: Path, *words: str) -> str:
    identity = ["-c", "user.name=test", "-c", "user.email=test@example.com"]
    command = ["git", *identity, *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout


def commit(folder: Path) -> None:
    git(folder, "init", "--quiet")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "Work")


def test_an_update_says_what_git_status_shows_and_how_to_give_it_up(
    template: Path, tmp_path: Path
) -> None:
    repository = tmp_path / "template"
    shutil.copytree(template, repository)
    commit(repository)
    git(repository, "tag", "v1.0.0")
    cached = ["--defaults", "--data", "services=[redis]"]
    assert copier_at(tmp_path, "copy", *cached, str(repository), "myapp").returncode == 0
    project = tmp_path / "myapp"
    dockerfile = project / "Dockerfile"
    dockerfile.write_text(dockerfile.read_text().replace("slim-trixie", "slim-sid"))
    commit(project)
    before = dockerfile.read_text()

    change = ["--data", "services=[postgres]", "--data", "base_image=alpine"]
    done = copier_at(project, "update", "--defaults", *change)

    assert done.returncode == 0, done.stderr
    letters = {line[:2] for line in git(project, "status", "--short").splitlines()}
    assert {"UU", " D", "??"} <= letters
    assert "<<<<<<<" in dockerfile.read_text()
    for word in ("    UU  ", "     D  ", "<<<<<<<", "`uv lock`", "docs/", "README.md"):
        assert word in done.stderr
    give_up = [line for line in commands_in(done.stderr) if line.startswith("git ")]
    assert len(give_up) == 2
    for command in give_up:
        git(project, *command.split()[1:])
    assert git(project, "status", "--short") == ""
    assert dockerfile.read_text() == before


def test_every_question_says_what_its_answer_changes(template: Path) -> None:
    questions = yaml.safe_load((template / "copier.yml").read_text())
    for key, question in questions.items():
        if not key.startswith("_") and question.get("when") is not False:
            assert len(question["help"]) > 40, key


@pytest.mark.parametrize("key", ["_tasks", "_migrations", "_jinja_extensions"])
def test_nothing_asks_for_trust(template: Path, key: str) -> None:
    assert key not in yaml.safe_load((template / "copier.yml").read_text())
