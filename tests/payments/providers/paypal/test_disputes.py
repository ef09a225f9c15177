"""PayPal's list of disputes: how far back it is asked for, and page after page."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs

import pytest

from portal.core import clock
from portal.payments.providers.paypal import disputes
from tests.carriers.sandbox_process import RunningSandbox
from tests.payments.providers.conftest import receiver, sandbox, sandbox_process
from tests.payments.providers.receiver import Receiver
from tests.payments.providers.stages import STAGES

__all__ = ["receiver", "sandbox", "sandbox_process"]

NOON = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)


def test_asks_for_those_opened_since() -> None:
    asked = parse_qs(disputes.query(NOON - timedelta(days=30), now=NOON))

    assert asked == {"create_time_after": ["2026-10-23T04:00:00.000Z"], "page_size": ["50"]}


def test_asks_for_no_more_than_paypal_lists() -> None:
    asked = parse_qs(disputes.query(NOON - timedelta(days=400), now=NOON))

    assert asked["create_time_after"] == ["2026-05-26T05:00:00.000Z"]


def test_the_last_page_names_none_after_it() -> None:
    self_only = [{"rel": "self", "href": "https://api-m.paypal.com/v1/customer/disputes?page=2"}]

    assert disputes.next_page({"items": [], "links": self_only}) is None
    assert disputes.next_page({"items": []}) is None


@pytest.mark.slow
def test_reads_every_page(sandbox: RunningSandbox, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disputes, "ROWS", 1)
    stage = STAGES["paypal"](sandbox, receiver)
    provider = stage.provider()
    before = clock.now() - timedelta(seconds=1)
    opened = set()
    for _ in range(3):
        asking, _ = stage.paid(provider)
        opened.add(stage.at_the_control_page("dispute", asking.reference)["id"])

    assert opened <= set(provider.disputes(since=before))
