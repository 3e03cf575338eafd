"""The manual: pages that the template keeps current, and a README that it writes once.

What a page tells its reader to type is run here or in the test that is named beside it.
"""

import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import copier
import pytest

from .catalogue import FRAMEWORKS, role_of, services_of
from .conftest import ROOT, Render
from .docker import (
    FILES,
    REGISTRY,
    Compose,
    Project,
    ask,
    docker,
    free_port,
    run,
    status,
    token,
)
from .planted import ROUTES
from .test_generated_project import ENVIRONMENT, PYTHON
from .workspaces import answers_of

# Every page of every kind, with and without what it can have.
PROJECTS: dict[str, dict[str, Any]] = {
    **{kind: {"framework": kind} for kind in FRAMEWORKS},
    **{
        f"{kind}-and-services": {"framework": kind, "services": list(services_of(kind))}
        for kind in FRAMEWORKS
        if services_of(kind)
    },
    "workspace": answers_of("defaults"),
    "all-kinds": answers_of("all-kinds"),
    "per-app": answers_of("per-app"),
}


@pytest.fixture(scope="module", params=PROJECTS)
def project(request: pytest.FixtureRequest, render: Render) -> Path:
    return render(**PROJECTS[request.param])


def pages(project: Path) -> list[Path]:
    """README files too: they are part of the first copy."""
    return sorted(project.rglob("README.md")) + sorted(project.rglob("docs/*.md"))


# ── Pages ────────────────────────────────────────────────────────────────────────────────────────


def links(page: Path) -> list[tuple[str, str]]:
    """Where it leads to in the project: path and heading, each possibly empty."""
    return re.findall(r"\]\((?!http)([^)#]*)#?([^)]*)\)", page.read_text())


def test_links_hold_to_files_and_headings(project: Path) -> None:
    found = 0
    for page in pages(project):
        for path, heading in links(page):
            target = page.parent / path if path else page
            assert target.exists(), f"{page}: {path}"
            if heading:
                headings = re.findall(r"^#+ (.+)$", target.read_text(), re.MULTILINE)
                assert heading in {each.lower().replace(" ", "-") for each in headings}, heading
            found += 1
    assert found > 10


def test_every_page_can_be_reached_from_the_readme_and_from_the_first_page(
    project: Path,
) -> None:
    """A README of an older project, or of a user, does not list them."""
    for start in ("README.md", "docs/start.md"):
        reached, left = set(), [project / start]
        while left:
            page = left.pop().resolve()
            if page.suffix == ".md" and page not in reached:
                reached.add(page)
                left += [page.parent / path for path, _ in links(page) if path]
        of_the_manual = {page.resolve() for page in pages(project) if page.name != "README.md"}
        assert of_the_manual <= reached, start


def test_files_that_a_page_lists_are_there(project: Path) -> None:
    listed = 0
    for page in pages(project):
        for table in re.findall(r"^\| file \| .+\n\|---.*\n((?:\|.*\n)+)", page.read_text(), re.M):
            for cell in re.findall(r"^\| (`.+?`) \|", table, re.MULTILINE):
                for path in re.findall(r"`(\S+?)`", cell):
                    # An app's page speaks of its folder, all others of the project's.
                    there = list(page.parent.parent.glob(path.rstrip("/")))
                    assert there or re.match(r"secrets/|.*\.env$", path), f"{page}: {path}"
                    listed += 1
    assert listed > 8


def test_no_page_is_too_long_to_be_read(project: Path) -> None:
    for page in pages(project):
        assert len(page.read_text().splitlines()) <= 150, page


def test_no_readme_says_what_can_change(project: Path) -> None:
    """Nobody mends it when a service or an app comes: it is short, and links to what does."""
    for readme in project.rglob("README.md"):
        text = readme.read_text()
        assert len(text.splitlines()) <= 40
        assert "secrets/" not in text
        assert "postgres" not in text
        assert "services.md" not in text
        assert "database.md" not in text


# ── Commands ─────────────────────────────────────────────────────────────────────────────────────

PROGRAMS = (
    r"(?:curl|docker|uv|uvx|git|sort|ls|echo|printf|mkdir|rm|eval|_\w+=\w+|[A-Z]+=\S+ docker)"
)


