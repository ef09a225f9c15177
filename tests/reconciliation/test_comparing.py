"""A provider's books against ours: every way in which they differ has a name, and the sums leave nothing over."""

from datetime import timedelta

import pytest

from portal.audit import queries as audit
from portal.audit.queries import AuditFilter
from portal.core import clock
from portal.core.db import in_transaction
from portal.core.money import Money
from portal.payments import calls, refunding, settling
from portal.payments.models import PaymentState
from portal.payments.providers.base import Retry
from portal.reconciliation import ageing, explaining, exporting
from portal.reconciliation.models import Explanation
from portal.reconciliation.queries import DifferenceFilter
from portal.wallets import paying_in
from tests.payments import stage
from tests.reconciliation.conftest import NOW, House, balance, findings

pytestmark = pytest.mark.usefixtures("house")


def test_what_both_say_is_no_difference_and_its_fee_is_booked(house: House) -> None:
    payment = house.top_up()
    house.booked("payment", 10_000, fee=320, reference=payment.reference)

    house.fetch()

    assert house.differences() == []
    assert house.account() == (9_680, 9_680, 0)
    assert balance("provider_fees") == 320
    assert findings() == []


def test_fetched_twice_changes_nothing(house: House) -> None:
    payment = house.top_up()
    house.booked("payment", 10_000, fee=320, reference=payment.reference)
    house.booked("refund", -1_000)

    house.fetch()
    before = house.difference()
    house.fetch()

    assert house.difference().id == before.id
    assert house.differences() == [("unknown_refund", "open", -1_000)]
    assert house.account() == (8_680, 9_680, 0)
    assert balance("provider_fees") == 320


def test_what_was_booked_here_after_their_books_end_waits(house: House) -> None:
    house.fetch()
    house.top_up()

    house.fetch()

    assert house.differences() == []
    assert house.account() == (0, 10_000, 10_000)


def test_what_they_never_booked_is_named_once_it_is_old_enough(house: House) -> None:
    payment = house.top_up()
    with clock.fixed(NOW + timedelta(hours=7)):
        house.fetch()

    assert house.differences() == [("missing_there", "open", -10_000)]
    assert house.difference().reference == payment.reference
    assert house.account() == (0, 10_000, 0)


def test_a_payment_that_the_portal_never_began_is_named(house: House) -> None:
    house.booked("payment", 5_000, fee=175, reference="P-SOMEBODYS")

    house.fetch()

    assert house.differences() == [("unknown_payment", "open", 4_825)]
    assert house.difference().reference == "P-SOMEBODYS"


def test_a_payment_that_is_open_here_and_paid_there_is_named(house: House) -> None:
    payment = stage.top_up(house.agent, 10_000)
    house.booked("payment", 10_000, fee=320, reference=payment.reference)

    house.fetch()

    assert house.differences() == [("missing_here", "open", 10_000)]


def test_another_amount_is_named(house: House) -> None:
    payment = house.top_up()
    house.booked("payment", 9_999, fee=320, reference=payment.reference)

    house.fetch()

    assert house.differences() == [("other_amount", "open", -1)]


def test_a_held_payment_is_in_no_account_and_is_named(house: House) -> None:
    payment = house.top_up(paid=Money(9_000, "CNY"), fee=290)
    assert payment.state is PaymentState.HELD
    house.booked("payment", 9_000, fee=290, reference=payment.reference)

    house.fetch()
    assert house.differences() == [("held_payment", "open", 9_000)]
    assert house.account() == (8_710, -290, 0)

    in_transaction(lambda: paying_in.accept_held(payment.id, actor=house.actor()))
    house.fetch()
    assert house.differences() == [("held_payment", "gone", 0)]
    assert house.account() == (8_710, 8_710, 0)


def test_a_payment_that_goes_back_whole_is_under_way_until_both_are_booked(house: House) -> None:
    payment = house.top_up(paid=Money(9_000, "CNY"), fee=290)
    house.booked("payment", 9_000, fee=290, reference=payment.reference)
    in_transaction(lambda: settling.give_back_whole(calls.locked(payment.id)))

    house.fetch()
    assert house.differences() == [("return_under_way", "explained", 9_000)]

    house.booked("refund", -9_000, reference=f"{payment.reference}-B")
    house.fetch()
    assert house.differences() == [("return_under_way", "gone", 0)]
    assert house.account() == (-290, -290, 0)


