"""Variants of a project: what is tried of each kind, and what differs between kinds."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import cycle, zip_longest
from typing import Any

from .catalogue import (
    BASES,
    FRAMEWORKS,
    SERVICES,
    interfaces_of,
    is_called,
    needed_of,
    needs_of,
    role_of,
    servers_of,
    services_of,
    targets_of,
)


@dataclass(frozen=True)
class Variant:
    """Answers on which an image depends; what is not said is the default."""

    kind: str
    base: str = ""
    server: str = ""
    services: tuple[str, ...] = ()
    python: str = ""

    def __str__(self) -> str:
        return "-".join(filter(None, [self.kind, self.base, self.server, *self.services]))

    @property
    def answers(self) -> dict[str, Any]:
        given = {
            "framework": self.kind,
            "base_image": self.base,
            "server": self.server,
            "services": list(self.services),
            "python_version": self.python,
        }
        return {name: answer for name, answer in given.items() if answer}

    @property
    def role(self) -> str:
        return role_of(self.kind)

    @property
    def interface(self) -> str:
        """By which its server talks to it; nothing where it has none."""
        server = self.server or next(iter(servers_of(self.kind)), "")
        known = interfaces_of(server) if server else ()
        return next((name for name in targets_of(self.kind) if name in known), "")

    @property
    def slug(self) -> str:
        """The same on every base: one lock fits all of them."""
        return f"{self.kind}-app"

    @property
    def backing(self) -> tuple[str, ...]:
        """The services that it ends up with."""
        needs = needs_of(self.kind)
        met = not needs or set(needs) & set(self.services)
        return self.services if met else (*self.services, needs[0])

    @property
    def broker(self) -> str:
        """The one of them in which its tasks wait; nothing if it has none."""
        return next((name for name in needed_of(self.kind) if name in self.backing), "")


FIRST_BASE, *OTHER_BASES = BASES

# Older than the default, so that two are tried.
PYTHON = "3.13"


def of_kind(kind: str) -> Iterator[Variant]:
    """The defaults; and with services every other base and every other server, a pair in each."""
    first, *others = servers_of(kind) or ("",)
    yield Variant(kind)
    for base, server in zip_longest(OTHER_BASES, others):
        yield Variant(kind, base or FIRST_BASE, server or first, services_of(kind), PYTHON)


DEFAULTS = [Variant(kind) for kind in FRAMEWORKS]
VARIANTS = [variant for kind in FRAMEWORKS for variant in of_kind(kind)]
WEB = [variant for variant in VARIANTS if variant.role == "web"]

# One for each kind, on another base than the kind before.
ON_EVERY_BASE = [
    next(variant for variant in of_kind(kind) if (variant.base or FIRST_BASE) == base)
    for kind, base in zip(FRAMEWORKS, cycle(BASES))
]

# One for each server that a kind can have.
SERVED = [
    next(variant for variant in of_kind(kind) if (variant.server or servers_of(kind)[0]) == server)
    for kind in FRAMEWORKS
    for server in servers_of(kind)
]


# ── What a kind's container needs in production ──────────────────────────────────────────────────

PASSWORD = "correct-horse-battery"


def uses_of(variant: Variant) -> list[dict[str, Any]]:
    """What it uses services for: one broker, if it needs one; and all else that was chosen."""
    return [
        details
        for service in variant.backing
        for use, details in SERVICES[service]["uses"].items()
        if (service == variant.broker if use == "broker" else service in variant.services)
    ]


def settings_of(uses: list[dict[str, Any]], host: str = "") -> dict[str, str]:
    """Their addresses and passwords; at another host, nobody answers."""
    found = {}
    for use in uses:
        url = use["url"].replace("{database}", "app")
        found[f"{use['variable']}_URL"] = (
            re.sub(r"(//(?:\w+@)?)\w+", rf"\g<1>{host}", url) if host else url
        )
        found[f"{use['variable']}_PASSWORD"] = PASSWORD
    return found


# Where an app has to find its services: how they are started, options and command.
SERVING: dict[str, tuple[list[str], tuple[str, ...]]] = {
    "postgres": (
        [
            *("--env", "POSTGRES_USER=app_owner"),
            *("--env", "POSTGRES_DB=app"),
            *("--env", f"POSTGRES_PASSWORD={PASSWORD}"),
        ],
        (),
    ),
    "rabbitmq": (
        ["--env", "RABBITMQ_DEFAULT_USER=app", "--env", f"RABBITMQ_DEFAULT_PASS={PASSWORD}"],
        (),
    ),
    "redis": ([], ("redis-server", "--requirepass", PASSWORD)),
}

KIND_SETTINGS: dict[str, dict[str, str]] = {
    "flask": {"SECRET_KEY": "0123456789" * 5},
    "django": {"SECRET_KEY": "0123456789" * 5, "ALLOWED_HOSTS": "127.0.0.1"},
}


def needed(variant: Variant) -> dict[str, str]:
    """The variables without which production does not start."""
    # Nobody answers there: an app must start, live and stop without its services.
    return KIND_SETTINGS.get(variant.kind, {}) | settings_of(uses_of(variant), "127.0.0.1:1")


# As a hardened host runs it; and with memory in the one place where libraries insist on a file.
HARDENED = ["--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"]
WITH_MEMORY = [*HARDENED, "--tmpfs", "/tmp"]


def environment(variables: dict[str, str]) -> list[str]:
    return [part for name, value in variables.items() for part in ("--env", f"{name}={value}")]


# ── How the container of a role runs ─────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Running:
    stays: tuple[str, ...] = ()  # the command's arguments with which it runs until it is stopped
    # With these it has something to do meanwhile, and logs that when it is done.
    busy: Mapping[str, str] = field(default_factory=dict)
    done: str = ""
    # The arguments with which it comes to an end by itself, and its exit code then.
    ends: Mapping[tuple[str, ...], int] = field(default_factory=dict)
    exit_code: int = 0  # after SIGTERM
    probed: bool = True  # whether it has a health check
    needs_services: bool = False  # is not well without those that it has
    needs_tables: bool = False  # has nothing to write to before they are made


RUNNING = {
    "web": Running(),
    "worker": Running(needs_services=True),
    "job": Running(
        stays=("schedule",),
        busy={"SCHEDULE": "* * * * * *"},  # six fields, the first are seconds
        done="done in",
        ends={(): 0},
        needs_tables=True,
    ),
    # A filter, whose input does not end.
    "cli": Running(
        stays=("unique",),
        ends={("--help",): 0, ("--version",): 0, ("greet", "Ada"): 0, ("unknown",): 2},
        exit_code=143,
        probed=False,
    ),
}


def command(variant: Variant, arguments: tuple[str, ...]) -> tuple[str, ...]:
    """What follows the image's name."""
    if arguments and not is_called(variant.kind):
        return (variant.slug, *arguments)
    return arguments