def blocks(text: str) -> list[str]:
    """The code of each ```sh block, those in a list too."""
    found = re.findall(r"^( *)```sh\n(.*?)^\1```$", text, re.MULTILINE | re.DOTALL)
    return [re.sub(rf"(?m)^{indent}", "", code) for indent, code in found]


def in_blocks(text: str) -> list[str]:
    """A command may go on in the next line, or hold others: a loop."""
    commands = []
    for block in blocks(text):
        code = block.replace("\\\n", " ")
        commands += re.findall(r"^for .*\n(?:  .*\n)+done$|^\S.*$", code, re.MULTILINE)
    return commands


def in_words(text: str) -> list[str]:
    """Those in a table or a sentence. In a table, a pipe must be hidden from Markdown."""
    prose = re.sub(r"^ *```.*?^ *```$", "", text, flags=re.MULTILINE | re.DOTALL)
    spans = [span.replace("\\|", "|") for span in re.findall(r"`([^`\n]+)`", prose)]
    return [span for span in spans if re.match(rf"{PROGRAMS} \S", span)]


def commands_of(page: Path) -> list[str]:
    text = page.read_text()
    return in_blocks(text) + in_words(text)


COMPOSE = r"docker compose -f compose\.yaml -f compose\.prod\.yaml"
RUN = r"docker compose run --rm(?: --no-deps)?(?: --entrypoint dev)? [\w-]+"

WITH_UV = "test_manual.py::test_the_commands_of_the_column_with_uv_work"
WITH_DOCKER = "test_manual.py::test_the_commands_of_the_column_with_docker_work"
OF_SERVICES = "test_manual.py::test_the_commands_for_a_service_work"
OF_UPDATES = "test_manual.py::test_the_commands_for_an_update_work"
FROM_THE_START = "test_manual.py::test_the_commands_of_the_first_page_work"
ON_A_HOST = "test_manual.py::test_the_commands_for_a_host_work"

