"""What the stand-in carriers and payment providers have in their own books, read past the portal."""

import json
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager

from portal.sandbox.shelf import Shelf
from tests.carriers.sandbox_process import RunningSandbox

Place = tuple[str, str]
"""A provider and a currency."""

NO_MOVEMENT_OF_CUSTOMERS = {"payout", "T0400", "T0106"}
"""Lines that are between the provider and the operator alone: payouts to the bank, and fees of disputes."""


class Outside:
    def __init__(self, sandbox: RunningSandbox) -> None:
        self._path = sandbox.home / "sandbox.sqlite3"

    def held(self) -> Counter[Place]:
        """Sum what payers paid and did not get back, in minor units, before the providers' fees."""
        held: Counter[Place] = Counter()
        with self._reading() as connection:
            for line in Shelf(connection, "stripe").all("booking"):
                if line["reporting_category"] not in NO_MOVEMENT_OF_CUSTOMERS:
                    held["stripe", line["currency"].upper()] += line["amount"]
            for line in Shelf(connection, "paypal").all("line"):
                if line["transaction_info"]["transaction_event_code"] not in NO_MOVEMENT_OF_CUSTOMERS:
                    held["paypal", line["_currency"]] += line["_amount"]
            for row in connection.execute("SELECT seller, currency, paid_minor FROM trades WHERE state = 'paid'"):
                held[row["seller"], row["currency"]] += row["paid_minor"]
            for row in connection.execute(
                "SELECT trade_refunds.seller, currency, trade_refunds.minor FROM trade_refunds"
                " JOIN trades ON trades.number = trade_number WHERE trade_refunds.state = 'done'"
            ):
                held[row["seller"], row["currency"]] -= row["minor"]
        return Counter({place: minor for place, minor in held.items() if minor})

    def deliveries(self) -> Counter[str]:
        """Count how often each reference was carried out at its carrier."""
        with self._reading() as connection:
            rows = connection.execute("SELECT reference FROM submissions WHERE outcome = 'delivered'").fetchall()
        return Counter(row["reference"] for row in rows)

    def sent_again(self) -> set[str]:
        """List the references that a carrier received once more after it had done what was asked."""
        with self._reading() as connection:
            rows = connection.execute("SELECT reference FROM submissions WHERE outcome IN ('repeated', 'conflict')")
            return {row["reference"] for row in rows}

    def taken_back(self) -> set[str]:
        """List the references that a carrier took back."""
        with self._reading() as connection:
            rows = connection.execute("SELECT reference, answer FROM take_backs").fetchall()
        return {row["reference"] for row in rows if json.loads(row["answer"])["outcome"] == "taken_back"}

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(f"file:{self._path}?mode=ro", uri=True, timeout=10)) as connection:
            connection.row_factory = sqlite3.Row
            yield connection
