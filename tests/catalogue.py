"""The catalogue's rows, as the tests read them: a new row is tried without a word here.

A row states only what differs from the others, so what may be missing is asked for here, once.
"""

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


# ── What a kind of app can have ──────────────────────────────────────────────────────────────────


def role_of(kind: str) -> str:
    return str(FRAMEWORKS[kind]["role"])


def servers_of(kind: str) -> tuple[str, ...]:
    """Those that can run it, the default first."""
    return tuple(FRAMEWORKS[kind]["servers"])


def services_of(kind: str) -> tuple[str, ...]:
    """Those that it can use."""
    return tuple(FRAMEWORKS[kind]["services"])


def needs_of(kind: str) -> tuple[str, ...]:
    """Those of which it has to have one; the first joins by itself."""
    return tuple(FRAMEWORKS[kind]["needs"])


def uses_database(kind: str) -> bool:
    """Whether it can keep tables in a service."""
    return bool(DATABASES & set(services_of(kind)))


def keeps_data(kind: str) -> bool:
    return bool(FRAMEWORKS[kind]["keeps_data"])


def targets_of(kind: str) -> tuple[str, ...]:
    """The interfaces by which a server can talk to it, the preferred one first."""
    return tuple(FRAMEWORKS[kind]["targets"])


def interfaces_of(server: str) -> tuple[str, ...]:
    return tuple(SERVERS[server]["dependencies"])


def is_configured(kind: str) -> bool:
    """Whether it reads settings, and logs."""
    return bool(ROLES[role_of(kind)]["configured"])


def is_called(kind: str) -> bool:
    """A command, which runs while somebody calls it; all else stays."""
    return bool(ROLES[role_of(kind)]["instruction"] == "ENTRYPOINT")


# Services with tables, in which each app has a database of its own.
DATABASES = {name for name, row in SERVICES.items() if row["database"]}
