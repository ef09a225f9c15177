"""Measure the figures: `python -m benchmarks [FIGURE ...]` prints one JSON line each, as soon as it is known."""

import json
import logging
import operator
import sys
from collections.abc import Callable
from dataclasses import dataclass

from benchmarks import (
    ledger_verify,
    memory,
    placing,
    pricing,
    receipt_warm,
    receipts_through_rq,
    renewing_over_http,
    webhooks,
)
from benchmarks import statements as month_of_statements
from benchmarks import transactions as transactions_page

COMPARE = {">=": operator.ge, "<=": operator.le}


@dataclass(frozen=True)
class Figure:
    """One figure: how it is measured, its unit, and what it must reach."""

    measure: Callable[[], float]
    unit: str
    sign: str
    bound: float


FIGURES = {
    "place_1000_wallets": Figure(placing.place_1000_wallets, "ratio", ">=", 0.5),
    "place_hot_wallet": Figure(placing.place_hot_wallet, "ratio", ">=", 0.35),
    "place_with_promotion": Figure(placing.place_with_promotion, "ratio", ">=", 0.4),
    "pricing_ms": Figure(pricing.pricing_ms, "ms", "<=", 1.0),
    "http_renewal": Figure(renewing_over_http.http_renewal, "ratio", ">=", 0.10),
    "receipt_warm": Figure(receipt_warm.receipt_warm, "ratio", "<=", 8.0),
    "receipts_through_rq": Figure(receipts_through_rq.receipts_through_rq, "ratio", ">=", 0.8),
    "transactions_p95_ms": Figure(transactions_page.transactions_p95_ms, "ms", "<=", 50),
    "transactions_growth": Figure(transactions_page.transactions_growth, "exponent", "<=", 0.2),
    "ledger_verify_per_s": Figure(ledger_verify.ledger_verify_per_s, "transfers/s", ">=", 150_000),
    "statements_s": Figure(month_of_statements.statements_s, "s", "<=", 120),
    "webhook_p95_ms": Figure(webhooks.webhook_p95_ms, "ms", "<=", 150),
    "webhooks_drained_per_s": Figure(webhooks.webhooks_drained_per_s, "webhooks/s", ">=", 200),
    "rss_web_mb": Figure(memory.rss_web_mb, "MB", "<=", 200),
    "rss_worker_mb": Figure(memory.rss_worker_mb, "MB", "<=", 250),
    "rss_worker_growth_mb": Figure(memory.rss_worker_growth_mb, "MB", "<=", 5),
}


def main(names: list[str]) -> int:
    """Measure the named figures, or all; ends with 0 however they turn out, 2 for a name that is none."""
    logging.disable(logging.INFO)
    if unknown := [name for name in names if name not in FIGURES]:
        print(f"no such figure: {', '.join(unknown)}; there are {', '.join(FIGURES)}", file=sys.stderr)
        return 2
    for name in names or FIGURES:
        figure = FIGURES[name]
        value = figure.measure()
        line = {
            "figure": name,
            "value": round(value, 3),
            "unit": figure.unit,
            "target": f"{figure.sign} {figure.bound:g}"
            if figure.bound < 1000
            else f"{figure.sign} {figure.bound:,.0f}",
            "met": COMPARE[figure.sign](value, figure.bound),
        }
        print(json.dumps(line), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
