"""Finance asks for a refund, somebody else agrees where it is large, and everybody sees what became of it."""

from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from portal.carriers.base import Refused
from portal.core import clock
from portal.core.db import db, in_transaction
from portal.receipts import credit_notes, numbering, queries
from portal.refunds import refunding
from portal.refunds.models import Refund, RefundState
from portal.wallets import queries as wallets
from tests import browsing
from tests.web.admin.conftest import NOW, House, Person, StandIn, last_act


@pytest.fixture
def renewal_id(house: House, carrier: StandIn, monkeypatch: pytest.MonkeyPatch) -> UUID:
    def refuse(reference: str) -> None:
        raise Refused("plan_used", reference)

    monkeypatch.setattr(StandIn, "take_back", staticmethod(refuse), raising=False)
    delivered = house.deliver()
    receipt = queries.of_renewal(delivered)
    assert receipt is not None
    in_transaction(lambda: numbering.number(receipt.id))
    return delivered


def ask(person: Person, renewal_id: UUID, amount: str = "105.00", **fields: str) -> Refund:
    answer = person.post(
        f"/admin/transactions/{renewal_id}/refund",
        amount=amount,
        reason="not_working",
        destination="source",
        note="",
        **fields,
    )
    assert answer.status_code == 303, browsing.words(answer.text)
    return db.session.get_one(Refund, UUID(answer.headers["Location"].rsplit("/", 1)[-1]))


def lower_the_limit(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    lowered = app.extensions["portal_settings"].model_copy(update={"refund_approval_above": 50})
    monkeypatch.setitem(app.extensions, "portal_settings", lowered)


def test_the_form_begins_with_all_that_can_go_back(fiona: Person, renewal_id: UUID) -> None:
    page = fiona.page(f"/admin/transactions/{renewal_id}/refund")

    assert 'value="105.00"' in page
    assert "Can still be refunded" in page
    assert 'data-sum-words="Refund CNY\u00a0{}"' in page


def test_a_small_refund_is_carried_out_and_shown_with_its_parts(fiona: Person, house: House, renewal_id: UUID) -> None:
    refund = ask(fiona, renewal_id, "30.00")
    assert "asking the carrier" in fiona.words(f"/admin/refunds/{refund.id}")

    refunding.carry_out(refund.id)

    words = fiona.words(f"/admin/refunds/{refund.id}")
    assert "paid back" in words
    assert "26.95" in words
    assert "Credit note" in words
    assert "partly refunded" in fiona.words(f"/admin/transactions/{renewal_id}")
    assert refund.reference in fiona.words("/admin/refunds/?state=done")
    assert wallets.in_currency(house.agent.id, "CNY").balance.minor == 92_500


def test_a_large_refund_waits_for_somebody_else(
    app: Flask, fiona: Person, dana: Person, renewal_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    lower_the_limit(app, monkeypatch)
    refund = ask(fiona, renewal_id)

    assert "Approve and refund" not in fiona.page(f"/admin/refunds/{refund.id}")
    assert fiona.post(f"/admin/refunds/{refund.id}/approve").status_code == 409
    assert "Approve and refund CNY 105.00" in dana.words(f"/admin/refunds/{refund.id}")
    assert dana.post(f"/admin/refunds/{refund.id}/approve").status_code == 303

    assert db.session.get_one(Refund, refund.id, populate_existing=True).state is RefundState.ASKING_CARRIER
    assert last_act().act == "refunds.approve"


def test_declined_and_withdrawn_ones_pay_nothing_back(
    app: Flask, fiona: Person, dana: Person, house: House, renewal_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    lower_the_limit(app, monkeypatch)
    first = ask(fiona, renewal_id)
    assert dana.post(f"/admin/refunds/{first.id}/decline", why="The card works").status_code == 303
    assert "Why not The card works" in fiona.words(f"/admin/refunds/{first.id}")
    second = ask(fiona, renewal_id)
    assert fiona.post(f"/admin/refunds/{second.id}/withdraw").status_code == 303

    states = {refund.state for refund in db.session.scalars(select(Refund).execution_options(populate_existing=True))}
    assert states == {RefundState.DECLINED}
    assert wallets.in_currency(house.agent.id, "CNY").balance.minor == 89_500


def test_who_declines_says_why(
    app: Flask, fiona: Person, dana: Person, renewal_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    lower_the_limit(app, monkeypatch)
    refund = ask(fiona, renewal_id)

    for why in ("", "  ", "x" * 301):
        answer = dana.post(f"/admin/refunds/{refund.id}/decline", why=why)
        assert answer.status_code == 422
        assert "field-error" in answer.text

    assert db.session.get_one(Refund, refund.id, populate_existing=True).state is RefundState.AWAITING_APPROVAL
    assert fiona.post(f"/admin/refunds/{refund.id}/decline", why="Mine").status_code == 409


def test_who_decides_sees_the_limit_and_what_is_taken_from_whom(
    app: Flask, fiona: Person, dana: Person, renewal_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    lower_the_limit(app, monkeypatch)
    refund = ask(fiona, renewal_id, "60.00")

    words = dana.words(f"/admin/refunds/{refund.id}")

    assert "CNY 60.00 is above the limit of CNY 50.00: somebody else than Fiona has to agree" in words
    assert "Out of revenue CNY 53.91 Out of tax CNY 3.23 Out of the agent's fee CNY 2.86 Refund CNY 60.00" in words
    assert "Once approved, our commission is taken back from the agent: 1.71." in words


@pytest.mark.parametrize("amount", ["0", "-1", "105.01", "1e3", "１０", "", "10.001"])
def test_amounts_that_cannot_be_are_refused_beside_their_field(fiona: Person, renewal_id: UUID, amount: str) -> None:
    answer = fiona.post(
        f"/admin/transactions/{renewal_id}/refund",
        amount=amount,
        reason="goodwill",
        destination="source",
        note="",
    )

    assert answer.status_code == 422
    assert "field-error" in answer.text
    assert db.session.scalars(select(Refund)).all() == []


def test_a_lost_dispute_is_no_reason_that_people_choose(fiona: Person, renewal_id: UUID) -> None:
    answer = fiona.post(
        f"/admin/transactions/{renewal_id}/refund", amount="1", reason="dispute_lost", destination="source", note=""
    )

    assert answer.status_code == 422


def test_the_auditor_looks_and_asks_for_nothing(ada: Person, fiona: Person, renewal_id: UUID) -> None:
    refund = ask(fiona, renewal_id, "1.00")

    assert ada.get("/admin/refunds/").status_code == 200
    assert ada.get(f"/admin/refunds/{refund.id}").status_code == 200
    assert ada.get(f"/admin/transactions/{renewal_id}/refund").status_code == 403
    assert "/refund" not in ada.page(f"/admin/transactions/{renewal_id}").replace("/admin/refunds", "")


def test_a_refund_that_is_under_way_hides_the_button(fiona: Person, renewal_id: UUID) -> None:
    ask(fiona, renewal_id, "1.00")

    assert f"/admin/transactions/{renewal_id}/refund" not in fiona.page(f"/admin/transactions/{renewal_id}")


def test_the_credit_note_is_not_there_before_the_money_went_back(fiona: Person, renewal_id: UUID) -> None:
    refund = ask(fiona, renewal_id, "1.00")

    assert fiona.get(f"/admin/refunds/{refund.id}/credit-note.pdf").status_code == 404
    with clock.fixed(NOW):
        refunding.carry_out(refund.id)
    assert credit_notes.of_refund(refund.id) is not None
    assert fiona.get(f"/admin/refunds/{refund.id}/credit-note.pdf").status_code == 409
