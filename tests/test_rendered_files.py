"""Every file of every project is valid, formatted, and free of the template it came from.

The projects of one app cover all pairs of answers: most mistakes need two answers to meet.
"""

import ast
import compileall
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import copier
import pytest
import yaml
from allpairspy import AllPairs

from .catalogue import (
    BASES,
    FRAMEWORKS,
    SERVERS,
    SERVICES,
    part,
    servers_of,
    services_of,
    uses_database,
)
from .conftest import ROOT, Render
from .docker import Project
from .workspaces import ALL_KINDS, WORKSPACES, answers_of

QUESTIONS = yaml.safe_load((ROOT / "copier.yml").read_text())

# None, each alone, and all that a framework can have.
TOGETHER = {
    (),
    *((name,) for name in SERVICES),
    *map(services_of, FRAMEWORKS),
}

CHOICES: dict[str, list[Any]] = {
    "framework": list(FRAMEWORKS),
    "project_slug": ["myapp", "a", "my-long-project-name-of-forty-characters"],
    "python_version": part("versions")["python"],
    "base_image": list(BASES),
    "server": [*SERVERS, "none"],
    "services": [list(names) for names in sorted(TOGETHER)],
    "registry": ["ghcr.io/acme", "localhost:5000"],
    "ci": QUESTIONS["ci"]["choices"],
}


def go_together(values: list[Any]) -> bool:
    """Whether the first few answers fit: a framework has servers and services of its own."""
    answers = dict(zip(CHOICES, values, strict=False))
    kind = answers["framework"]
    servers = servers_of(kind) or ("none",)
    served = answers.get("server", servers[0]) in servers
    return served and set(answers.get("services", [])) <= set(services_of(kind))


PROJECTS = [
    {key: value for key, value in zip(CHOICES, pair, strict=True) if value != "none" or key == "ci"}
    for pair in AllPairs(list(CHOICES.values()), filter_func=go_together)
]

TEMPLATE_RESIDUE = re.compile(r"\{%|%\}|\{#|#\}|copier_conf|extensions/|\bmodel\.")
OUR_VARIABLES = re.compile(r"copier_conf|extensions/|\b(model|app)\.|yield")
BLANK_LINE_SCAR = re.compile(r"\n\n\n\n|\n\n\Z|\A\n|[ \t]\n")


# Where an empty line parts two paragraphs, and two part nothing.
DENSE = {".toml", ".yaml", ".yml", ".hcl", ".md", ".example"}


def describe(answers: dict[str, Any]) -> str:
    if "layout" in answers:
        return next(name for name in WORKSPACES if answers_of(name) == answers)
    services = "+".join(answers["services"]) or "alone"
    server = answers.get("server", "")
    return "-".join([answers["framework"], server, services, answers["base_image"], answers["ci"]])


@pytest.fixture(scope="module", params=[*PROJECTS, *map(answers_of, WORKSPACES)], ids=describe)
def answers(request: pytest.FixtureRequest) -> dict[str, Any]:
    chosen: dict[str, Any] = request.param
    return chosen


