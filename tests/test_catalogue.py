"""The rows of the catalogue are whole, and agree with each other and with their folders."""

import keyword
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import copier
import jinja2
import pytest
import yaml
from jinja2 import nodes

from .catalogue import FRAMEWORKS, interfaces_of, part, servers_of, targets_of
from .conftest import ROOT

EXTENSIONS = ROOT / "extensions"


@pytest.mark.parametrize("name", ["bases", "roles", "servers", "services"])
def test_all_rows_of_a_file_have_the_same_fields(name: str) -> None:
    rows = part(name).values()
    assert len({frozenset(row) for row in rows}) == 1


def test_a_framework_states_what_only_it_can_and_else_what_differs_from_the_defaults() -> None:
    rows = part("frameworks")
    defaults = rows.pop("_")
    for kind, row in rows.items():
        assert row.keys() - defaults.keys() == {"title", "about", "role"}, kind
        from_role = part("roles")[row["role"]]["frameworks"]
        assert from_role.keys() <= defaults.keys(), row["role"]
        inherited = {**defaults, **from_role}
        assert [field for field in row if row[field] == inherited.get(field)] == [], kind


def test_a_framework_names_what_exists() -> None:
    uses = [use for service in part("services").values() for use in service["uses"].items()]
    clients = {client for _, details in uses for client in details["clients"]}
    for framework in FRAMEWORKS.values():
        assert framework["role"] in part("roles")
        assert set(framework["servers"]) <= set(part("servers"))
        assert set(framework["clients"]) <= clients
        assert framework["needs"] in {"", *(name for name, _ in uses)}
        assert bool(framework["needs"]) == (framework["joins"] in framework["needed"])


def test_services_that_an_app_can_use_together_share_no_module_and_no_variable() -> None:
    uses = [
        (use, details)
        for service in part("services").values()
        for use, details in service["uses"].items()
    ]
    variables = [details["variable"] for _, details in uses]
    # An app has one broker.
    modules = [details["module"] for use, details in uses if use != "broker"]
    assert len(set(variables)) == len(variables)
    assert len({"broker", *modules}) == len(modules) + 1


MAILS = """
mails:
  title: Mails
  image: mails:1
  names: ""
  where: development
  secret: ""
  volume: ""
  user: 1000
  tmpfs: []
  stop: 10
  limits: {cpus: "1.0", memory: 64M, pids: 32}
  uses:
    mails:
      about: Keeps mails instead of sending them.
      module: mails
      variable: MAILS
      url: smtp://mails:1025
      schemes: [smtp]
      secret: ""
      clients:
        sync: {}
"""
MAILS_IN_COMPOSE = """
mails:
  image: mails:1
  healthcheck:
    test: [CMD, "true"]
"""


@pytest.mark.parametrize("others", [[], ["postgres"]], ids=["alone", "beside-another"])
def test_a_service_can_be_there_in_development_alone_without_a_secret_or_a_volume(
    template: Path, tmp_path: Path, others: list[str]
) -> None:
    more = tmp_path / "template"
    shutil.copytree(template, more)
    with (more / "extensions/catalogue/services.yml").open("a") as rows:
        rows.write(MAILS)
    folder = more / "extensions/services/mails"
    (folder / "sync").mkdir(parents=True)
    (folder / "compose.override.yaml").write_text(MAILS_IN_COMPOSE)
    (folder / "sync/module.py").write_text("")
    (folder / "sync/test_module.py").write_text("")
    answers = {"framework": "job", "services": [*others, "mails"]}
    copier.run_copy(
        str(more), tmp_path / "myapp", data=answers, defaults=True, quiet=True, unsafe=False
    )

    everywhere, override, production = (
        yaml.safe_load((tmp_path / f"myapp/compose{part}.yaml").read_text())
        for part in ("", ".override", ".prod")
    )
    app = override["services"]["app"]
    assert app["environment"]["MAILS_URL"] == "${MAILS_URL:-smtp://mails:1025}"
    assert app["depends_on"] == {"mails": {"condition": "service_healthy"}}
    assert "mails" in override["services"]
    for content in (everywhere, production):
        assert "mails" not in str(content).lower()
        assert None not in content.values()
    assert "MAILS_PASSWORD" not in str(override)
    known = {"default", *everywhere.get("networks", {})}
    for service in [*everywhere["services"].values(), *override["services"].values()]:
        assert set(service.get("networks", [])) <= known


def test_a_server_can_run_each_framework_that_names_it() -> None:
    for kind in FRAMEWORKS:
        for server in servers_of(kind):
            assert set(targets_of(kind)) & set(interfaces_of(server))


