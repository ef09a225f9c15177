"""Files named after a role grow without end; files named after an act refuse foreign lines."""

from tests.rules import tree

ROLES = {
    "service",
    "services",
    "utils",
    "util",
    "helpers",
    "helper",
    "manager",
    "managers",
    "common",
    "misc",
    "base_utils",
}

TOO_LONG = 400
"""Lines beyond which a file is nearly always two."""

FIRST_TABLES = "migrations/versions/0001_tables.py"


def test_no_file_is_named_after_a_role() -> None:
    assert [tree.name(path) for path in tree.files() if path.stem in ROLES] == []


def test_no_file_is_two_files() -> None:
    lengths = {
        tree.name(path): len(path.read_text().splitlines())
        for path in tree.files("portal", "templates", "migrations", "tools", "benchmarks")
        if path.suffix in (".py", ".html", ".css", ".js")
    }
    del lengths[FIRST_TABLES]

    assert {name: lines for name, lines in lengths.items() if lines > TOO_LONG} == {}