def test_a_refund_past_the_portal_is_named(house: House) -> None:
    payment = house.top_up()
    house.booked("payment", 10_000, fee=320, reference=payment.reference)
    house.booked("refund", -4_000, fee=-100)

    house.fetch()

    assert house.differences() == [("unknown_refund", "open", -3_900)]


def test_a_refund_past_the_portal_that_names_its_payment_leads_there(house: House) -> None:
    payment = house.top_up()
    house.booked("payment", 10_000, fee=320, reference=payment.reference)
    house.booked("refund", -4_000, fee=-100, reference=payment.reference)

    house.fetch()

    assert house.differences() == [("unknown_refund", "open", -3_900)]
    assert house.difference().payment_id == payment.id


def test_the_fee_that_was_not_told_waits_for_finance(house: House) -> None:
    payment = house.top_up(fee=320)
    house.booked("payment", 10_000, fee=400, reference=payment.reference)

    house.fetch()

    assert house.differences() == [("fee_not_booked", "open", -400)]
    assert balance("provider_fees") == 0


def test_a_fee_that_comes_back_with_a_refund_is_booked_back(house: House) -> None:
    payment = house.top_up()
    house.booked("payment", 10_000, fee=320, reference=payment.reference)
    in_transaction(
        lambda: refunding.give_back(
            payment.id, Money(4_000, "CNY"), reference="C-1", reason="asked for", actor=house.actor()
        )
    )
    house.booked("refund", -4_000, fee=-120, reference="C-1")

    house.fetch()

    assert balance("provider_fees") == 200
    assert house.differences() == [("other_amount", "open", -4_000)]  # given back without an entry in our books
    assert findings() == []


def test_the_fees_booked_are_counted_by_currency(house: House) -> None:
    first, second = house.top_up(), house.top_up(1_500, key="k-2", paid=Money(1_500, "USD"), fee=70)
    house.booked("payment", 10_000, fee=320, reference=first.reference)
    house.booked("payment", 1_500, fee=70, reference=second.reference, currency="USD")

    house.fetch()

    booked = in_transaction(lambda: audit.matching(AuditFilter(act="reconciliation.book_fees")).rows)
    facts = [record.after or {} for record in booked]
    assert sorted((one["currency"], one["lines"], one["fee_minor"]) for one in facts) == [
        ("CNY", 1, 320),
        ("USD", 1, 70),
    ]


def test_a_standing_fee_is_named(house: House) -> None:
    house.booked("fee", -2_000)

    house.fetch()

    assert house.differences() == [("fee_not_booked", "open", -2_000)]


def test_a_line_that_changes_is_a_difference_and_one_that_changes_back_is_none(house: House) -> None:
    payment = house.top_up()
    first = house.booked("payment", 10_000, fee=320, reference=payment.reference)
    house.fetch()

    house.stub.booked.clear()
    house.booked("payment", 9_000, fee=300, reference=payment.reference, line_id=first.provider_id)
    house.fetch()
    assert house.differences() == [("changed_line", "open", -980)]
    assert house.account() == (8_700, 9_680, 0)

    house.stub.booked[:] = [first]
    house.fetch()
    assert house.differences() == [("changed_line", "gone", 0)]


def test_a_payment_in_another_currency_is_compared_in_it(house: House) -> None:
    payment = house.top_up(paid=Money(1_500, "USD"), fee=70)
    house.booked("payment", 1_500, fee=70, reference=payment.reference, currency="USD")

    house.fetch()

    assert house.differences() == [("held_payment", "open", 1_500)]
    assert house.difference().currency == "USD"


def test_what_was_accepted_stays_so_until_its_sum_changes(house: House) -> None:
    payment = house.top_up()
    house.booked("payment", 9_999, fee=320, reference=payment.reference)
    house.fetch()
    found = house.difference().id
    in_transaction(
        lambda: explaining.explain(
            difference_id=found, explanation=Explanation.ACCEPTED, note="a cent", actor=house.actor()
        )
    )

    house.fetch()
    assert house.differences() == [("other_amount", "explained", -1)]

    house.booked("payment", -5_000, reference=payment.reference)
    house.fetch()
    assert house.differences() == [("other_amount", "open", -5_001)]


