"""What is asked is checked where it is asked: the legal passes, the rest is explained."""

import json
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
    ("project_name", "", "starts with a letter"),
    ("project_name", "   ", "starts with a letter"),
    ("project_name", "123", "starts with a letter"),
    ("project_name", "../escape", "starts with a letter"),
    ("project_name", "/etc/passwd", "starts with a letter"),
    ("project_name", "C:\\project", "letters, digits, spaces"),
    ("project_name", "rocket 🚀", "letters, digits, spaces"),
    ("project_name", "two\nlines", "in one line"),
    ("project_name", "{{ 7 * 7 }}", "starts with a letter"),
    ("project_name", "My {% App %}", "letters, digits, spaces"),
    ("project_name", 'My "App"', "letters, digits, spaces"),
    ("project_name", " My App", "in one line"),
    ("project_name", LONG, "at most 60"),
    ("project_name", "Class", "word of the Python language"),
    ("project_name", "JSON", "standard library"),
    ("project_name", "日本", "needs a letter"),
    ("project_slug", "", "lower-case letters"),
    ("project_slug", "123", "lower-case letters"),
    ("project_slug", "1e3", "lower-case letters"),
    ("project_slug", "MyApp", "lower-case letters"),
    ("project_slug", "my_app", "single hyphens"),
    ("project_slug", "my--app", "single hyphens"),
    ("project_slug", "-app", "a letter first"),
    ("project_slug", "app-", "single hyphens"),
    ("project_slug", "my.app", "lower-case letters"),
    ("project_slug", "a/b", "lower-case letters"),
    ("project_slug", "..", "lower-case letters"),
    ("project_slug", "app\n", "lower-case letters"),
    ("project_slug", "straße", "lower-case letters"),
    ("project_slug", "🚀", "lower-case letters"),
    ("project_slug", "{{ x }}", "lower-case letters"),
    ("project_slug", "a" * 41, "at most 40"),
    ("project_slug", "class", "word of the Python language"),
    ("project_slug", "json", "standard library"),
    ("project_slug", "annotationlib", "standard library"),
    ("project_slug", "fastapi", "package that the project can install"),
    ("project_slug", "pydantic-core", "package that the project can install"),
    ("project_slug", "tests", "folder of the project"),
    ("project_slug", "null", "read as something else"),
    ("project_slug", "yes", "read as something else"),
    ("project_slug", "con", "read as something else"),
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
    assert f"settings.{broker}.get_secret_value()" in (project / "src/myapp/broker.py").read_text()
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


def test_the_defaults_name_the_project_after_its_folder(render: Render) -> None:
    answers = yaml.safe_load((render("coffee-shop") / ".copier-answers.yml").read_text())
    assert answers["project_name"] == "coffee-shop"
    assert answers["project_slug"] == "coffee-shop"


@pytest.mark.parametrize("folder", ["123", "json", "My App!", "a" * 70])
def test_a_folder_with_a_name_that_no_project_can_have_still_gets_one(
    render: Render, folder: str
) -> None:
    answers = yaml.safe_load((render(folder) / ".copier-answers.yml").read_text())
    assert answers["project_slug"] == "my-app"


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


def test_every_question_says_what_its_answer_changes(template: Path) -> None:
    questions = yaml.safe_load((template / "copier.yml").read_text())
    for key, question in questions.items():
        if not key.startswith("_") and question.get("when") is not False:
            assert len(question["help"]) > 40, key


@pytest.mark.parametrize("key", ["_tasks", "_migrations", "_jinja_extensions"])
def test_nothing_asks_for_trust(template: Path, key: str) -> None:
    assert key not in yaml.safe_load((template / "copier.yml").read_text())