# A command, as a pattern, and the test that runs it.
TESTED = {
    r"uv run (pytest|mypy)": "test_generated_project.py::test_its_own_checks_pass",
    r"uv run ruff (check --fix|format)": WITH_UV,
    r"uv add NAME": WITH_UV,
    r"uv run flask --app \w+\.main routes": WITH_UV,
    r"uv run python -m \w+\.migrate": WITH_UV,
    r'uv run alembic (revision --autogenerate -m "TEXT"|current|downgrade -1)': WITH_UV,
    r"uv run manage\.py (shell|migrate|showmigrations)": WITH_UV,
    r"uv run manage\.py makemigrations && uv run ruff format": WITH_UV,
    r"uv run [\w-]+ (--help|greet Ada)": WITH_UV,
    r"sort FILE \| uv run [\w-]+ unique": WITH_UV,
    r"ls data": WITH_UV,
    r"uv run (--with watchfiles )?watchfiles \"[\w-]+\" src": "test_manual.py::"
    "test_a_saved_file_restarts_the_app_without_docker",
    r"uv run (manage\.py runserver|manage\.py runserver 8001)": "test_manual.py::"
    "test_a_saved_file_restarts_the_app_without_docker",
    r"uv run [\w-]+": "test_generated_project.py::test_it_runs_with_no_service_at_hand",
    r"uv run [\w-]+ schedule": "test_manual.py::test_a_schedule_runs_without_docker",
    r"uv run --directory apps/[\w-]+ ([\w-]+|pytest)": "test_manual.py::"
    "test_the_commands_for_apps_and_packages_work",
    r"uv add --package [\w-]+ NAME": "test_manual.py::test_the_commands_for_apps_and_packages_work",
    rf"{RUN} pytest": "test_workspace.py::test_an_apps_tests_run_in_its_container",
    rf"{RUN} (mypy|ruff check --fix|ruff format|uv add NAME)": WITH_DOCKER,
    rf"{RUN} uv add --package [\w-]+ NAME": WITH_DOCKER,
    rf"{RUN} flask --app \w+\.main routes": WITH_DOCKER,
    rf'{RUN} alembic (revision --autogenerate -m "TEXT"|current|downgrade -1)': WITH_DOCKER,
    rf"{RUN} python manage\.py (shell|showmigrations)": WITH_DOCKER,
    rf'{RUN} sh -c "python manage\.py makemigrations && ruff format"': WITH_DOCKER,
    rf'{RUN} sh -c "cd /project && (pytest|ruff check --fix; ruff format)"': WITH_DOCKER,
    r"docker compose run --rm ([\w-]+-)?(migrate|tests)": WITH_DOCKER,
    rf"{RUN} (--help|greet Ada|[\w-]+|ls /data)": WITH_DOCKER,
    r"sort FILE \| docker compose run --rm -T [\w-]+ unique": WITH_DOCKER,
    r"docker compose build": WITH_DOCKER,
    rf"{RUN} [\w-]+ schedule": "test_job.py::"
    "test_development_runs_it_at_the_start_and_after_every_saved_file",
    r"docker compose up( [\w-]+)?": "test_compose.py::test_a_saved_file_is_served",
    r"docker compose down(| --volumes --rmi local| --remove-orphans)": WITH_DOCKER,
    r"docker compose exec [\w-]+ celery -A \w+\.worker call .*": "test_worker.py::"
    "test_the_command_of_the_manual_sends_a_task",
    r"git init --initial-branch main": FROM_THE_START,
    r"git add --all": FROM_THE_START,
    r'git commit --message "(Start|Update from the template)"': FROM_THE_START,
    r"uv run pre-commit (install|run --all-files)": FROM_THE_START,
    r"uv lock( --upgrade| --upgrade-package NAME)?": FROM_THE_START,
    r"uv tool (install \.|update-shell)": "test_manual.py::"
    "test_a_command_is_installed_and_completes_its_words",
    r'eval "\$\(_\w+_COMPLETE=(bash|zsh)_source [\w-]+\)"': "test_manual.py::"
    "test_a_command_is_installed_and_completes_its_words",
    r"docker buildx bake test(-[\w-]+)?": "test_workspace.py::"
    "test_the_checks_of_every_app_and_package_pass_in_one_go",
    r"docker buildx bake( [\w-]+)?": "test_workspace.py::"
    "test_bake_builds_every_app_in_one_go_each_under_its_own_name",
    r"docker build --target lock --output \. \.": "test_images.py::"
    "test_docker_alone_writes_a_complete_lock",
    r"docker run --rm \S+:dev --help": "test_cli.py::"
    "test_each_call_has_its_exit_code_and_complains_on_stderr",
    r"docker run --rm --interactive \S+:dev ARGUMENTS < FILE": "test_cli.py::"
    "test_it_filters_what_comes_in_and_the_files_of_the_folder_it_is_given",
    r'docker run --rm --volume "\$PWD:/app:ro" \S+:dev ARGUMENTS FILE': "test_cli.py::"
    "test_it_filters_what_comes_in_and_the_files_of_the_folder_it_is_given",
    r"docker run --rm --volume [\w-]+-data:/data \S+:dev": "test_job.py::"
    "test_two_runs_on_a_day_leave_the_same_one_file",
    r"mkdir -p -m 700 secrets": ON_A_HOST,
    r"for name in .*; do\n.*\ndone": ON_A_HOST,
    r"\[ -e secrets/\w+ \] \|\| \(umask 333 && openssl rand -hex 32 > secrets/\w+\)": ON_A_HOST,
    r"mkdir -p apps/[\w-]+": ON_A_HOST,
    r"echo '(TRUSTED_PROXIES|ALLOWED_HOSTS)=\S+' >> \S*\.env": ON_A_HOST,
    rf"{COMPOSE} (up -d --wait|build|ps --all|down|down --volumes)": ON_A_HOST,
    rf"{COMPOSE} run --rm ([\w-]+-)?migrate": ON_A_HOST,
    rf"{COMPOSE} up -d --wait --force-recreate": ON_A_HOST,
    rf"{COMPOSE} run --rm [\w-]+ (--help|ARGUMENTS)": "test_cli.py::"
    "test_production_runs_one_call_with_no_more_rights_than_it_needs",
    rf"{COMPOSE} up -d --wait --scale [\w-]+=3": OF_SERVICES,
    rf"{COMPOSE} exec postgres psql .*": OF_SERVICES,
    rf"{COMPOSE} exec -T postgres pg_dump .*": OF_SERVICES,
    rf"{COMPOSE} exec -T postgres pg_restore .*": OF_SERVICES,
    rf"{COMPOSE} stop [\w-]+": OF_SERVICES,
    r"rm -f secrets/\w+": OF_SERVICES,
    r"\(umask 333 && openssl rand -hex 32 > secrets/\w+\)": OF_SERVICES,
    rf"echo \"ALTER ROLE .*\" \| {COMPOSE} exec -T postgres psql .*": OF_SERVICES,
    rf"{COMPOSE} exec (redis|rabbitmq) .*": OF_SERVICES,
    rf"until {COMPOSE} exec rabbitmq .*; do sleep 2; done": OF_SERVICES,
    rf"{COMPOSE} up -d --no-deps --force-recreate rabbitmq": OF_SERVICES,
    rf"{COMPOSE} exec [\w-]+ [\w-]+": ON_A_HOST,
    r"uvx copier (check-update|update --defaults)": OF_UPDATES,
    r"git (status|reset --hard|clean --force -d)": OF_UPDATES,
    r"uvx copier update --defaults --vcs-ref :current: --data python_version=\S+": OF_UPDATES,
    r"uvx copier update --defaults --vcs-ref :current: +--data 'apps=.*": OF_UPDATES,
    r"git mv \S+ \S+": "test_manual.py::test_edits_go_along_with_what_is_renamed",
    r'git commit --no-verify --message "Rename the files"': "test_manual.py::"
    "test_edits_go_along_with_what_is_renamed",
}

