"""The stand-in Alipay's and WeChat Pay's place on the control page: end refunds, take the balance to the bank."""

import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from portal.core import clock
from portal.core.money import Money, to_decimal_text
from portal.sandbox import books, trade_days, trading
from portal.sandbox.tills import NotPossible, Row
from portal.sandbox.trading import Refund, RefundState, Trade

ROWS = 50


@dataclass(frozen=True, slots=True)
class TradeTill:
    """One of the two; `notify` tells the merchant how a refund ended."""

    seller: str
    notify: Callable[[Trade, Refund, datetime], None]

    def rows(self, connection: sqlite3.Connection) -> list[Row]:
        """List the latest payments and refunds."""
        trades, refunds = trading.latest(connection, self.seller, ROWS)
        ends = {RefundState.PENDING: ["settle", "fail"]}
        return [
            *(Row(it.number, "payment", it.reference, _shown(it.minor, it.currency), it.state) for it in trades),
            *(
                Row(it.number, "refund", it.reference, _shown(it.minor, "CNY"), it.state, ends.get(it.state, []))
                for it in refunds
            ),
        ]

    def act(self, act: str, wishes: Mapping[str, str]) -> dict[str, Any]:
        """Do `settle` or `fail` (with a `reason`) to the pending refund `id`, or `payout` of the whole balance."""
        now = clock.now()
        if act == "payout":
            return self._pay_out(now)
        if act not in {"settle", "fail"}:
            raise NotPossible(act)
        failure = wishes.get("reason", "REFUND_FAILED") if act == "fail" else ""
        with books.current().writing() as connection:
            wanted = wishes.get("id", "")
            # By our reference too, as Alipay writes it (`_`) or as the portal does.
            refund = (
                trading.find_refund(connection, self.seller, number=wanted)
                or trading.find_refund(connection, self.seller, reference=wanted)
                or trading.find_refund(connection, self.seller, reference=wanted.replace("-", "_"))
            )
            if refund is None or refund.state is not RefundState.PENDING:
                raise NotPossible("no pending refund of that id")
            refund = trading.settle_refund(connection, refund, failure=failure, now=now)
            trade = trading.find(connection, self.seller, now=now, number=refund.trade_number)
        if trade:
            self.notify(trade, refund, now)
        return {"id": refund.number, "state": refund.state}

    def _pay_out(self, now: datetime) -> dict[str, Any]:
        with books.current().writing() as connection:
            minor = trade_days.balance(connection, self.seller)
            if minor <= 0:
                return {"payouts": []}
            withdrawal = trade_days.withdraw(connection, self.seller, minor, now=now)
        return {"payouts": [{"id": withdrawal.number, "amount": _shown(minor, "CNY")}]}


def _shown(minor: int, currency: str) -> str:
    return f"{to_decimal_text(Money(minor, currency))} {currency}"
