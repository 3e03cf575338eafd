"""The figures as tables to read and as JSON to keep."""

import json
from dataclasses import asdict
from itertools import groupby
from pathlib import Path

from .figures import Figures
from .musts import Must
from .recipes import Recipe

Rows = list[list[str]]


def figure_rows(measured: dict[Recipe, Figures]) -> Rows:
    columns = measured.values()
    changes = list(dict.fromkeys(change for f in columns for change in f.push))
    return [
        ["", *(recipe.title for recipe in measured)],
        ["added to the base, MB", *(shown(f.added, 1e-6) for f in columns)],
        ["cold build, s", *(shown(f.cold) for f in columns)],
        *([f"rebuild, {c}, s", *(shown(f.rebuild[c]) for f in columns)] for c in changes),
        *([f"pushed, {c}, KB", *(shown(f.push[c].size, 1e-3) for f in columns)] for c in changes),
        *(
            [f"… of it dependencies, {c}, KB"]
            + [shown(f.push[c].dependencies, 1e-3) for f in columns]
            for c in changes
        ),
        ["start → first 200, s", *(shown(f.first_answer) for f in columns)],
        ["start → healthy, s", *(shown(f.healthy) for f in columns)],
        ["SIGTERM → exit, s", *(shown(f.exit) for f in columns)],
        ["exit code", *(str(f.exit_code) for f in columns)],
        ["memory (PSS), MiB", *(shown(f.memory) for f in columns)],
        ["requests/s", *(shown(f.requests_per_second) for f in columns)],
        ["p99, ms", *(shown(f.p99, 1e3) for f in columns)],
    ]


def must_rows(musts: list[Must]) -> Rows:
    return [
        ["must", "value", "limit", "margin", "verdict"],
        *(
            [
                must.what,
                shown(must.value),
                f"{'≥' if must.at_least else '≤'} {must.limit:g} {must.unit}".rstrip(),
                shown(must.margin),
                must.verdict,
            ]
            for must in musts
        ),
    ]


def shown(value: float | None, factor: float = 1) -> str:
    """Three digits that mean something; none of them behind the point of a large number."""
    if value is None:
        return "-"
    scaled = value * factor
    size = abs(scaled)
    return f"{scaled:.{0 if size >= 100 or size == 0 else 1 if size >= 10 else 2}f}"


def table(rows: Rows) -> str:
    """A Markdown table with its columns aligned, so that a terminal shows it as well."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    head, *body = (
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        for row in rows
    )
    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return "\n".join([head, rule, *body])


def markdown(conditions: dict[str, str], measured: dict[Recipe, Figures], musts: list[Must]) -> str:
    """One table for each framework: only its own recipes build the same app."""
    parts = ["\n".join(f"- {name}: {value}" for name, value in conditions.items())]
    for framework, group in groupby(measured.items(), lambda item: item[0].framework):
        parts.append(f"## {framework}\n\n{table(figure_rows(dict(group)))}")
    if musts:
        parts.append(f"## What must be reached\n\n{table(must_rows(musts))}")
    return "\n\n".join(parts) + "\n"


def write(
    folder: Path,
    conditions: dict[str, str],
    measured: dict[Recipe, Figures],
    musts: list[Must],
) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "benchmark.md").write_text(markdown(conditions, measured, musts))
    everything = {
        "conditions": conditions,
        "recipes": {recipe.key: asdict(figures) for recipe, figures in measured.items()},
        "musts": [
            {**asdict(must), "margin": must.margin, "verdict": must.verdict} for must in musts
        ],
    }
    (folder / "benchmark.json").write_text(
        json.dumps(everything, indent=2, ensure_ascii=False) + "\n"
    )
