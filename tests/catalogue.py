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
ROLES = part("roles")
SERVERS = part("servers")
SERVICES = part("services")


def completed(rows: dict[str, Any]) -> dict[str, Any]:
    """Each framework with what its role and the row `_` say of it, and its services."""
    defaults = rows["_"]
    found = {}
    for kind, row in rows.items():
        if kind == "_":
            continue
        whole = {**defaults, **ROLES[row["role"]]["frameworks"], **row}
        uses = {
            (service, use)
            for service, its in SERVICES.items()
            for use, details in its["uses"].items()
            if set(whole["clients"]) & set(details["clients"])
        }
        needed = [s for s in SERVICES if whole["needs"] and (s, whole["needs"]) in uses]
        own = {service for service, use in uses if use != "broker"} | set(needed)
        found[kind] = {**whole, "services": [s for s in SERVICES if s in own], "needed": needed}
    return found


FRAMEWORKS = completed(part("frameworks"))


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
    """Those of which it has to have one; the first here joins by itself."""
    row = FRAMEWORKS[kind]
    return tuple(sorted(row["needed"], key=lambda service: bool(service != row["joins"])))


def needed_of(kind: str) -> tuple[str, ...]:
    """The same, in the order in which one of several is chosen."""
    return tuple(FRAMEWORKS[kind]["needed"])


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
    return "configured" in ROLES[role_of(kind)]["rooms"]


def is_called(kind: str) -> bool:
    """A command, which runs while somebody calls it; all else stays."""
    return bool(ROLES[role_of(kind)]["instruction"] == "ENTRYPOINT")


# Services with tables, in which each app has a database of its own.
DATABASES = {name for name, row in SERVICES.items() if row["names"] == "database"}
