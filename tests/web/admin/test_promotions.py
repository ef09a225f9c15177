"""The operator begins promotions, makes codes, and sees what they cost."""

import csv
import io

import pytest
from sqlalchemy import select

from portal.core import clock
from portal.core.db import db, in_transaction
from portal.promotions.discounting import PromotionKind
from portal.promotions.models import Promotion, PromotionBearer, PromotionCode
from portal.renewals import offers, placing
from tests import browsing, make
from tests.promotions import promoting
from tests.web.admin.conftest import acts, last_act

FIELDS = {
    "name": "Autumn",
    "banner_en": "12.5 % off this autumn",
    "banner_zh": "秋季八七五折",
    "way": "code",
    "kind": "percent",
    "currency": "CNY",
    "bps": "12.5",
    "cap": "30.00",
    "bearer": "operator",
    "starts_on": "2026-11-22",
    "ends_on": "2026-11-30",
    "plans": "jp-10g-30d",
    "regions": "jp, KR",
    "least_price": "50",
    "total_limit": "1000",
    "per_customer_limit": "1",
}


def begun() -> Promotion:
    return db.session.scalars(select(Promotion)).one()


def test_begins_a_promotion_as_it_was_typed(dana, house):
    answer = dana.post("/admin/promotions/new", **FIELDS)

    made = begun()
    assert answer.location == f"/admin/promotions/{made.id}"
    assert (made.kind, made.bps, made.cap_minor, made.is_automatic) == (PromotionKind.PERCENT, 1_250, 3_000, False)
    # The 22nd begins and the 30th ends at midnight in Shanghai.
    assert made.starts_at.isoformat() == "2026-11-21T16:00:00+00:00"
    assert made.ends_at.isoformat() == "2026-11-30T16:00:00+00:00"
    assert (made.plan_ids, made.regions, made.agent_ids) == ([house.plan.plan_id], ["JP", "KR"], [])
    assert (made.least_price_minor, made.total_limit, made.per_customer_limit) == (5_000, 1_000, 1)
    assert last_act().act == "promotions.begin"
    words = dana.words(answer.location)
    assert "12.5%" in words
    assert "JP-10G-30D" in words


def test_the_form_offers_the_currencies_of_plans_and_calls_no_needed_field_optional(dana, house):
    page = dana.page("/admin/promotions/new")

    assert '<option value="CNY">CNY</option>' in page.replace(" selected", "")
    assert 'value="USD"' not in page
    words = browsing.words(page)
    assert "Rate, % For a rate of the price." in words
    assert "Amount For a fixed amount" in words
    assert "At most optional For a rate of the price: bounds" in words


def test_the_agent_bears_only_where_it_is_named(dana, house):
    fields = FIELDS | {"bearer": "agent"}

    assert "Name the agents that bear the discount." in dana.post("/admin/promotions/new", **fields).text
    dana.post("/admin/promotions/new", **fields, agents=house.agent.licence_number)

    assert begun().bearer is PromotionBearer.AGENT
    assert begun().agent_ids == [house.agent.id]


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"bps": "0"}, "percentage"),
        ({"bps": "101"}, "percentage"),
        ({"kind": "fixed"}, "The amount must be above zero."),
        ({"kind": "fixed", "amount": "-5"}, "without a sign"),
        ({"kind": "fixed", "amount": "1e3"}, "plain amount"),
        ({"kind": "bonus_data"}, "No plan has the code"),
        ({"kind": "bonus_data", "priced_as": "JP-10G-30D"}, "a smaller one whose price is paid"),
        ({"plans": "NO-SUCH"}, "No plan has the code NO-SUCH."),
        ({"regions": "XX"}, "is no ISO 3166 code"),
        ({"agents": "nobody at all"}, "No agent has this name"),
        ({"ends_on": "2026-11-20"}, "before the first one"),
        ({"total_limit": "0"}, "number from 1"),
        ({"per_customer_limit": "1.5"}, "whole number"),
        ({"currency": "USD"}, "Please choose one of the list."),
        ({"name": ""}, "Please fill this in."),
        ({"starts_on": "tomorrow"}, "a day such as"),
    ],
)
def test_refuses_what_cannot_be(dana, changed, sentence):
    answer = dana.post("/admin/promotions/new", **(FIELDS | changed))

    assert answer.status_code == 422
    assert sentence in answer.text
    assert db.session.scalars(select(Promotion)).all() == []


