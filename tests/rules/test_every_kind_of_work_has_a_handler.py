"""A row in the outbox that nobody can work would wait for ever."""

import ast
import re
from collections.abc import Iterator

from portal.core import outbox
from portal.web.admin import wording
from tests.rules import tree

ADDED_IN_SQL = re.compile(r"add_work\(\w+, '([^']+)'")


def _calls() -> Iterator[tuple[str, ast.Call]]:
    for path, module in tree.modules("portal"):
        for node in ast.walk(module):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "outbox.add":
                yield f"{tree.name(path)}:{node.lineno}", node


def test_every_kind_that_is_added_is_handled() -> None:
    kinds = {where: call.args[0].value for where, call in _calls() if isinstance(call.args[0], ast.Constant)}

    assert len(kinds) >= 5
    kinds |= {
        file.name: kind
        for file in (tree.ROOT / "migrations/functions").glob("*.sql")
        for kind in ADDED_IN_SQL.findall(file.read_text())
    }
    assert kinds["place_renewal.sql"] == "renewals.fulfil"
    assert {where: kind for where, kind in kinds.items() if kind not in outbox.HANDLERS} == {}


def test_every_kind_is_written_where_it_is_added() -> None:
    hidden = [where for where, call in _calls() if not isinstance(call.args[0], ast.Constant)]

    assert hidden == []


def test_every_kind_has_words_on_the_jobs_page() -> None:
    assert set(wording.JOBS) == set(outbox.HANDLERS)
