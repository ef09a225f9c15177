"""The operator's words around refunds, credit notes and disputes; the tables of `wording` and its like take them in."""

from collections.abc import Mapping

from flask_babel import lazy_gettext as _l

from portal.web import sentences
from portal.web.sentences import Words

ACTS: Mapping[str, Words] = {
    "refunds.request": _l("Refund asked for"),
    "refunds.approve": _l("Refund approved"),
    "refunds.decline": _l("Refund declined"),
    "refunds.withdraw": _l("Refund withdrawn"),
    "refunds.pay_back": _l("Refund sent to the payment provider"),
    "refunds.complete": _l("Refund carried out"),
    "refunds.fail": _l("Refund failed at the payment provider"),
    "refunds.try_again": _l("Refund tried again"),
    "refunds.into_wallet": _l("Refund paid into the wallet instead"),
    "refunds.bounce": _l("Refund sent back by the payer's bank"),
    "refunds.give_again": _l("Refund given again"),
    "renewals.bounce": _l("Returned money sent back by the payer's bank"),
    "renewals.give_again": _l("Returned money given again"),
    "renewals.into_wallet": _l("Returned money paid into the wallet instead"),
    "disputes.open": _l("Dispute opened, amount frozen"),
    "disputes.win": _l("Dispute won, amount freed"),
    "disputes.lose": _l("Dispute lost"),
}

ACCOUNTS: Mapping[str, Words] = {
    "disputed": _l("Held by a provider in disputes"),
    "frozen": _l("Frozen in disputes"),
}

ENTRIES: Mapping[str, Words] = {
    "take_back": _l("Taken back by the carrier"),
    "dispute": _l("Dispute"),
    "dispute_end": _l("End of a dispute"),
    "bounce": _l("Sent back by the payer's bank"),
    "bounce_end": _l("Given again"),
}

DISPUTE_REASONS: Mapping[str, Words] = {
    "fraudulent": _l("Not the payer's own payment"),
    "unauthorised": _l("Not the payer's own payment"),
    "unrecognized": _l("The payer does not know the payment"),
    "product_not_received": _l("Not received"),
    "merchandise_or_service_not_received": _l("Not received"),
    "product_unacceptable": _l("Not as described"),
    "merchandise_or_service_not_as_described": _l("Not as described"),
    "duplicate": _l("Paid twice"),
    "duplicate_transaction": _l("Paid twice"),
    "payment_by_other_means": _l("Paid in another way"),
    "incorrect_amount": _l("Another amount than agreed"),
    "credit_not_processed": _l("A refund that did not come"),
    "subscription_canceled": _l("Cancelled before"),
    "canceled_recurring_billing": _l("Cancelled before"),
    "general": _l("No reason given"),
    "other": _l("Another reason"),
}
"""Why payers dispute, as Stripe and PayPal call it; any other word of theirs is shown as it is."""

JOBS: Mapping[str, Words] = {
    "refunds.carry_out": _l("Carry a refund out"),
    "refunds.ask_dispute": _l("Ask a payment provider about a dispute"),
    "receipts.render_credit_note": _l("Make a credit note"),
}

MAILS: Mapping[str, Words] = {"credit_note_ready": _l("Credit note ready")}

SUBJECTS: Mapping[str, Words] = {"refund": _l("Refund"), "dispute": _l("Dispute")}

REASONS: Mapping[str, Words] = {
    "not_working": _l("The service did not work"),
    "wrong_card": _l("The wrong card was renewed"),
    "wrong_plan": _l("The wrong plan was chosen"),
    "paid_twice": _l("Paid twice"),
    "not_needed": _l("No longer needed"),
    "goodwill": _l("Goodwill"),
    "dispute_lost": _l("Dispute decided for the payer"),
    "other": _l("Other"),
}
"""Code of a refund's reason -> its words; the credit note has its own, frozen ones."""

DESTINATIONS: Mapping[str, Words] = {
    "source": _l("where the money came from"),
    "wallet": _l("the agent's wallet"),
}
"""Where a refund can be sent to."""

ALL_DESTINATIONS: Mapping[str, Words] = {**DESTINATIONS, "disputed": _l("the payer has it already")}

BOUNCE_ENDS: Mapping[str, Words] = {
    "payer": _l("to the payer, through the provider"),
    "wallet": _l("into the agent's wallet"),
    "dispute": _l("taken by the payer in a dispute"),
}
"""What became of money that a payer's bank had sent back."""

CARRIER_ANSWERS: Mapping[str, Words] = {
    "not_asked": _l("not asked, the customer keeps the plan"),
    "taken_back": _l("took the plan back"),
    "kept": _l("keeps its money"),
}

sentences.extend(
    sentences={
        "not_refundable": _l("Only a delivered renewal can be refunded. Look at its present state."),
        "refund_more_than_left": _l("This is more than can still be refunded."),
        "refund_under_way": _l("Refund %(reference)s of this renewal is not finished yet. Finish it first."),
        "own_refund": _l("You asked for this refund yourself. A second person has to agree."),
        "refund_decided": _l("Somebody decided on this refund already. Look at its present state."),
    }
)
