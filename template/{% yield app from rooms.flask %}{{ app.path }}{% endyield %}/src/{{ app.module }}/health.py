"""Health: /health says that the process lives, /ready that it can do its work."""

from flask import Blueprint, current_app
from flask.typing import ResponseReturnValue

from . import probes

blueprint = Blueprint("health", __name__)


@blueprint.get("/health")
def health() -> ResponseReturnValue:
    """Touches nothing else: a broken database must not get a healthy process killed."""
    return {"status": "healthy"}


@blueprint.get("/ready")
def ready() -> ResponseReturnValue:
    """Asks every service at once; 503 keeps traffic away until all of them answer."""
    states = probes.states(current_app.extensions["probes"])
    is_ready = all(state == "ok" for state in states.values())
    answer = {"status": "ready" if is_ready else "not ready", "services": states}
    return answer, 200 if is_ready else 503
