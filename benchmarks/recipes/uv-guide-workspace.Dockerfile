# The multi-stage build of uv's Docker guide, with what it changes for a workspace, for one app of it.
ARG BASE_IMAGE
ARG UV_IMAGE

FROM ${UV_IMAGE} AS uv

FROM ${BASE_IMAGE} AS builder
COPY --from=uv /uv /uvx /bin/
ENV UV_COMPILE_BYTECODE=1 \
    UV_LINK_MODE=copy \
    UV_PYTHON_DOWNLOADS=0
ARG APP=bench-app
WORKDIR /app
RUN --mount=type=cache,target=/root/.cache/uv \
    --mount=type=bind,source=uv.lock,target=uv.lock \
    --mount=type=bind,source=pyproject.toml,target=pyproject.toml \
    --mount=type=bind,source=apps/${APP}/pyproject.toml,target=apps/${APP}/pyproject.toml \
    uv sync --frozen --no-install-workspace --no-dev --package "$APP"
COPY . /app
RUN --mount=type=cache,target=/root/.cache/uv \
    uv sync --locked --no-dev --package "$APP"

FROM ${BASE_IMAGE}
RUN groupadd --system --gid 999 nonroot \
 && useradd --system --uid 999 --gid nonroot --create-home nonroot
COPY --from=builder --chown=nonroot:nonroot /app /app
ENV PATH=/app/.venv/bin:$PATH
USER 999:999
WORKDIR /app
