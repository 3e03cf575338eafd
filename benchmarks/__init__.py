"""The rendered project's image beside other recipes for it: `uv run python -m benchmarks`."""
