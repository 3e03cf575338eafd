"""The rows of the catalogue are whole, and agree with each other and with their folders."""

import keyword
import re
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from .catalogue import part
from .conftest import ROOT

EXTENSIONS = ROOT / "extensions"


@pytest.mark.parametrize("name", ["bases", "roles", "frameworks", "servers", "services"])
def test_all_rows_of_a_file_have_the_same_fields(name: str) -> None:
    rows = part(name).values()
    assert len({frozenset(row) for row in rows}) == 1


def test_a_framework_names_what_exists() -> None:
    services = part("services")
    for framework in part("frameworks").values():
        assert framework["role"] in part("roles")
        assert set(framework["servers"]) <= set(part("servers"))
        assert set(framework["needs"]) <= set(framework["services"])
        for service, client in framework["services"].items():
            assert client in services[service]["clients"]


def test_a_server_can_run_each_framework_that_names_it() -> None:
    for framework in part("frameworks").values():
        for server in framework["servers"]:
            assert set(framework["targets"]) & set(part("servers")[server]["dependencies"])


def test_a_row_has_its_folder() -> None:
    for role in part("roles"):
        assert list((EXTENSIONS / "roles" / role).iterdir())
    for framework in part("frameworks"):
        assert list((ROOT / "template").glob(f"*rooms.{framework} %*")), framework
    for server in part("servers"):
        assert (EXTENSIONS / "servers" / f"{server}.py.jinja").is_file()
    for service, row in part("services").items():
        assert (EXTENSIONS / "services" / service / "compose.yaml.jinja").is_file()
        for client in row["clients"]:
            assert list((EXTENSIONS / "services" / service / client).iterdir())


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
