#!/bin/sh
# Entrypoint of the development image: bring the environment up to date, then run the command.
set -eu

wanted() {
    cat pyproject.toml uv.lock | sha256sum
    python --version
}

if [ "$(wanted)" != "$(cat "$HOME/installed" 2>/dev/null)" ]; then
    if [ -w uv.lock ]; then
        uv sync --quiet # follows uv.lock, and writes it where it is still empty or out of date
    else
        echo 'The project belongs to another user: nothing is written to it, uv.lock too' >&2
        echo 'stays as it is. Set UID and GID in .env to change that; see .env.example.' >&2
        uv sync --quiet --locked 2>/dev/null || uv pip install --quiet --group dev --editable .
    fi
    wanted > "$HOME/installed"
fi

exec "$@"
