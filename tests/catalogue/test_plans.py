from dataclasses import replace
from threading import Barrier

import pytest
from sqlalchemy import select

from portal.audit.models import AuditRecord
from portal.catalogue import offers, plans, queries
from portal.catalogue.errors import PlanChanged, PlanCodeTaken
from portal.catalogue.models import PlanVersion, Term
from portal.catalogue.offers import FieldChange, PlanOffer
from portal.core import turns
from portal.core.db import db, in_transaction
from portal.core.errors import InvalidInput, NotFound
from tests import make
from tests.beside import all_at_once

OFFER = PlanOffer(
    carrier="sandbox-east",
    name_en="Japan 10 GB / 30 days",
    name_zh="日本 10GB/30天",
    data_mb=10240,
    validity_days=30,
    regions=("JP",),
    term=Term.SHORT,
    price_minor=10000,
    cost_minor=6120,
    currency="CNY",
    tax_bps=600,
)


def acts() -> list[str]:
    return list(db.session.scalars(select(AuditRecord.act).order_by(AuditRecord.id)))


def test_puts_a_plan_on_sale(app):
    version = plans.add(code=" jp-10g-30d ", offer=OFFER, actor=make.actor())

    assert (version.code, version.version, version.price_minor) == ("JP-10G-30D", 1, 10000)
    assert offers.of_version(queries.plan_by_code("JP-10G-30D")) == OFFER
    assert acts() == ["plans.add"]


def test_refuses_a_code_twice(app):
    plans.add(code="JP-10G-30D", offer=OFFER, actor=make.actor())
    plans.retire(code="JP-10G-30D", actor=make.actor())

    with pytest.raises(PlanCodeTaken):
        plans.add(code="jp-10g-30d", offer=OFFER, actor=make.actor())


def test_a_change_of_anything_makes_a_new_version(app):
    first = plans.add(code="JP-10G-30D", offer=OFFER, actor=make.actor())
    changes = {
        "carrier": "sandbox-west",
        "name_en": "Japan ten",
        "name_zh": "日本十",
        "data_mb": None,
        "validity_days": 31,
        "regions": ("JP", "KR"),
        "term": Term.LONG,
        "price_minor": 9900,
        "cost_minor": 6000,
        "currency": "USD",
        "tax_bps": 0,
    }
    offer = OFFER

    for nr, (field, value) in enumerate(changes.items(), start=2):
        offer = replace(offer, **{field: value})
        version = plans.change(code="JP-10G-30D", offer=offer, actor=make.actor())
        assert version.version == nr

    assert set(changes) == set(offers.FIELDS)
    assert [row.version for row in queries.versions_of(first.plan_id)] == list(range(12, 0, -1))
    assert first.superseded_at is not None
    assert queries.version_by_id(first.id).price_minor == 10000


def test_an_unchanged_offer_makes_no_version(app):
    first = plans.add(code="JP-10G-30D", offer=OFFER, actor=make.actor())

    again = plans.change(code="JP-10G-30D", offer=replace(OFFER, name_en=" Japan 10 GB  / 30 days"), actor=make.actor())

    assert again is first
    assert acts() == ["plans.add"]


def test_writes_down_what_a_plan_was_and_became(app):
    plans.add(code="JP-10G-30D", offer=OFFER, actor=make.actor())
    plans.change(code="JP-10G-30D", offer=replace(OFFER, price_minor=9900), actor=make.actor())

    record = db.session.scalars(select(AuditRecord).where(AuditRecord.act == "plans.change")).one()
    assert (record.before["version"], record.before["price_minor"]) == (1, 10000)
    assert (record.after["version"], record.after["price_minor"]) == (2, 9900)


def test_refuses_to_change_what_somebody_else_changed_meanwhile(app):
    plans.add(code="JP-10G-30D", offer=OFFER, actor=make.actor())
    plans.change(code="JP-10G-30D", offer=replace(OFFER, price_minor=9900), seen_version=1, actor=make.actor())

    with pytest.raises(PlanChanged):
        plans.change(code="JP-10G-30D", offer=replace(OFFER, price_minor=9800), seen_version=1, actor=make.actor())

    assert queries.plan_by_code("JP-10G-30D").price_minor == 9900