def test_lists_promotions_with_what_they_cost(fiona, house):
    promotion = in_transaction(lambda: promoting.campaign(total_limit=500))
    signed = offers.one(house.card, house.plan.code, now=clock.now()).signed
    in_transaction(
        lambda: placing.place(
            agent_id=house.agent.id,
            card_id=house.card.id,
            signed_quote=signed,
            idempotency_key="form-1",
            actor=make.actor(),
        )
    )

    words = fiona.words("/admin/promotions/")
    assert "November running by itself 10%" in words
    assert "1 / 500 CNY 10.00" in words
    assert "No promotion fits." in fiona.words("/admin/promotions/?q=summer")
    assert "running" in fiona.words(f"/admin/promotions/{promotion.id}")


def test_makes_codes_in_bulk_and_hands_them_out_as_csv(dana):
    promotion = in_transaction(promoting.with_code)

    dana.post(f"/admin/promotions/{promotion.id}/codes/many", count="300")

    file = io.StringIO(dana.get(f"/admin/promotions/{promotion.id}/codes.csv").text)
    rows = {row["code"]: (row["uses"], row["used"]) for row in csv.DictReader(file)}
    assert rows.pop("SPRING10") == ("", "")
    assert len(rows) == 300
    assert {(len(code), *uses) for code, uses in rows.items()} == {(14, "1", "0")}
    assert last_act().act == "promotions.make_codes"
    assert last_act().after == {"count": 300}


@pytest.mark.parametrize("count", ["0", "10001", "-1", "x", ""])
def test_makes_no_odd_number_of_codes(dana, count):
    promotion = in_transaction(promoting.with_code)

    assert dana.post(f"/admin/promotions/{promotion.id}/codes/many", count=count).status_code == 422
    assert len(db.session.scalars(select(PromotionCode)).all()) == 1


def test_a_code_belongs_to_one_promotion(dana):
    promotion = in_transaction(promoting.with_code)
    address = f"/admin/promotions/{promotion.id}/codes"

    assert "A promotion has this code already." in dana.post(address, code="spring 10").text
    assert "4 to 24 letters and digits" in dana.post(address, code="a_b").text
    dana.post(address, code="Summer", max_uses="7")

    made = {row.code: row.max_uses for row in db.session.scalars(select(PromotionCode))}
    assert made == {"SPRING10": None, "SUMMER": 7}


def test_a_campaign_takes_no_codes(dana):
    promotion = in_transaction(promoting.campaign)

    assert dana.post(f"/admin/promotions/{promotion.id}/codes/many", count="5").status_code == 422
    assert dana.post(f"/admin/promotions/{promotion.id}/codes", code="AUTUMN").status_code == 422
    assert db.session.scalars(select(PromotionCode)).all() == []


def test_ends_a_promotion_once(dana):
    promotion = in_transaction(promoting.campaign)

    for _ in range(2):
        dana.post(f"/admin/promotions/{promotion.id}/end")

    assert [act.act for act in acts()].count("promotions.end") == 1
    assert "No promotion runs" in dana.words("/admin/promotions/")
    assert "ended" in dana.words("/admin/promotions/?state=all")


def test_only_those_who_make_promotions_see_codes(dana, ada, fiona):
    promotion = in_transaction(promoting.with_code)
    address = f"/admin/promotions/{promotion.id}"

    assert "SPRING10" in dana.words(address)
    for person in (ada, fiona):
        assert "SPRING10" not in person.words(address)
        assert person.get(f"{address}/codes.csv").status_code == 403
        assert person.post(f"{address}/codes", code="OTHER").status_code == 403
        assert person.post(f"{address}/end").status_code == 403


def test_no_address_makes_a_promotion(dana):
    assert dana.get("/admin/promotions/0192f0c1-0000-7000-8000-000000000000").status_code == 404
    assert dana.get("/admin/promotions/nonsense").status_code == 404
