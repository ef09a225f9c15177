"""The migrations build exactly the tables that the models speak of, and depend on no code that will change."""

import ast

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask
from sqlalchemy import CheckConstraint, text

from portal.core.db import db
from tests.rules import tree

CURRENT_HEAD = tree.ROOT / "migrations" / ".current-head"


def _versions() -> ScriptDirectory:
    return ScriptDirectory(str(tree.ROOT / "migrations"))


def test_there_is_one_head() -> None:
    assert len(_versions().get_heads()) == 1


def test_the_head_is_written_down_so_that_parallel_migrations_are_a_conflict_in_git() -> None:
    assert CURRENT_HEAD.read_text().split() == _versions().get_heads()


def test_no_version_imports_the_portal() -> None:
    offenders = [tree.name(path) for path, module in tree.modules("migrations/versions") if _imports_portal(module)]

    assert offenders == []


def test_the_migrated_database_is_the_one_the_models_speak_of(app: Flask) -> None:
    context = MigrationContext.configure(db.session.connection(), opts={"compare_type": True})

    assert compare_metadata(context, db.metadata) == []


def test_every_check_of_the_models_stands_in_the_database(app: Flask) -> None:
    # Alembic compares no CHECK constraints.
    spoken_of = {
        str(constraint.name)
        for table in db.metadata.tables.values()
        for constraint in table.constraints
        if isinstance(constraint, CheckConstraint)
    }
    standing = set(
        db.session.scalars(
            text("SELECT conname FROM pg_constraint WHERE contype = 'c' AND connamespace = 'public'::regnamespace")
        )
    )

    assert standing == spoken_of


def _imports_portal(module: ast.Module) -> bool:
    return any(
        (isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "portal")
        or (isinstance(node, ast.Import) and any(alias.name.split(".")[0] == "portal" for alias in node.names))
        for node in ast.walk(module)
    )
