"""The repository stands alone: no path of somebody's machine, no private address of a package index."""

import json
import re

import pytest

from tests.rules import tree

HOMES = re.compile(r"(?<![\w.])/(home/[a-z]\w*|Users/\w+|root|work|workspace|workspaces|mnt/\w+)/[\w.-]+")
SHARED = re.compile(r"\.\./shared\b")
INDEXES = re.compile(
    r"index-url|find-links|trusted-host|https?://[^\s\"')>]*(?:/simple\b|pypi|npmjs|artifactory|nexus)"
)
MAY_NAME_AN_INDEX_OPTION = {
    "Makefile",  # keeps them out of the locks
    "tests/tools/test_set_up.py",
    "tests/rules/test_nothing_tells_where_it_was_made.py",
}


def _found(sign: re.Pattern[str]) -> dict[str, list[str]]:
    return {
        tree.name(path): found
        for path in tree.texts()
        if (found := [match[0] for match in sign.finditer(path.read_text(errors="replace"))])
    }


def test_no_path_of_a_machine() -> None:
    assert _found(HOMES) == {}


def test_nothing_reads_outside_the_repository() -> None:
    assert {name: found for name, found in _found(SHARED).items() if "rules/test_nothing_tells" not in name} == {}


def test_no_address_of_a_package_index() -> None:
    assert {name: found for name, found in _found(INDEXES).items() if name not in MAY_NAME_AN_INDEX_OPTION} == {}


@pytest.mark.parametrize("lock", ["requirements.txt", "requirements-dev.txt"])
def test_every_python_package_is_pinned_by_hash(lock: str) -> None:
    text = (tree.ROOT / lock).read_text()
    packages = re.findall(r"^[A-Za-z0-9][^\n]*(?:\n[ \t]+[^\n]*)*", text, re.MULTILINE)

    assert len(packages) > 30
    assert [package.split()[0] for package in packages if not re.match(r"[\w.-]+==\S+", package)] == []
    assert [package.split()[0] for package in packages if "--hash=sha256:" not in package] == []
    assert "://" not in text


def test_the_locks_agree() -> None:
    pins = [
        dict(re.findall(r"^([\w.-]+)==(\S+)", (tree.ROOT / lock).read_text(), re.MULTILINE))
        for lock in ("requirements.txt", "requirements-dev.txt")
    ]

    assert {name: pin for name, pin in pins[0].items() if pins[1].get(name) != pin} == {}


def test_every_front_end_package_is_pinned_by_hash() -> None:
    packages = json.loads((tree.ROOT / "package-lock.json").read_text())["packages"]

    parts = {name: part for name, part in packages.items() if name}
    assert parts
    assert [name for name, part in parts.items() if "integrity" not in part or "resolved" in part] == []