def test_timing_that_has_run_out_opens_again(house: House) -> None:
    house.booked("payout", -5_000, payout_id="po_1")
    house.fetch()
    assert house.differences() == [("payout_not_at_bank", "explained", -5_000)]

    with clock.fixed(NOW + timedelta(days=ageing.TIMING_DAYS)):
        house.fetch()
        assert house.differences() == [("payout_not_at_bank", "explained", -5_000)]
    with clock.fixed(NOW + timedelta(days=ageing.TIMING_DAYS + 1)):
        house.fetch()
        assert house.differences() == [("payout_not_at_bank", "open", -5_000)]


def reopen(house: House) -> None:
    found = house.difference().id
    in_transaction(lambda: explaining.reopen(difference_id=found, actor=house.actor()))


def test_what_a_person_opened_again_stays_open_though_it_is_under_way(house: House) -> None:
    house.booked("payout", -5_000, payout_id="po_1")
    house.fetch()
    reopen(house)

    house.fetch()

    assert house.differences() == [("payout_not_at_bank", "open", -5_000)]
    assert (house.difference().reopened_by_name, house.difference().reopened_at) == ("Fiona", NOW)


def test_what_a_person_opened_again_is_the_portals_again_once_its_sum_changes(house: House) -> None:
    house.booked("payout", -5_000, payout_id="po_1")
    house.fetch()
    reopen(house)
    house.booked("payout", -1_000, payout_id="po_1")

    house.fetch()

    assert house.differences() == [("payout_not_at_bank", "explained", -6_000)]
    assert house.difference().reopened_at is None


def test_what_a_person_opened_again_is_the_portals_again_once_its_kind_changes(house: House) -> None:
    payment = house.top_up(paid=Money(9_000, "CNY"), fee=290)
    house.booked("payment", 9_000, fee=290, reference=payment.reference)
    house.fetch()
    found = house.difference().id
    in_transaction(
        lambda: explaining.explain(
            difference_id=found, explanation=Explanation.ACCEPTED, note="we look", actor=house.actor()
        )
    )
    reopen(house)
    in_transaction(lambda: settling.give_back_whole(calls.locked(payment.id)))

    house.fetch()

    assert house.differences() == [("return_under_way", "explained", 9_000)]


def test_what_a_person_explained_again_may_close_by_itself(house: House) -> None:
    house.booked("payout", -5_000, payout_id="po_1")
    house.fetch()
    reopen(house)
    found = house.difference().id
    in_transaction(
        lambda: explaining.explain(
            difference_id=found, explanation=Explanation.TIMING, note="tomorrow", actor=house.actor()
        )
    )
    assert house.difference().reopened_at is None

    with clock.fixed(NOW + timedelta(days=ageing.TIMING_DAYS + 1)):
        house.fetch()
        assert house.differences() == [("payout_not_at_bank", "open", -5_000)]


def test_an_explanation_that_has_run_out_is_in_the_file_no_more(house: House) -> None:
    house.booked("fee", -2_000)
    house.fetch()
    found = house.difference()
    in_transaction(
        lambda: explaining.explain(
            difference_id=found.id, explanation=Explanation.TIMING, note="next week", actor=house.actor()
        )
    )
    wanted = DifferenceFilter(found.source_id, "CNY")
    assert in_transaction(lambda: exporting.to_csv(wanted)).endswith(",0,timing,next week,Fiona\r\n")

    with clock.fixed(NOW + timedelta(days=9)):
        house.fetch()
        assert in_transaction(lambda: exporting.to_csv(wanted)).endswith(",9,,,\r\n")


def test_a_provider_that_cannot_be_asked_is_told_of_and_tried_again(house: House) -> None:
    house.stub.failure = Retry("bill_not_ready", "tomorrow")

    house.fetch()

    stripe = in_transaction(lambda: house.stripe)
    assert stripe.failure == "bill_not_ready tomorrow"
    assert stripe.next_at == NOW + timedelta(minutes=30)
    assert stripe.fetched_until is None

    house.stub.failure = None
    house.fetch()
    stripe = in_transaction(lambda: house.stripe)
    assert (stripe.failure, stripe.fetched_at, stripe.fetched_until) == (None, NOW, NOW)
    assert stripe.next_at == NOW.replace(day=23, hour=2, minute=30, second=0)