# A command, as a pattern, and why no test runs it.
UNTESTED = {
    r"(uv run|.*python) .*createsuperuser": "it asks for a name and a password, on a terminal",
    r"docker compose exec redis redis-cli": "the same in production is tested",
    r"docker compose logs -f [\w-]+": "it ends when it is stopped; the tests read logs without -f",
    rf"{COMPOSE} logs -f": "it ends when it is stopped; the tests read logs without -f",
    r"docker login": "no test has a registry with accounts",
    r"docker inspect|git add": "a sentence names it, and the reader completes it",
    r"VERSION=1\.0\.0 docker buildx bake --push": "no test has a registry to push to",
    r"_\w+_COMPLETE=fish_source [\w-]+ \| source": "fish is not on every machine",
    r"printf 'UID=.*": "the tests set UID and GID in the environment, which count the same",
    r"docker volume rm --force \w.*_development": "nothing but Docker's own command",
    r"curl .*/events": "the project's own tests/test_events.py sends the same",
    r"\(umask 333 && cat > secrets/payment_key\)": "it waits for what is typed",
}


def known(command: str) -> str | None:
    patterns = {**TESTED, **UNTESTED}
    return next((each for each in patterns if re.fullmatch(each, command, re.DOTALL)), None)


def pattern_of(command: str) -> str:
    pattern = known(command)
    assert pattern, (
        f"no test runs `{command}`: name one in TESTED, or say in UNTESTED why none does"
    )
    return pattern


def test_each_command_of_a_page_is_run_by_a_test(project: Path) -> None:
    commands = [command for page in pages(project) for command in commands_of(page)]
    assert len(commands) > 30
    unknown = sorted({command for command in commands if not known(command)})
    assert not unknown, "name a test in TESTED, or say in UNTESTED why none runs them"


def test_a_command_that_no_test_knows_is_noticed() -> None:
    with pytest.raises(AssertionError, match="no test runs `docker compose watch`"):
        pattern_of("docker compose watch")


def test_each_test_that_is_named_for_a_command_is_there() -> None:
    for test in set(TESTED.values()):
        file, name = test.split("::")
        assert f"def {name}(" in (ROOT / "tests" / file).read_text(), test


def test_a_command_can_be_pasted_into_any_shell(project: Path) -> None:
    """The shell of macOS takes a `#` behind a command for one more word."""
    for page in pages(project):
        for command in in_blocks(page.read_text()):
            assert " #" not in command, page
            assert not command.startswith(("$", "#", ">")), page
        for block in blocks(page.read_text()):
            syntax = subprocess.run(["sh", "-n"], input=block, text=True, capture_output=True)
            assert syntax.returncode == 0, f"{page}: {syntax.stderr}"


# ── What they do, without Docker ─────────────────────────────────────────────────────────────────


