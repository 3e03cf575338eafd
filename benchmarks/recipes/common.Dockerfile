# The multi-stage build that most articles about uv show, with the steps in their order.
ARG BASE_IMAGE
ARG UV_IMAGE

FROM ${UV_IMAGE} AS uv

FROM ${BASE_IMAGE} AS builder
COPY --from=uv /uv /usr/local/bin/uv
WORKDIR /app
# The articles' app is no package. This one is, and is installed from its source.
COPY pyproject.toml uv.lock ./
COPY src ./src
RUN uv sync --frozen --no-dev

FROM ${BASE_IMAGE}
WORKDIR /app
COPY --from=builder /app/.venv /app/.venv
ENV PATH=/app/.venv/bin:$PATH
COPY . .
EXPOSE 8000
