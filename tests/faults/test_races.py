"""Many want the same thing at the same moment; each race is also run without its guard, to show what would happen."""

import threading
from collections.abc import Iterator
from datetime import date
from types import SimpleNamespace

import pytest
from flask import Flask
from sqlalchemy import func, select, text

from portal.accounts.models import User
from portal.core import ids, uniqueness
from portal.core.db import db, in_transaction, transaction
from portal.core.errors import PortalError
from portal.core.money import Money
from portal.ledger.models import Entry
from portal.renewals import verification
from portal.renewals.placing import Placed
from portal.wallets import topping_up
from portal.wallets.models import TopUp
from tests import make
from tests.beside import all_at_once
from tests.faults.rush import Crowd
from tests.functions import rewritten
from tests.renewals.conftest import Counter, open_counter

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def standing_crowd() -> Iterator[list[Crowd]]:
    """Holds the crowd once a test has called it together."""
    called: list[Crowd] = []
    yield called
    for crowd in called:
        crowd.end()


@pytest.fixture
def crowd(own_app: Flask, standing_crowd: list[Crowd]) -> Crowd:
    """Four processes on the test's own database, which has the same address in every test."""
    if not standing_crowd:
        standing_crowd.append(Crowd(own_app.extensions["portal_settings"]))
    return standing_crowd[0]


def _alter(statement: str) -> None:
    with transaction():
        db.session.execute(text(statement))


def test_a_wallet_that_covers_seven_orders_pays_for_seven_of_two_hundred(crowd: Crowd) -> None:
    counter = open_counter(money_minor=73_600)

    endings = crowd.order(counter)

    assert endings == {"placed": 7, "not_covered": 193}
    assert counter.wallet_minor() == 100
    assert counter.renewals() == 7
    assert db.session.scalar(select(func.count()).select_from(Entry).where(Entry.kind == "hold")) == 7
    assert verification.verify_everything() == []


def test_without_the_check_that_wallet_would_be_overdrawn(crowd: Crowd) -> None:
    counter = open_counter(money_minor=73_600)
    _alter("ALTER TABLE ledger_accounts DROP CONSTRAINT ck_ledger_accounts_covered")

    endings = crowd.order(counter)

    assert endings == {"placed": 200}
    assert counter.wallet_minor() == -2_026_400
    assert {finding.rule for finding in verification.verify_everything()} == {"balances"}


def test_one_form_sent_twenty_times_at_once_is_one_renewal(own_app: Flask) -> None:
    counter = open_counter()
    quote, key = counter.signed_quote(), str(ids.new_id())

    placed = all_at_once(own_app, lambda: counter.order(signed_quote=quote, key=key), times=20)

    assert len(set(placed)) == 1
    assert isinstance(placed[0], Placed)
    assert counter.renewals() == 1
    assert counter.wallet_minor() == 89_500
    assert verification.verify_everything() == []


def test_without_the_unique_key_that_form_would_be_many_renewals(own_app: Flask) -> None:
    counter = open_counter(money_minor=310_500)
    counter.order()  # opens the account of what is held; the first order of all looks for others
    quote, key = counter.signed_quote(), str(ids.new_id())
    _alter("ALTER TABLE renewals DROP CONSTRAINT uq_renewals_agent_id_idempotency_key")
    _alter(rewritten("place_renewal", "ON CONFLICT (agent_id, idempotency_key) DO NOTHING", ""))

    placed = all_at_once(own_app, lambda: counter.order(signed_quote=quote, key=key), times=20)

    assert len(set(placed)) == 20
    assert counter.wallet_minor() == 90_000


def test_one_bank_transfer_recorded_by_eight_at_once_counts_once(
    own_app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    counter, finance = open_counter(money_minor=50_000), _finance()
    _let_all_look_before_any_writes(monkeypatch, 8)

    recorded = all_at_once(own_app, lambda: _record(counter, finance), times=8)

    assert _refusals(recorded) == ["bank_reference_used"] * 7
    assert counter.wallet_minor() == 100_000
    assert verification.verify_everything() == []


def test_without_the_unique_reference_that_transfer_would_count_often(
    own_app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    counter, finance = open_counter(money_minor=50_000), _finance()
    _alter("ALTER TABLE top_ups DROP CONSTRAINT uq_top_ups_bank_reference")
    _let_all_look_before_any_writes(monkeypatch, 8)

    recorded = all_at_once(own_app, lambda: _record(counter, finance), times=8)

    assert _refusals(recorded) == []
    assert counter.wallet_minor() == 450_000


def _let_all_look_before_any_writes(monkeypatch: pytest.MonkeyPatch, times: int) -> None:
    """Let every recorder see that the reference is free before the first of them takes it."""
    looked = threading.Barrier(times)

    def flush(*constraints: str) -> None:
        looked.wait(20)
        uniqueness.flush(*constraints)

    monkeypatch.setattr(topping_up, "uniqueness", SimpleNamespace(flush=flush))


def _finance() -> User:
    return in_transaction(lambda: make.user(role=make.Role.FINANCE, name="Fiona"))


def _record(counter: Counter, finance: User) -> TopUp:
    return in_transaction(
        lambda: topping_up.record(
            agent_id=counter.agent.id,
            amount=Money(50_000, "CNY"),
            bank_reference="ICBC 2026-11-22 0001",
            received_on=date(2026, 11, 20),
            note="",
            actor=make.actor(finance),
        )
    )


def _refusals(endings: list[object]) -> list[str]:
    return [ending.code for ending in endings if isinstance(ending, PortalError)]