def test_a_row_has_its_folder() -> None:
    for role, row in part("roles").items():
        assert row["probed"] == (EXTENSIONS / "roles" / role).is_dir(), "how it is asked"
    for framework in FRAMEWORKS:
        assert list((ROOT / "template").glob(f"*rooms.{framework} %*")), framework
    for server in part("servers"):
        assert list((EXTENSIONS / "servers").glob(f"{server}.py*"))
    for service, row in part("services").items():
        assert (EXTENSIONS / "services" / service / "compose.yaml.jinja").is_file()
        for use in row["uses"].values():
            for client in use["clients"]:
                assert list((EXTENSIONS / "services" / service / client).iterdir())


# ── Every file of extensions/ is asked for ───────────────────────────────────────────────────────


def parsed() -> Iterator[tuple[Path, nodes.Template]]:
    """The questions, the snippets, and the files of a project that are rendered."""
    rendered = [path for path in (ROOT / "template").rglob("*.jinja") if path.is_file()]
    pieces = [path for path in EXTENSIONS.rglob("*") if path.is_file()]
    for path in (ROOT / "copier.yml", *rendered, *pieces):
        yield path, jinja2.Environment().parse(path.read_text())


def pattern(expression: nodes.Node) -> str:
    """Of the names that it can have: what is not a literal is anything."""
    if isinstance(expression, nodes.Const):
        return re.escape(str(expression.value))
    if isinstance(expression, nodes.Concat):
        return "".join(map(pattern, expression.nodes))
    return ".+"


def without_suffix(name: str) -> str:
    """A snippet is called by the name of what it adds to, whether Jinja reads it or not."""
    return name.removesuffix(".jinja")


def asked_for() -> tuple[set[str], set[str]]:
    """Patterns of the names of snippets, and of what is included or imported by its path."""
    names, paths = set(), set()
    for path, template in parsed():
        for call in template.find_all(nodes.Call):
            if isinstance(call.node, nodes.Name) and call.node.name == "snippets":
                names.add(pattern(call.args[1]))
        if path == EXTENSIONS / "snippets.jinja":
            continue  # which looks for these names
        asked = [each.template for each in template.find_all(nodes.Include)]
        asked += [each.template for each in template.find_all(nodes.Import)]
        asked += [each.template for each in template.find_all(nodes.FromImport)]
        paths |= {pattern(each).removesuffix(re.escape(".jinja")) for each in asked}
    return names, paths


def any_of(patterns: set[str], text: str) -> bool:
    return any(re.fullmatch(each, text) for each in patterns)


def test_every_snippet_has_a_name_that_a_file_asks_for_and_every_such_name_is_there() -> None:
    names, paths = asked_for()
    found = {
        without_suffix(path.relative_to(ROOT).as_posix()): without_suffix(path.name)
        for path in EXTENSIONS.rglob("*")
        if path.is_file()
    }
    unknown = [
        path for path, name in found.items() if not any_of(names, name) and not any_of(paths, path)
    ]
    assert unknown == [], "nobody asks for these"
    missing = [name for name in names if not any(any_of({name}, each) for each in found.values())]
    assert missing == [], "nothing has these names"


# ── What is installed, and what is taken ─────────────────────────────────────────────────────────


def requirements(row: Any) -> Iterator[str]:
    """Whatever stands under `dependencies` or `dev_dependencies`, at any depth."""
    if isinstance(row, dict):
        for key, value in row.items():
            if key.endswith("dependencies"):
                lists = value.values() if isinstance(value, dict) else [value]
                yield from (requirement for each in lists for requirement in each)
            else:
                yield from requirements(value)


@pytest.mark.parametrize("name", ["frameworks", "servers", "services", "versions"])
def test_a_requirement_has_a_lower_bound_that_was_tested(name: str) -> None:
    found = list(requirements(part(name)))
    assert found
    for requirement in found:
        assert re.fullmatch(r"[a-z0-9-]+(\[[a-z,]+\])?>=[0-9.]+", requirement)


def test_names_of_the_standard_library_are_all_refused() -> None:
    """Compared with the Python that runs the test; each supported one adds its own names."""
    modules = {name for name in sys.stdlib_module_names if re.fullmatch(r"[a-z][a-z0-9_]*", name)}
    assert modules <= set(part("names")["standard_library"].split())


def test_words_of_python_are_all_refused() -> None:
    words = {word for word in keyword.kwlist if word.islower()}
    assert words == set(part("names")["keyword"].split())


def test_folders_of_the_template_cannot_be_named_again() -> None:
    assert {"docker", "src", "tests"} <= set(part("names")["reserved"].split())
