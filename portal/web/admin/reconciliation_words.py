"""The operator's words around reconciliation; the tables of `wording` and its like take them in."""

from collections.abc import Mapping

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from portal.payments import registry
from portal.reconciliation.models import ReportSource, SourceKind
from portal.web import sentences
from portal.web.admin.blueprint import blueprint
from portal.web.sentences import Words

ACTS: Mapping[str, Words] = {
    "reconciliation.fetch": _l("Others' books asked for"),
    "reconciliation.book_fees": _l("Provider's fees booked"),
    "reconciliation.record_arrival": _l("Payout at the bank recorded"),
    "reconciliation.match_arrival": _l("Line at the bank matched with a payout"),
    "reconciliation.explain": _l("Difference explained"),
    "reconciliation.reopen": _l("Difference opened again"),
    "reconciliation.propose_mend": _l("Entry proposed for a difference"),
    "reconciliation.approve_mend": _l("Entry for a difference approved and posted"),
    "reconciliation.refuse_mend": _l("Entry for a difference refused"),
    "reconciliation.lapse_mend": _l("Entry for a difference lapsed"),
}

ENTRIES: Mapping[str, Words] = {
    "provider_fee": _l("Provider's fee"),
    "provider_payout": _l("Provider's payout at the bank"),
    "mend": _l("Difference made good"),
}

JOBS: Mapping[str, Words] = {
    "reconciliation.fetch": _l("Fetch others' books and compare"),
    "reconciliation.compare": _l("Compare others' books with ours"),
}

SUBJECTS: Mapping[str, Words] = {
    "difference": _l("Difference"),
    "report_line": _l("Line of others' books"),
    "report_source": _l("Others' books"),
}

FIELDS: Mapping[str, Words] = {
    "counter_account": _l("against account"),
    "explanation": _l("explanation"),
    "fee": _l("fee"),
    "gap": _l("difference"),
    "lines": _l("lines"),
    "payout": _l("payout to the bank"),
}

KINDS: Mapping[str, Words] = {
    "unknown_payment": _l("Payment that the portal never began"),
    "missing_here": _l("Theirs, not in our books"),
    "missing_there": _l("Ours, not in their books"),
    "other_amount": _l("Another amount"),
    "held_payment": _l("Held payment: finance decides"),
    "return_under_way": _l("Going back to the payer"),
    "refund_under_way": _l("Refund under way"),
    "unknown_refund": _l("Refund past the portal"),
    "other_dispute": _l("Dispute stands otherwise there"),
    "dispute_fee": _l("Fee of a dispute"),
    "fee_not_booked": _l("Fee not booked"),
    "payout_not_at_bank": _l("Payout not at the bank yet"),
    "payout_other_amount": _l("Payout came with another amount"),
    "unknown_arrival": _l("Money at the bank without a payout"),
    "changed_line": _l("Their line was changed"),
    "unknown_line": _l("Line about nothing of ours"),
}
"""Kind of a difference -> what is the matter."""

HINTS: Mapping[str, Words] = {
    "unknown_payment": _l("Look for it at the provider. Give it back there, or propose an entry."),
    "missing_here": _l("If it is a payment, have it asked about on its page. Else propose an entry."),
    "missing_there": _l("Ask them why it is not in their books."),
    "other_amount": _l("Find out which side is right. Where theirs is, propose an entry."),
    "held_payment": _l("It is in no account of ours. Decide on it on the page of the payment."),
    "return_under_way": _l("It closes by itself once their books have what went back."),
    "refund_under_way": _l("It closes by itself once they say that the refund succeeded."),
    "unknown_refund": _l("Somebody gave it back at the provider. Propose who bears it."),
    "other_dispute": _l("The dispute is not known here, or was decided otherwise."),
    "dispute_fee": _l("The provider charged for the dispute. Propose to book it."),
    "fee_not_booked": _l("Nobody told of this fee when it was paid. Propose to book it."),
    "payout_not_at_bank": _l("Record it as soon as the bank has it; it is booked then."),
    "payout_other_amount": _l("The bank kept some of it. Propose to book it as a fee."),
    "unknown_arrival": _l("Match it with its payout, or wait until the provider's books have it."),
    "changed_line": _l("It said something else when it was first fetched. Ask them why."),
    "unknown_line": _l("Find out what it is for. Explain it, or propose an entry."),
}
"""Kind of a difference -> what to do about it."""

EXPLANATIONS: Mapping[str, Words] = {
    "timing": _l("It will close by itself"),
    "accepted": _l("It stays, and that is right"),
}

LINES: Mapping[str, Words] = {
    "payment": _l("Payment"),
    "refund": _l("Refund"),
    "dispute": _l("Dispute"),
    "dispute_reversal": _l("Dispute won"),
    "fee": _l("Fee"),
    "payout": _l("Payout to the bank"),
    "other": _l("Other"),
    "cost": _l("Cost of a renewal"),
    "arrival": _l("At the bank"),
}
"""Kind of a line of others' books -> what it is."""

BUCKETS: Mapping[str, Words] = {
    "0-1": _l("0–1 days"),
    "2-7": _l("2–7 days"),
    "8-30": _l("8–30 days"),
    "31-": _l("over 30 days"),
}

TABLES: Mapping[str, Mapping[str, Words]] = {
    "difference_kind": KINDS,
    "difference_hint": HINTS,
    "explanation": EXPLANATIONS,
    "report_line": LINES,
    "bucket": BUCKETS,
}
"""Tables of `code | named(...)`."""

sentences.extend(
    sentences={
        "difference_moved": _l("This difference is settled, or its sums have changed. Look at it again."),
        "mend_proposed": _l("Somebody has proposed an entry for it already. Decide on that one first."),
        "same_proposer": _l("You proposed this entry yourself. A second person has to agree."),
        "payout_arrived": _l("This payout or this line is booked already."),
        "mend_overdraws": _l("The agent's wallet does not cover this. Nothing was posted."),
    },
    reasons={
        "too_old_for_timing": _l("It is older than %(days)s days: it did not close by itself."),
        "bank_reference_taken": _l("This reference stands for another line already."),
        "bank_file_line": _l("Line %(line)s cannot be read: look at “%(column)s”. Nothing was recorded."),
    },
)


@blueprint.app_template_filter("source_words")
def source_words(source: ReportSource) -> str:
    """Name whose books they are."""
    title = registry.KINDS[source.name].title if source.name in registry.KINDS else source.name
    return _("Bank · %(provider)s", provider=title) if source.kind is SourceKind.BANK else title
