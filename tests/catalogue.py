"""The catalogue's rows, as the tests read them: a new row is tried without a word here."""

from pathlib import Path
from typing import Any

import yaml

CATALOGUE = Path(__file__).resolve().parent.parent / "extensions/catalogue"


def part(name: str) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((CATALOGUE / f"{name}.yml").read_text())
    return content


BASES = part("bases")
FRAMEWORKS = part("frameworks")
ROLES = part("roles")
SERVERS = part("servers")
SERVICES = part("services")