@pytest.fixture(scope="module")
def project(
    answers: dict[str, Any], template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    destination = tmp_path_factory.mktemp("rendered") / "myapp"
    copier.run_copy(str(template), destination, data=answers, defaults=True, quiet=True)
    return destination


def files(project: Path, *patterns: str) -> list[Path]:
    found = [path for pattern in patterns for path in project.rglob(pattern) if path.is_file()]
    assert found, f"no file matches {patterns}"
    return found


def check(*command: str | Path, cwd: Path | None = None) -> None:
    """Run a linter from this environment; what it says is the message of the failure."""
    tool = shutil.which(str(command[0]), path=f"{Path(sys.executable).parent}")
    assert tool, f"{command[0]} is not installed: run the tests with `uv run pytest`"
    done = subprocess.run([tool, *command[1:]], cwd=cwd, capture_output=True, text=True)
    assert done.returncode == 0, f"{command[0]}:\n{done.stdout}{done.stderr}"


def test_no_file_shows_that_it_came_from_a_template(project: Path) -> None:
    for path in files(project, "*"):
        # Django's own templates look like ours, but none of them knows our variables.
        residue = OUR_VARIABLES if "templates" in path.parts else TEMPLATE_RESIDUE
        assert not residue.search(path.read_text()), path.name


def test_no_file_has_a_blank_line_too_many(project: Path) -> None:
    for path in files(project, "*"):
        text = path.read_text()
        if found := BLANK_LINE_SCAR.search(text):
            line = text[: found.start()].count("\n") + 1
            pytest.fail(f"{path.name}:{line} has a blank line or a space too many")
        assert text.endswith("\n") or path.name == "py.typed", (
            f"{path.name} ends without a line end"
        )
        assert path.suffix not in DENSE or "\n\n\n" not in text, path


def test_no_folder_is_empty(project: Path) -> None:
    folders = [path for path in project.rglob("*") if path.is_dir()]
    assert [folder for folder in folders if not any(folder.iterdir())] == []


def test_the_code_is_formatted_and_clean(project: Path) -> None:
    check("ruff", "format", "--check", "--no-cache", ".", cwd=project)
    check("ruff", "check", "--no-cache", ".", cwd=project)


def test_the_code_compiles(project: Path) -> None:
    assert compileall.compile_dir(project, quiet=1)


def test_the_project_file_follows_the_standards(project: Path) -> None:
    check("validate-pyproject", *files(project, "pyproject.toml"))


def test_the_lock_is_a_stub_that_agrees_with_the_project(project: Path) -> None:
    lock = tomllib.loads((project / "uv.lock").read_text())
    metadata = tomllib.loads((project / "pyproject.toml").read_text())["project"]
    assert lock["requires-python"] == metadata["requires-python"]
    assert "package" not in lock


def test_the_dockerfiles_are_clean(project: Path) -> None:
    check("hadolint", *files(project, "Dockerfile*"))


def test_the_dockerfiles_start_from_the_same_versions(project: Path) -> None:
    """One stands for production and one for development: what differs breaks only in one."""
    paths = files(project, "Dockerfile*")
    assert len(paths) >= 2
    of = [
        re.findall(r"^ARG (?:PYTHON|UV)_VERSION=.+$", path.read_text(), re.MULTILINE)
        for path in paths
    ]
    assert len(of[0]) == 2
    assert all(versions == of[0] for versions in of)


def test_the_scripts_are_clean(project: Path) -> None:
    check("shellcheck", *files(project, "*.sh"))


def test_the_yaml_is_clean(project: Path) -> None:
    check(
        "yamllint",
        "--strict",
        "--config-file",
        ROOT / ".yamllint.yml",
        *files(project, "*.yaml", "ci.yml"),
    )


def test_the_compose_files_follow_their_schema(project: Path) -> None:
    check(
        "check-jsonschema", "--builtin-schema", "vendor.compose-spec", *files(project, "compose*")
    )


def test_the_workflows_are_valid_and_safe(project: Path, answers: dict[str, Any]) -> None:
    if answers.get("ci") == "none":
        assert not (project / ".github").exists()
        return
    workflows = files(project / ".github", "*.yml")
    check("check-jsonschema", "--builtin-schema", "vendor.github-workflows", *workflows)
    check("actionlint", *workflows)
    check("zizmor", "--offline", "--quiet", "--persona", "pedantic", *workflows)


def test_the_pre_commit_hooks_are_valid(project: Path) -> None:
    check("pre-commit", "validate-config", project / ".pre-commit-config.yaml")


@pytest.mark.engine
@pytest.mark.parametrize("overlay", ["compose.override.yaml", "compose.prod.yaml"])
def test_compose_accepts_its_files_together(project: Path, overlay: str) -> None:
    command = ["docker", "compose", "-f", "compose.yaml", "-f", overlay, "config", "--quiet"]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "warn" not in done.stderr


@pytest.mark.engine
def test_bake_accepts_its_file_beside_the_compose_files(project: Path) -> None:
    command = ["docker", "buildx", "bake", "--print", "default", "test", "lock"]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_bake_file_is_aligned(project: Path) -> None:
    """As its own formatter does it: neighbours have their signs below each other."""
    column = None
    for line in (project / "docker-bake.hcl").read_text().splitlines():
        found = re.match(r"  \w+ += .*[^\[{]$", line)
        assert not found or column in {None, line.index("=")}, line
        column = line.index("=") if found else None


def test_every_variable_of_the_compose_files_is_explained(project: Path) -> None:
    manual = (project / ".env.example").read_text()
    for path in files(project, "compose*.yaml"):
        for variable in re.findall(r"(?<!\$)\$\{(\w+)", path.read_text()):
            assert re.search(rf"^#{variable}=", manual, re.MULTILINE), f"{path.name}: {variable}"


def variables_of(manual: Path) -> set[str]:
    return set(re.findall(r"^#(\w+)=", manual.read_text(), re.MULTILINE))


def fields_of(package: Path) -> set[str]:
    """Of every class in it that reads the environment."""
    found = set()
    for path in package.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef) and {"BaseSettings", "Environment"} & {
                base.id for base in node.bases if isinstance(base, ast.Name)
            }:
                found |= {
                    each.target.id
                    for each in node.body
                    if isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name)
                    if "ClassVar" not in ast.dump(each.annotation)
                }
    return found