def shell(command: str, folder: Path, **variables: str) -> str:
    done = subprocess.run(
        ["sh", "-euc", command],
        cwd=folder,
        env=ENVIRONMENT | {"UV_PYTHON": PYTHON} | IDENTITY | variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, f"{command}:\n{done.stdout}{done.stderr}"
    return done.stdout + done.stderr


IDENTITY = {
    f"GIT_{role}_{key}": value
    for role in ("AUTHOR", "COMMITTER")
    for key, value in {"NAME": "test", "EMAIL": "test@example.com"}.items()
}

# What a reader puts in the place of words in capitals.
PUT_IN = {"NAME": "blinker", "TEXT": "Add nothing", "FILE": "pyproject.toml"}


def filled(command: str) -> str:
    return re.sub(r"\b(NAME|TEXT|FILE)\b", lambda word: PUT_IN[word[0]], command)


def column(page: Path, number: int) -> list[str]:
    """The commands in one column of its tables: 1 is with Docker, 2 with uv."""
    rows = re.findall(r"^\| (.*) \|$", page.read_text(), re.MULTILINE)
    cells = [re.split(r"(?<!\\) \| ", row) for row in rows]
    found = [cell[number] for cell in cells if len(cell) == 3]
    return [command for cell in found for command in in_words(cell)]


KINDS = {
    kind: {"framework": kind, "python_version": PYTHON}
    | ({"services": ["postgres"]} if role_of(kind) == "web" else {})
    for kind in FRAMEWORKS
}


@pytest.fixture(scope="module", params=KINDS)
def new(request: pytest.FixtureRequest, render: Render) -> tuple[str, Path]:
    return request.param, render(**KINDS[request.param])


def test_the_commands_of_the_column_with_uv_work(new: tuple[str, Path]) -> None:
    """All of those that end, in the order in which they stand."""
    kind, project = new
    if kind == "job":
        shell("uv run myapp", project)  # so that there is something to see
    ran = 0
    for page in sorted(project.glob("docs/d*.md"), reverse=True):
        for command in column(page, 2):
            if pattern_of(command) in ENDS:
                shell(filled(command), project)
                ran += 1
    assert ran >= 3
    assert "blinker" in (project / "uv.lock").read_text()


RESTARTS = re.compile("watchfiles|runserver")

# The others run until they are stopped, or are tried elsewhere.
ENDS = [pattern for pattern, test in TESTED.items() if test == WITH_UV]


def test_a_saved_file_restarts_the_app_without_docker(new: tuple[str, Path]) -> None:
    kind, project = new
    commands = [each for each in column(project / "docs/develop.md", 2) if RESTARTS.search(each)]
    assert len(commands) == (kind != "cli"), "a command has nothing to restart"
    if FRAMEWORKS[kind]["role"] != "web":
        return
    (command,) = commands
    port = free_port()
    if kind == "django":
        shell("uv run manage.py migrate", project)
        command += f" {port}"
    process = subprocess.Popen(
        ["sh", "-euc", f"exec {command}"],
        cwd=project,
        env=ENVIRONMENT | {"UV_PYTHON": PYTHON, "PORT": str(port)},
        start_new_session=True,
    )
    try:
        until(lambda: status(port, "/health") == 200)
        assert status(port, "/broken") == 404
        ROUTES[kind].plant(Project(project, "myapp"))
        planted = project / f"src/myapp/{ROUTES[kind].known_to}"

        def served() -> bool:
            # Django does not see what is saved while it still starts: then it is saved again.
            if time.time() - planted.stat().st_mtime > 10:
                planted.touch()
            return status(port, "/broken") == 500

        until(served)
    finally:
        os.killpg(process.pid, 15)
        process.wait(timeout=60)


def until(reached: Any, seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < deadline
        time.sleep(0.2)


def test_a_schedule_runs_without_docker(render: Render) -> None:
    project = render(framework="job", python_version=PYTHON)
    (command,) = [c for c in column(project / "docs/develop.md", 2) if c.endswith("schedule")]
    process = subprocess.Popen(
        ["sh", "-euc", f"exec {command}"],
        cwd=project,
        env=ENVIRONMENT | {"UV_PYTHON": PYTHON, "SCHEDULE": "* * * * *"},
        start_new_session=True,
    )
    try:
        until(lambda: list(project.glob("data/*.json")), seconds=150)
    finally:
        os.killpg(process.pid, 15)
        process.wait(timeout=60)


def test_the_commands_of_the_first_page_work(render: Render) -> None:
    project = render(framework="fastapi", python_version=PYTHON)
    for command in in_blocks((project / "docs/start.md").read_text()):
        if command.startswith(("git", "uv")):
            shell(command, project)
    assert shell("git status --porcelain", project) == ""
    assert "fastapi" in shell("git show HEAD:uv.lock", project)
    for command in in_blocks((project / "docs/build.md").read_text()):
        if command.startswith("uv"):
            shell(filled(command).replace("blinker", "fastapi"), project)


def test_a_command_is_installed_and_completes_its_words(render: Render, tmp_path: Path) -> None:
    project = render(framework="cli", python_version=PYTHON)
    folders = {f"UV_TOOL_{part}": str(tmp_path / part) for part in ("DIR", "BIN_DIR")}
    path = {"PATH": f"{tmp_path}/BIN_DIR:{os.environ['PATH']}", "HOME": str(tmp_path)}
    page = (project / "docs/develop.md").read_text()
    installed = [command for command in in_blocks(page) if command.startswith("uv tool")]
    assert len(installed) == 2
    cache = {"UV_CACHE_DIR": shell("uv cache dir", project).strip()}
    for command in installed:
        shell(command, project, **folders, **path, **cache)
    assert shell("myapp greet Ada", tmp_path, **path) == "Hello, Ada!\n"
    (line,) = [command for command in in_words(page) if "bash_source" in command]
    completed = shell(f"bash -c '{line}; complete -p myapp'", tmp_path, **path)
    assert "myapp_completion" in completed


def test_the_commands_for_apps_and_packages_work(render: Render) -> None:
    apps = {"api": "fastapi", "tool": "cli"}
    project = render(layout="workspace", apps=apps, python_version=PYTHON)
    page = project / "docs/workspace.md"
    ran = 0
    for command in [*column(page, 2), *in_blocks(page.read_text())]:
        if command.startswith("uv ") and not command.endswith((" api", "--all-files")):
            shell(filled(command), project)
            ran += 1
    assert ran >= 3
    assert '"blinker' in (project / "apps/api/pyproject.toml").read_text()


# ── What they do, with Docker ────────────────────────────────────────────────────────────────────

SHOP: dict[str, Any] = {
    "layout": "workspace",
    "apps": {
        "api": "fastapi",
        "page": "flask",
        "shop": "django",
        "tool": "cli",
        "nightly": "job",
        "mails": "worker",
    },
    "services": ["postgres", "redis"],
    "python_version": "3.13",
}


@pytest.mark.engine
def test_the_commands_of_the_column_with_docker_work(template: Path, tmp_path: Path) -> None:
    """One of each kind: what two apps are told alike is run for one of them."""
    slug = f"manual-{token()}"
    project = Project.render(template, tmp_path / slug, slug, **SHOP)
    variables = project.give_to_developer()
    compose = Compose(project, variables=variables)
    seen = set()
    pages_of_apps = [*project.path.glob("apps/*/docs/d*.md"), project.path / "docs/workspace.md"]
    try:
        compose("build")
        for page in sorted(pages_of_apps, key=lambda page: (page.parent, -ord(page.stem[1]))):
            folder = page.parent.parent
            text = page.read_text()
            commands = [*column(page, 1), *in_blocks(text)]
            for command in commands:
                alike = command.replace(folder.name, "APP").replace(" --entrypoint dev", "")
                if TESTED.get(pattern_of(command)) != WITH_DOCKER or alike in seen:
                    continue
                if " down" in command:
                    continue
                seen.add(alike)
                run("sh", "-euc", filled(command), cwd=folder, variables=variables, stdin="")
        assert len(seen) > 15
        run("sh", "-euc", "docker compose down --volumes --rmi local", cwd=project.path)
        volumes = docker("volume", "ls", "--quiet", "--filter", f"name={slug}_")
        assert volumes == ""
    finally:
        compose.remove(f"{slug}-development")


@pytest.fixture
def host(
    request: pytest.FixtureRequest, template: Path, tmp_path: Path
) -> Iterator[tuple[Project, dict[str, str]]]:
    """A project that has its images, and a free port."""
    slug = f"host-{token()}"
    answers: dict[str, Any] = request.param
    registry = f"{REGISTRY}/{token()}"
    project = Project.render(
        template, tmp_path / slug, slug, registry=registry, python_version="3.13", **answers
    )
    project.lock()
    variables = {"APP_PORT": str(free_port())}
    try:
        yield project, variables
    finally:
        Compose(project, FILES, variables).remove(f"{registry}/{slug}:dev")


def of_host(project: Project, variables: dict[str, str], command: str) -> str:
    """As pasted, but with no terminal to answer on."""
    quiet = command.replace(" exec ", " exec -T ").replace(" -T -T ", " -T ")
    return run("sh", "-euc", quiet, cwd=project.path, variables=variables, stdin="").stdout


@pytest.mark.engine
@pytest.mark.parametrize(
    ("host", "order"),
    [
        ({"framework": "django", "services": ["postgres"]}, ["production", "deploy"]),
        ({"framework": "job"}, ["deploy", "production"]),
    ],
    indirect=["host"],
    ids=["django", "job"],
)
def test_the_commands_for_a_host_work(
    host: tuple[Project, dict[str, str]], order: list[str]
) -> None:
    """From the secrets to the end; the way back is the first start again."""
    project, variables = host
    compose = Compose(project, FILES, variables)
    for page in order:
        for command in in_blocks((project.path / f"docs/{page}.md").read_text()):
            if TESTED.get(pattern_of(command)) == ON_A_HOST:
                of_host(project, variables, command)
    assert compose.container("app").inspect()["State"]["Health"]["Status"] == "healthy"
    for command in in_words((project.path / "docs/deploy.md").read_text()):
        if TESTED.get(pattern_of(command)) == ON_A_HOST:
            of_host(project, variables, command)
    assert compose("ps", "--all", "--quiet").stdout == ""


def passwords(project: Project) -> dict[str, str]:
    return {path.name: path.read_text() for path in (project.path / "secrets").iterdir()}


@pytest.mark.engine
@pytest.mark.parametrize(
    ("host", "service"),
    [
        ({"framework": "fastapi", "services": ["postgres"]}, "postgres"),
        ({"framework": "worker", "services": ["rabbitmq"]}, "rabbitmq"),
        ({"framework": "worker", "services": ["redis"]}, "redis"),
    ],
    indirect=["host"],
    ids=["postgres", "rabbitmq", "redis"],
)
def test_the_commands_for_a_service_work(
    host: tuple[Project, dict[str, str]], service: str
) -> None:
    """Its password is another one then, and what an app had kept is there."""
    project, variables = host
    port = int(variables["APP_PORT"])
    project.make_secrets()
    before = passwords(project)
    compose = Compose(project, FILES, variables)
    compose.up()
    if service == "postgres":
        note = ask(port, "/notes", {"text": "milk"}).json()
    pages = [project.path / "docs/services.md", project.path / "docs/production.md"]
    ran = 0
    for page in pages:
        for command in in_blocks(page.read_text()):
            if TESTED.get(pattern_of(command)) in {OF_SERVICES, ON_A_HOST}:
                of_host(project, variables, command)
                ran += 1
    assert ran >= 4
    assert passwords(project) != before
    if service == "postgres":
        assert ask(port, f"/notes/{note['id']}").json() == note
    else:
        workers = compose("ps", "--quiet", "app").stdout.split()
        assert len(workers) == 3


# ── Updates ──────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def releases(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The template's history, and the working tree as its newest version."""
    clone = tmp_path_factory.mktemp("releases") / "template"
    shell(f"git clone --quiet {ROOT} {clone}", clone.parent)
    for line in (ROOT / "RELEASES").read_text().splitlines():
        version, commit = line.split()
        shell(f"git tag --force v{version} {commit}", clone)
    for path in clone.iterdir():
        if path.name != ".git":
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    shutil.copytree(template, clone, dirs_exist_ok=True)
    shell("git add --all && git commit --quiet --allow-empty -m new && git tag v999.0.0", clone)
    return clone


OLDER = [line.split()[0] for line in (ROOT / "RELEASES").read_text().splitlines()]


def make(releases: Path, folder: Path, version: str, **answers: Any) -> Path:
    copier.run_copy(
        str(releases), folder, data=answers, defaults=True, quiet=True, vcs_ref=f"v{version}"
    )
    shell("git init --quiet", folder)
    return saved(folder)


def saved(project: Path) -> Path:
    shell("git add --all && git commit --quiet --allow-empty --message Work", project)
    return project


def update(project: Path, **answers: Any) -> None:
    copier.run_update(project, data=answers, defaults=True, overwrite=True, quiet=True)
    assert "<<<<<<<" not in shell("git diff", project)
    saved(project)


@pytest.mark.parametrize("edited", [False, True], ids=["untouched", "edited"])
@pytest.mark.parametrize("version", OLDER)
def test_a_project_of_an_older_release_keeps_its_readme_and_gets_the_manual(
    releases: Path, tmp_path: Path, version: str, edited: bool
) -> None:
    project = make(releases, tmp_path / "myapp", version, services=["postgres"])
    readme = project / "README.md"
    if edited:
        readme.write_text(readme.read_text().replace("# myapp", "# Ours\n\nIn our words."))
        saved(project)
    before = readme.read_text()
    update(project)
    assert readme.read_text() == before
    assert {page.name for page in project.glob("docs/*.md")} >= {"start.md", "services.md"}


@pytest.mark.parametrize("text", [None, "# Ours\n"], ids=["untouched", "edited"])
def test_a_readme_is_written_once_and_the_pages_follow(
    releases: Path, tmp_path: Path, text: str | None
) -> None:
    project = make(releases, tmp_path / "myapp", "999.0.0", framework="fastapi")
    readme, develop = project / "README.md", project / "docs/develop.md"
    if text:
        readme.write_text(text)
        saved(project)
    before = readme.read_text()
    assert not (project / "docs/database.md").exists()
    update(project, framework="django", services=["postgres"], project_name="Another name")
    assert readme.read_text() == before
    assert "manage.py runserver" in develop.read_text()
    assert (project / "docs/database.md").exists()
    assert (project / "docs/services.md").exists()


def test_an_apps_readme_is_written_once_and_a_new_app_gets_one(
    releases: Path, tmp_path: Path
) -> None:
    apps = {"api": "fastapi"}
    project = make(releases, tmp_path / "myapp", "999.0.0", layout="workspace", apps=apps)
    readme = project / "apps/api/README.md"
    readme.write_text("# Ours\n")
    saved(project)
    update(project, apps={"api": "flask", "tool": "cli"})
    assert readme.read_text() == "# Ours\n"
    assert "blueprint" in (project / "apps/api/docs/develop.md").read_text()
    assert (project / "apps/tool/README.md").exists()
    assert "[tool]" in (project / "docs/workspace.md").read_text()


def test_the_commands_for_an_update_work(releases: Path, tmp_path: Path) -> None:
    """As printed, but with the Copier that is installed here."""
    copier_here = {"PATH": f"{Path(shutil.which('copier') or '').parent}:{os.environ['PATH']}"}
    answers = {"layout": "workspace", "python_version": PYTHON}
    project = make(releases, tmp_path / "myapp", "0.3.0", **answers)
    for page in ("update", "workspace"):
        source = project / f"docs/{page}.md"
        text = source.read_text() if source.exists() else manual(releases, tmp_path, page)
        for command in in_blocks(text):
            if not re.match(r"uvx|git (status|reset|clean|add|commit --message)|uv lock", command):
                continue
            if " update " in command:
                saved(project)
            shell(command.replace("uvx ", ""), project, **copier_here)
    assert (project / "apps/another-app/docs/develop.md").exists()
    assert (project / "packages/another-package").exists()


def manual(releases: Path, folder: Path, page: str) -> str:
    fresh = make(releases, folder / "fresh", "999.0.0", layout="workspace", python_version=PYTHON)
    return (fresh / f"docs/{page}.md").read_text()


@pytest.mark.parametrize("layout", ["single", "workspace"])
def test_edits_go_along_with_what_is_renamed(releases: Path, tmp_path: Path, layout: str) -> None:
    given: dict[str, Any] = {"layout": layout, "project_slug": "old"}
    renamed: dict[str, Any] = {"project_slug": "new-name"}
    code = "src/{}/health.py"
    if layout == "workspace":
        given = {"layout": layout, "apps": {"api": "fastapi"}}
        renamed = {"apps": {"new-name": "fastapi"}}
        code = "apps/new-name/src/{}/health.py"
    project = make(releases, tmp_path / "myapp", "999.0.0", **given)
    old = project / ("apps/api/src/api/health.py" if layout == "workspace" else "src/old/health.py")
    old.write_text(f"{old.read_text()}\n\nOURS = True\n")
    saved(project)
    page = (project / "docs/update.md").read_text()
    for command in in_blocks(page):
        if command.startswith(("git mv", "git commit --no-verify")):
            shell(command, project)
    copier.run_update(project, data=renamed, defaults=True, overwrite=True, quiet=True)
    assert "\nOURS = True\n" in (project / code.format("new_name")).read_text()
    assert not old.exists()
