"""Every way in which two books differ has its name."""

from uuid import UUID

import pytest

from portal.payments.models import PaymentState, ProviderRefundState
from portal.reconciliation import naming
from portal.reconciliation.models import DifferenceKind, ReportLineKind
from portal.reconciliation.naming import Facts

ID = "0192f0c1-0000-7000-8000-000000000000"


@pytest.mark.parametrize(
    ("key", "facts", "kind"),
    [
        (f"payment:{ID}:paid", Facts(100, 0, payment=PaymentState.HELD), "held_payment"),
        (f"payment:{ID}:paid", Facts(100, 0, payment=PaymentState.EXPIRED), "missing_here"),
        (f"payment:{ID}:paid", Facts(0, 100, payment=PaymentState.SETTLED), "missing_there"),
        (f"payment:{ID}:paid", Facts(90, 100, payment=PaymentState.SETTLED), "other_amount"),
        (
            f"payment:{ID}:paid",
            Facts(100, 0, payment=PaymentState.RETURNED, going_back_minor=100),
            "return_under_way",
        ),
        (f"payment:{ID}:paid", Facts(120, 100, payment=PaymentState.SETTLED, going_back_minor=20), "return_under_way"),
        (f"payment:{ID}:paid", Facts(90, 0, payment=PaymentState.RETURNED, going_back_minor=100), "missing_here"),
        (f"payment:{ID}:disputed", Facts(-100, 0, payment=PaymentState.SETTLED), "other_dispute"),
        (f"refund:{ID}", Facts(-100, 0, refund=ProviderRefundState.PENDING), "refund_under_way"),
        (f"refund:{ID}", Facts(-100, 0, refund=ProviderRefundState.FAILED), "missing_here"),
        (f"refund:{ID}", Facts(0, -100, refund=ProviderRefundState.SUCCEEDED), "missing_there"),
        (f"refund:{ID}", Facts(-90, -100, refund=ProviderRefundState.SUCCEEDED), "other_amount"),
        ("payout:po:1", Facts(-100, 0), "payout_not_at_bank"),
        ("payout:po:1", Facts(-100, -90), "payout_other_amount"),
        ("payout:po:1", Facts(0, -90), "missing_there"),
        (f"line:{ID}", Facts(100, 0, line=ReportLineKind.PAYMENT), "unknown_payment"),
        (f"line:{ID}", Facts(-100, 0, line=ReportLineKind.REFUND), "unknown_refund"),
        (f"line:{ID}", Facts(-100, 0, line=ReportLineKind.DISPUTE), "other_dispute"),
        (f"line:{ID}", Facts(-100, 0, line=ReportLineKind.FEE), "fee_not_booked"),
        (f"line:{ID}", Facts(-100, 0, line=ReportLineKind.FEE, is_disputed=True), "dispute_fee"),
        (f"line:{ID}", Facts(-100, 0, line=ReportLineKind.OTHER), "unknown_line"),
        (f"line:{ID}", Facts(100, 0, line=ReportLineKind.ARRIVAL), "unknown_arrival"),
        (f"line:{ID}", Facts(100, 0, line=ReportLineKind.COST), "missing_here"),
        (f"line:{ID}:fee", Facts(-100, 0, line=ReportLineKind.PAYMENT), "fee_not_booked"),
        (f"line:{ID}:fee", Facts(-100, 0, line=ReportLineKind.DISPUTE, is_disputed=True), "dispute_fee"),
        (f"line:{ID}:changed", Facts(-100, 0, line=ReportLineKind.PAYMENT), "changed_line"),
        (f"renewal:{ID}", Facts(6120, 0), "missing_here"),
        (f"renewal:{ID}", Facts(0, 6120), "missing_there"),
        (f"renewal:{ID}", Facts(6121, 6120), "other_amount"),
        (f"entry:{ID}", Facts(0, 100), "missing_there"),
    ],
)
def test_names_what_is_the_matter(key: str, facts: Facts, kind: str) -> None:
    assert naming.kind_of(naming.read(key), facts) is DifferenceKind(kind)


def test_takes_a_key_apart() -> None:
    key = naming.read(f"payment:{ID}:paid")
    assert (key.about, key.id, key.part) == ("payment", UUID(ID), "paid")
    assert naming.read("payout:po:1:x").name == "po:1:x"
