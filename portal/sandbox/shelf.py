"""What a stand-in payment provider keeps: its things as JSON, and the answers given under idempotency keys."""

import json
import secrets
import sqlite3
from dataclasses import dataclass
from typing import Any

Thing = dict[str, Any]
"""A payment, refund, dispute, ... as the provider's API shows it; keys with a leading `_` are not shown."""


@dataclass(frozen=True, slots=True)
class Shelf:
    """One provider's things, within a transaction."""

    connection: sqlite3.Connection
    provider: str

    def put(self, kind: str, thing: Thing, *, reference: str | None = None) -> Thing:
        """Write a thing down under its `id`, over the one before."""
        self.connection.execute(
            "INSERT INTO provider_things (provider, kind, id, reference, body) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT (provider, id) DO UPDATE SET body = excluded.body",
            (self.provider, kind, thing["id"], reference, json.dumps(thing)),
        )
        return thing

    def get(self, thing_id: str | None) -> Thing | None:
        """Find a thing by its id."""
        row = self.connection.execute(
            "SELECT body FROM provider_things WHERE provider = ? AND id = ?", (self.provider, thing_id)
        ).fetchone()
        return json.loads(row["body"]) if row else None

    def all(self, kind: str, *, reference: str | None = None) -> list[Thing]:
        """List the things of a kind, newest first, of one reference when asked so."""
        rows = self.connection.execute(
            "SELECT body FROM provider_things WHERE provider = ?1 AND kind = ?2 AND (?3 IS NULL OR reference = ?3)"
            " ORDER BY number DESC",
            (self.provider, kind, reference),
        )
        return [json.loads(row["body"]) for row in rows]

    def remove(self, thing_id: str) -> None:
        """Forget a thing."""
        self.connection.execute("DELETE FROM provider_things WHERE provider = ? AND id = ?", (self.provider, thing_id))

    def answered(self, key: str) -> tuple[str, int, Thing] | None:
        """Find what was asked under an idempotency key, and the status and body that were answered."""
        row = self.connection.execute(
            "SELECT asked, status, body FROM provider_answers WHERE provider = ? AND key = ?", (self.provider, key)
        ).fetchone()
        return (row["asked"], row["status"], json.loads(row["body"])) if row else None

    def keep_answer(self, key: str, asked: str, status: int, body: Thing) -> None:
        """Keep an answer under its idempotency key."""
        self.connection.execute(
            "INSERT INTO provider_answers VALUES (?, ?, ?, ?, ?)", (self.provider, key, asked, status, json.dumps(body))
        )


def shown(thing: Any) -> Any:
    """Leave out what the provider keeps to itself."""
    if isinstance(thing, dict):
        return {key: shown(value) for key, value in thing.items() if not key.startswith("_")}
    return [shown(value) for value in thing] if isinstance(thing, list) else thing


def new_id(prefix: str) -> str:
    """Make an id nobody can guess."""
    return f"{prefix}{secrets.token_hex(12)}"