def test_retires_and_restores_a_plan(app):
    version = plans.add(code="JP-10G-30D", offer=OFFER, actor=make.actor())

    plans.retire(code="JP-10G-30D", actor=make.actor())
    plans.retire(code="JP-10G-30D", actor=make.actor())
    assert version.plan.is_retired
    plans.restore(code="JP-10G-30D", actor=make.actor())
    assert not version.plan.is_retired

    assert acts() == ["plans.add", "plans.retire", "plans.restore"]


def test_an_unknown_plan_is_not_found(app):
    for act in (plans.retire, plans.restore):
        with pytest.raises(NotFound):
            act(code="NONE", actor=make.actor())
    with pytest.raises(NotFound):
        plans.change(code="NONE", offer=OFFER, actor=make.actor())


@pytest.mark.parametrize(
    ("changes", "field", "reason"),
    [
        ({"carrier": "nobody"}, "carrier", "carrier_unknown"),
        ({"name_en": " "}, "name_en", "missing"),
        ({"name_zh": "日\u202e本"}, "name_zh", "name_control_characters"),
        ({"name_zh": "日" * 121}, "name_zh", "too_long"),
        ({"data_mb": 0}, "data_mb", "number_range"),
        ({"validity_days": 3651}, "validity_days", "number_range"),
        ({"regions": ()}, "regions", "regions_missing"),
        ({"regions": ("JP", "EU")}, "regions", "region_unknown"),
        ({"regions": ("150",)}, "regions", "region_unknown"),
        ({"term": "middling"}, "term", "term_unknown"),
        ({"price_minor": -1}, "price_minor", "number_range"),
        ({"cost_minor": 10**12 + 1}, "cost_minor", "number_range"),
        ({"currency": "cny"}, "currency", "currency_unknown"),
        ({"tax_bps": 10001}, "tax_bps", "number_range"),
    ],
)
def test_names_what_is_wrong_with_an_offer(app, changes, field, reason):
    with pytest.raises(InvalidInput) as refusal:
        plans.add(code="JP-10G-30D", offer=replace(OFFER, **changes), actor=make.actor())

    assert (refusal.value.parts["field"], refusal.value.parts["reason"]) == (field, reason)


@pytest.mark.parametrize("code", ["", "-JP", "JP 10", "JP/10", "日本", "J" * 41, "=JP"])
def test_refuses_a_code_that_is_none(app, code):
    with pytest.raises(InvalidInput) as refusal:
        plans.add(code=code, offer=OFFER, actor=make.actor())

    assert refusal.value.parts == {"field": "code", "reason": "plan_code_invalid"}


def test_names_every_difference_of_two_offers():
    later = replace(OFFER, data_mb=None, price_minor=9900)

    assert OFFER.differences(later) == [FieldChange("data_mb", 10240, None), FieldChange("price_minor", 10000, 9900)]


def change_at_once(app):
    """Have four change the price of one plan, each to another; gives how it ended for each."""
    prices = [9900, 9800, 9700, 9600]

    def change() -> int:
        offer = replace(OFFER, price_minor=prices.pop())
        return in_transaction(lambda: plans.change(code="JP-10G-30D", offer=offer, actor=make.actor()).version)

    return all_at_once(app, change, times=4)


def test_changes_at_once_queue_up_into_versions(own_app):
    in_transaction(lambda: plans.add(code="JP-10G-30D", offer=OFFER, actor=make.actor()))

    assert sorted(change_at_once(own_app)) == [2, 3, 4, 5]

    versions = db.session.scalars(select(PlanVersion).order_by(PlanVersion.version)).all()
    assert [version.version for version in versions] == [1, 2, 3, 4, 5]
    assert [version.superseded_at is None for version in versions] == [False, False, False, False, True]


def test_changes_at_once_collide_without_the_turn(own_app, monkeypatch):
    in_transaction(lambda: plans.add(code="JP-10G-30D", offer=OFFER, actor=make.actor()))
    all_have_looked, look = Barrier(4), queries.current_by_code

    def look_and_meet(codes):
        seen = look(codes)
        all_have_looked.wait(20)  # each looks twice, the second time right before it writes
        return seen

    monkeypatch.setattr(turns, "wait_for", lambda name: None)
    monkeypatch.setattr(queries, "current_by_code", look_and_meet)

    endings = change_at_once(own_app)

    assert sorted(type(ending).__name__ for ending in endings) == ["IntegrityError"] * 3 + ["int"]
