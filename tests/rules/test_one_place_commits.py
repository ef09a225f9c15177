"""Only `core.db` ends a transaction, so that nothing is ever half saved by somebody's helper."""

import re

from tests.rules import tree

ENDS_ONE = re.compile(r"\.commit\(")


def test_only_the_database_module_commits() -> None:
    offenders = [tree.name(path) for path in tree.files("portal", suffix=".py") if ENDS_ONE.search(path.read_text())]

    assert offenders == ["portal/core/db.py"]


def test_nothing_below_the_edges_opens_a_transaction_with_a_with() -> None:
    edges = ("portal/web/", "portal/cli/", "portal/demo/", "portal/sweeping.py", "portal/core/")

    offenders = [
        tree.name(path)
        for path in tree.files("portal", suffix=".py")
        if "with transaction()" in path.read_text() and not tree.name(path).startswith(edges)
    ]

    assert offenders == []