def options_of(package: Path) -> set[str]:
    """The variables that can stand for an option of the command."""
    found = set()
    for path in package.glob("*.py"):
        code = path.read_text()
        for prefix in re.findall(r'"auto_envvar_prefix": "(\w+)"', code):
            for before, command in re.findall(r"((?:^@.+\n)+)def (\w+)\(", code, re.MULTILINE):
                options = re.findall(r'@click\.option\("--([\w-]+)"', before)
                found |= {f"{prefix}_{command}_{name}".replace("-", "_") for name in options}
    return {name.upper() for name in found}


def read_by_docker(project: Path) -> set[str]:
    """By compose files and by bake."""
    texts = [path.read_text() for path in files(project, "compose*.yaml")]
    bake = (project / "docker-bake.hcl").read_text()
    return {
        *re.findall(r"(?<!\$)\$\{(\w+)", "\n".join(texts)),
        *re.findall(r'^variable "(\w+)"', bake, re.MULTILINE),
    }


def set_by_images(project: Path) -> set[str]:
    found: set[str] = set()
    for path in files(project, "Dockerfile"):
        for words in re.findall(r"^ENV ((?:.+\\\n)*.+)$", path.read_text(), re.MULTILINE):
            found |= set(re.findall(r"(\w+)=", words))
    return found


def test_every_setting_is_explained_and_nothing_else(project: Path) -> None:
    packages = {path.parent: path.parents[2] for path in files(project, "src/*/__init__.py")}
    apps = {code for code, root in packages.items() if (root / ".env.example").exists()}
    assert apps
    of_packages = {name for code in packages.keys() - apps for name in fields_of(code)}
    known = read_by_docker(project)
    for code in apps:
        fields = {name.upper() for name in fields_of(code) | of_packages if fields_of(code)}
        prefix = code.name.upper()
        explained = variables_of(packages[code] / ".env.example")
        explained |= variables_of(project / ".env.example")
        asked = fields - set_by_images(project)
        assert {name for name in asked if not {name, f"{prefix}_{name}"} & explained} == set()
        known |= fields | {f"{prefix}_{name}" for name in fields} | options_of(code)
    for manual in files(project, ".env.example"):
        assert variables_of(manual) - known == set(), f"{manual}: nothing reads them"
        assert not re.search(r"^#\w+=.*# ", manual.read_text(), re.MULTILINE), "two lines in one"


def test_the_project_matches_what_it_was_asked_for(project: Path, answers: dict[str, Any]) -> None:
    compose = yaml.safe_load((project / "compose.yaml").read_text())
    assert ("postgres" in compose["services"]) == ("postgres" in answers.get("services", []))
    metadata = tomllib.loads((project / "pyproject.toml").read_text())["project"]
    if "layout" not in answers and "server" in answers:
        assert any(line.startswith(answers["server"]) for line in metadata["dependencies"])
    assert metadata["requires-python"] == f">={answers.get('python_version', '3.14')}"
    assert metadata["name"] == answers.get("project_slug", "myapp")
    members = set(answers.get("apps", {})) | set(answers.get("packages", []))
    assert members <= set(metadata["dependencies"])


@pytest.mark.parametrize("dockerfiles", ["shared", "per-app"])
def test_an_app_of_a_workspace_has_what_it_uses_and_nothing_of_its_neighbours(
    template: Path, tmp_path: Path, dockerfiles: str
) -> None:
    answers = {**answers_of("per-app"), "dockerfiles": dockerfiles}
    project = tmp_path / "myapp"
    copier.run_copy(str(template), project, data=answers, defaults=True, quiet=True)
    compose = yaml.safe_load((project / "compose.yaml").read_text())["services"]
    packages = set(answers["packages"])
    expected = {
        "web-shop": (packages, {"postgres"}),
        "back-office": ({"core"}, set()),
        "api": (packages, {"postgres"}),
        "mails": (set(), {"rabbitmq"}),
        "nightly": (packages, {"postgres"}),
        "tool": (packages, set()),
    }
    clients = {"postgres": "psycopg", "rabbitmq": "celery"}
    for name, (own_packages, services) in expected.items():
        own = tomllib.loads((project / "apps" / name / "pyproject.toml").read_text())
        depends = {re.split(r"[\[>]", line)[0] for line in own["project"]["dependencies"]}
        assert depends & (packages | set(answers["apps"])) == own_packages, name
        assert set(own.get("tool", {})["uv"]["sources"] if own_packages else ()) == own_packages
        assert {service for service, client in clients.items() if client in depends} == services
        urls = " ".join(compose[name].get("environment", {}))
        assert ("DATABASE_URL" in urls) == ("postgres" in services), name
    assert (project / "Dockerfile").exists() == (dockerfiles == "shared")
    own_dockerfiles = {path.parent.name for path in project.glob("apps/*/Dockerfile")}
    assert own_dockerfiles == (set(answers["apps"]) if dockerfiles == "per-app" else set())


