"""Read PayPal's list of disputes; pure."""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

from portal.payments.providers.reading import rows, text

LONGEST = timedelta(days=180)
"""PayPal lists disputes that were opened within so long (developer.paypal.com/docs/api/customer-disputes)."""

ROWS = 50


def query(since: datetime, *, now: datetime) -> str:
    """Write the question for the first page of the disputes that were opened since."""
    # An hour less: their clock may be ahead of ours.
    begins_at = max(since, now - LONGEST + timedelta(hours=1)).astimezone(UTC)
    return urlencode({"create_time_after": f"{begins_at:%Y-%m-%dT%H:%M:%S.000Z}", "page_size": str(ROWS)})


def names(answer: dict[str, Any]) -> list[str]:
    """Name the disputes of a page."""
    return [text(row, "dispute_id") for row in rows(answer, "items")]


def next_page(answer: dict[str, Any]) -> str | None:
    """Give the question for the page after this one; None after the last."""
    links = {link.get("rel"): link.get("href") for link in rows(answer, "links")}
    return urlsplit(str(links["next"])).query if links.get("next") else None
