"""The rows of the catalogue are whole, and agree with each other and with their folders."""

import keyword
import re
import sys
from typing import Any

import pytest
import yaml

from .conftest import ROOT

EXTENSIONS = ROOT / "extensions"


def part(name: str) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((EXTENSIONS / f"catalogue/{name}.yml").read_text())
    return content


@pytest.mark.parametrize("name", ["bases", "frameworks", "servers", "services"])
def test_all_rows_of_a_file_have_the_same_fields(name: str) -> None:
    rows = part(name).values()
    assert len({frozenset(row) for row in rows}) == 1


def test_a_framework_names_servers_and_services_that_exist() -> None:
    for framework in part("frameworks").values():
        assert set(framework["servers"]) <= set(part("servers"))
        assert set(framework["services"]) <= set(part("services"))


def test_a_row_has_its_folder() -> None:
    for framework in part("frameworks"):
        assert (EXTENSIONS / "frameworks" / framework / "settings.py.jinja").is_file()
        for room in (framework, f"{framework}_database", f"{framework}_example"):
            assert list((ROOT / "template").glob(f"*model.rooms.{room} %*")), room
    for server in part("servers"):
        assert (EXTENSIONS / "servers" / f"{server}.py").is_file()
    for service in part("services"):
        assert (EXTENSIONS / "services" / service / "compose.yaml.jinja").is_file()


@pytest.mark.parametrize("name", ["frameworks", "servers", "services"])
def test_a_requirement_has_a_lower_bound_that_was_tested(name: str) -> None:
    for row in part(name).values():
        for requirement in row["dependencies"] + row.get("dev_dependencies", []):
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
