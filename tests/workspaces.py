"""Workspaces that are tried: between them they have all that a workspace can differ in."""

from typing import Any

from .catalogue import FRAMEWORKS

# One of each kind.
ALL_KINDS = {f"{kind}-app": kind for kind in FRAMEWORKS}

WORKSPACES: dict[str, dict[str, Any]] = {
    "defaults": {},
    "all-kinds": {
        "apps": ALL_KINDS,
        "services": ["postgres", "redis"],
        "base_image": "slim-bookworm",
        "python_version": "3.11",
    },
    "per-app": {
        "apps": {
            "web-shop": {"framework": "django", "services": ["postgres"]},
            "back-office": {"framework": "django", "services": [], "packages": ["core"]},
            "api": {"framework": "fastapi", "packages": ["prices", "core"]},
            "mails": {"framework": "worker", "services": ["rabbitmq"], "packages": []},
            "nightly": "job",
            "tool": "cli",
        },
        "packages": ["core", "prices"],
        "services": ["postgres", "rabbitmq"],
        "dockerfiles": "per-app",
        "base_image": "alpine",
        "server": "gunicorn",
    },
    "one-app": {"apps": {"tool": "cli"}, "packages": [], "ci": "none"},
    "long-names": {
        "project_slug": "my-long-project-name-of-forty-characters",
        "apps": {"a": "flask", "an-app-whose-name-is-of-forty-characters": "fastapi"},
        "packages": ["p", "a-package-of-as-many-as-forty-characters"],
        "dockerfiles": "per-app",
        "registry": "localhost:5000",
    },
}


def answers_of(name: str) -> dict[str, Any]:
    return {"layout": "workspace", **WORKSPACES[name]}
