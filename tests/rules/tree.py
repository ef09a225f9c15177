"""Walk over what the repository holds, leaving out what set-up and the tools make."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

OURS = ("portal", "templates", "migrations", "tests", "tools", "benchmarks", "docs", ".ci")
"""The folders that people write in."""

MADE = frozenset({"__pycache__", "vendor", "fonts"})
"""Folders that set-up fills; nothing in them is committed."""

TEXTS = frozenset({".py", ".html", ".txt", ".css", ".js", ".json", ".toml", ".md", ".sh", ".svg", ".yml", ".yaml", ""})


def files(*folders: str, suffix: str = "") -> Iterator[Path]:
    """Give the files below some of our folders, or below all of them; those of one suffix where it is named."""
    for folder in folders or OURS:
        for path in sorted((ROOT / folder).rglob(f"*{suffix}")):
            if path.is_file() and not MADE & set(path.parts):
                yield path


def texts() -> Iterator[Path]:
    """Give every text that is committed, those in the first folder included."""
    yield from (path for path in files() if path.suffix in TEXTS)
    yield from (path for path in sorted(ROOT.iterdir()) if path.is_file() and not _is_made(path))


def modules(*folders: str) -> Iterator[tuple[Path, ast.Module]]:
    """Give the Python modules below some of our folders, parsed."""
    for path in files(*folders, suffix=".py"):
        yield path, ast.parse(path.read_text())


def name(path: Path) -> str:
    """Give a path as people write it: from the first folder on."""
    return path.relative_to(ROOT).as_posix()


def _is_made(path: Path) -> bool:
    return path.name == ".env" or bool(re.match(r"\.(setup-|coverage)", path.name))
