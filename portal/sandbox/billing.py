"""What a stand-in carrier asks for the renewals that it carried out, and asks no more for those it took back."""

import json
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from portal.sandbox.renewing import Desk

Cost = dict[str, Any]


def costs(connection: sqlite3.Connection, desk: Desk, *, since: datetime, until: datetime) -> list[Cost]:
    """List the lines of the bill from `since` to before `until`, oldest first; amounts in minor units."""
    lines = [*_asked(connection, desk), *_waived(connection, desk)]
    found = [line for line in lines if since <= datetime.fromisoformat(line["booked_at"]) < until]
    return sorted(found, key=lambda line: (line["booked_at"], line["id"]))


def _asked(connection: sqlite3.Connection, desk: Desk) -> Iterator[Cost]:
    rows = connection.execute(
        "SELECT answer, (SELECT min(received_at) FROM submissions"
        " WHERE submissions.reference = renewals.reference AND outcome = 'delivered') AS booked_at"
        " FROM renewals WHERE carrier = ? AND answer <> ''",
        (desk.stand_in.name,),
    )
    for row in rows:
        answer = json.loads(row["answer"])
        if answer["outcome"] == "delivered" and row["booked_at"] and answer["plan_code"] in desk.plans:
            yield _line(desk, answer["confirmation"], answer, 1, row["booked_at"])


def _waived(connection: sqlite3.Connection, desk: Desk) -> Iterator[Cost]:
    rows = connection.execute(
        "SELECT take_backs.answer AS waived, renewals.answer AS sold FROM take_backs"
        " JOIN renewals USING (carrier, reference) WHERE carrier = ?",
        (desk.stand_in.name,),
    )
    for row in rows:
        waived, sold = json.loads(row["waived"]), json.loads(row["sold"])
        if sold["plan_code"] in desk.plans:
            yield _line(desk, waived["number"], sold, -1, waived.get("taken_back_at", sold["after"]["valid_until"]))


def _line(desk: Desk, number: str, sold: Cost, sign: int, booked_at: str) -> Cost:
    plan = desk.plans[sold["plan_code"]]
    return {
        "id": number,
        "reference": sold["reference"],
        "amount_minor": sign * plan.cost_minor,
        "currency": plan.currency,
        "booked_at": datetime.fromisoformat(booked_at).astimezone(UTC).isoformat(),
    }
