"""Functions of the database as tests rewrite them, to show what happens without a guard."""

from pathlib import Path

FUNCTIONS = Path(__file__).parents[1] / "migrations/functions"


def rewritten(function: str, old: str, new: str) -> str:
    """Give the SQL of a function with one piece of it replaced."""
    sql = (FUNCTIONS / f"{function}.sql").read_text()
    assert old in sql
    return sql.replace(old, new)