def test_web_apps_have_ports_of_their_own_in_the_order_of_the_answer(
    template: Path, tmp_path: Path
) -> None:
    apps = {"z": "flask", "worker": "worker", "m": "django", "a": "fastapi"}
    project = tmp_path / "myapp"
    answers = {"layout": "workspace", "apps": apps}
    copier.run_copy(str(template), project, data=answers, defaults=True, quiet=True)
    ports = re.findall(r"^#(\w+)_PORT=(\d+)$", (project / ".env.example").read_text(), re.MULTILINE)
    assert ports == [("Z", "8000"), ("M", "8001"), ("A", "8002")]
    for overlay in ("compose.override.yaml", "compose.prod.yaml"):
        services = yaml.safe_load((project / overlay).read_text())["services"]
        for name, port in ports:
            published = services[name.lower()]["ports"]
            assert published == [f"127.0.0.1:${{{name}_PORT:-{port}}}:8000"]


def test_each_app_has_a_database_of_its_own(template: Path, tmp_path: Path) -> None:
    project = tmp_path / "myapp"
    answers = {"layout": "workspace", "apps": ALL_KINDS, "services": ["postgres"]}
    copier.run_copy(str(template), project, data=answers, defaults=True, quiet=True)
    services = yaml.safe_load((project / "compose.yaml").read_text())["services"]
    urls = {
        name: row["environment"]["DATABASE_URL"].split("@")[1]
        for name, row in services.items()
        if "DATABASE_URL" in row.get("environment", {})
    }
    apps = [name for name in urls if not name.endswith("-migrate")]
    assert set(apps) == {name for name, kind in ALL_KINDS.items() if uses_database(kind)}
    assert len({urls[name] for name in apps}) == len(apps)
    assert {f"{name}-migrate" for name in apps} == set(urls) - set(apps)
    assert all(urls[f"{name}-migrate"] == urls[name] for name in apps)


def test_two_django_apps_have_two_secret_keys(render: Render) -> None:
    project = render(layout="workspace", apps={"web": "django", "back-office": "django"})
    Project(project, "myapp").make_secrets()
    keys = {file.name: file.read_text() for file in (project / "secrets").glob("*_key")}
    assert set(keys) == {"web_django_secret_key", "back_office_django_secret_key"}
    assert len(set(keys.values())) == 2
    services = yaml.safe_load((project / "compose.prod.yaml").read_text())["services"]
    for app in ("web", "back-office"):
        name = f"{app.replace('-', '_')}_django_secret_key"
        assert services[app]["environment"]["SECRET_KEY_FILE"] == f"/run/secrets/{name}"
        assert name in services[app]["secrets"]


def assert_taken(names: set[str]) -> None:
    free = sorted(names - set(part("names")["dependency"].split()))
    assert free == [], f"names.yml lacks the dependencies {' '.join(free)}"


@pytest.mark.parametrize(
    ("framework", "server"),
    [(kind, server) for kind in FRAMEWORKS for server in servers_of(kind) or ("",)],
)
def test_a_lock_can_be_made_and_holds_no_name_that_is_still_free(
    template: Path, tmp_path: Path, framework: str, server: str
) -> None:
    """A project called like one of its own dependencies could not be locked."""
    answers = {
        "framework": framework,
        "services": list(services_of(framework)),
        "python_version": "3.11",
        **({"server": server} if server else {}),
    }
    project = tmp_path / "zebra"
    copier.run_copy(str(template), project, data=answers, defaults=True, quiet=True)
    check("uv", "lock", "--quiet", "--python", sys.executable, cwd=project)
    locked = tomllib.loads((project / "uv.lock").read_text())["package"]
    assert_taken({package["name"] for package in locked} - {"zebra"})


def test_a_workspace_of_all_kinds_can_be_locked_and_holds_no_name_that_is_still_free(
    template: Path, tmp_path: Path
) -> None:
    used = {service for kind in FRAMEWORKS for service in services_of(kind)}
    answers = {**answers_of("all-kinds"), "services": [name for name in SERVICES if name in used]}
    project = tmp_path / "zebra"
    copier.run_copy(str(template), project, data=answers, defaults=True, quiet=True)
    check("uv", "lock", "--quiet", "--python", sys.executable, cwd=project)
    locked = tomllib.loads((project / "uv.lock").read_text())
    assert set(locked["manifest"]["members"]) == {"zebra", "core", *ALL_KINDS}
    names = {package["name"] for package in locked["package"]}
    assert_taken(names - set(locked["manifest"]["members"]))
