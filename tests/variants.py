"""Variants of a project: what is tried of each kind, and what differs between kinds."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .catalogue import BASES, FRAMEWORKS, ROLES, SERVERS


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
    def row(self) -> dict[str, Any]:
        found: dict[str, Any] = FRAMEWORKS[self.kind]
        return found

    @property
    def role(self) -> str:
        return str(self.row["role"])

    @property
    def interface(self) -> str:
        """By which its server talks to it; nothing where it has none."""
        server = self.server or next(iter(self.row["servers"]), "")
        known = SERVERS[server]["dependencies"] if server else {}
        return next((name for name in self.row["targets"] if name in known), "")

    @property
    def slug(self) -> str:
        """The same on every base: one lock fits all of them."""
        return f"{self.kind}-app"

    @property
    def backing(self) -> tuple[str, ...]:
        """The services that it ends up with."""
        return self.services or tuple(self.row["needs"][:1])


FIRST_BASE, *OTHER_BASES = BASES

# Older than the default, so that two are tried.
PYTHON = "3.13"


def of_kind(kind: str) -> Iterator[Variant]:
    """The defaults; and with services on every other base, and under every other server."""
    first, *others = FRAMEWORKS[kind]["servers"] or [""]
    services = tuple(FRAMEWORKS[kind]["services"])
    yield Variant(kind)
    for server in others:
        yield Variant(kind, FIRST_BASE, server, services, PYTHON)
    for base in OTHER_BASES:
        yield Variant(kind, base, first, services, PYTHON)


DEFAULTS = [Variant(kind) for kind in FRAMEWORKS]
VARIANTS = [variant for kind in FRAMEWORKS for variant in of_kind(kind)]
WEB = [variant for variant in VARIANTS if variant.role == "web"]
SERVED = [variant for variant in WEB if variant.base in {"", FIRST_BASE}]


# ── What a kind's container needs in production ──────────────────────────────────────────────────

PASSWORD = "correct-horse-battery"

# Nobody answers at these addresses: an app must start, live and stop without its services.
SERVICE_SETTINGS = {
    "postgres": {
        "DATABASE_URL": "postgresql://app@127.0.0.1:1/app",
        "DATABASE_PASSWORD": PASSWORD,
    },
    "rabbitmq": {
        "RABBITMQ_URL": "amqp://app@127.0.0.1:1",
        "RABBITMQ_PASSWORD": PASSWORD,
    },
    "redis": {
        "REDIS_URL": "redis://127.0.0.1:1/0",
        "REDIS_PASSWORD": PASSWORD,
    },
}

# Where an app has to find its services: how they are started, options and command.
SERVING: dict[str, tuple[list[str], tuple[str, ...]]] = {
    "rabbitmq": (
        ["--env", "RABBITMQ_DEFAULT_USER=app", "--env", f"RABBITMQ_DEFAULT_PASS={PASSWORD}"],
        (),
    ),
    "redis": ([], ("redis-server", "--requirepass", PASSWORD)),
}

KIND_SETTINGS: dict[str, dict[str, str]] = {
    "fastapi": {},
    "flask": {"SECRET_KEY": "0123456789" * 5},
    "django": {"SECRET_KEY": "0123456789" * 5, "ALLOWED_HOSTS": "127.0.0.1"},
    "job": {},
    "cli": {},
    "worker": {},
}


def needed(variant: Variant) -> dict[str, str]:
    """The variables without which production does not start."""
    found = dict(KIND_SETTINGS[variant.kind])
    for service in variant.backing:
        found |= SERVICE_SETTINGS[service]
    return found


# As a hardened host runs it; and with memory in the one place where libraries insist on a file.
HARDENED = ["--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"]
WITH_MEMORY = [*HARDENED, "--tmpfs", "/tmp"]


def environment(variables: dict[str, str]) -> list[str]:
    return [part for name, value in variables.items() for part in ("--env", f"{name}={value}")]


# ── How the container of a role runs ─────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Running:
    stays: tuple[str, ...] = ()  # the command's arguments with which it runs until it is stopped
    ends: tuple[tuple[str, ...], ...] = ()  # and those with which it comes to an end
    exit_code: int = 0  # after SIGTERM
    probed: bool = True  # whether it has a health check
    needs_services: bool = False  # is not well without those that it has


RUNNING = {
    "web": Running(),
    "worker": Running(needs_services=True),
    "job": Running(stays=("schedule",), ends=((),)),
    # A filter, whose input does not end.
    "cli": Running(stays=("unique",), ends=(("greet", "Ada"),), exit_code=143, probed=False),
}


def command(variant: Variant, arguments: tuple[str, ...]) -> tuple[str, ...]:
    """What follows the image's name."""
    if arguments and ROLES[variant.role]["instruction"] == "CMD":
        return (variant.slug, *arguments)
    return arguments
