"""The operator's words for what the code names: accounts, entries, jobs, mails; and every table of `code | named`."""

from collections.abc import Mapping, Sequence

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from portal.core.mail import WRITTEN
from portal.web import language, words
from portal.web import regions as region_words
from portal.web.admin import act_words, fact_words, money_words, provider_words, reconciliation_words, refund_words
from portal.web.admin.blueprint import blueprint
from portal.web.sentences import Words

ACCOUNTS: Mapping[str, Words] = {
    "agent_wallet": _l("Agent wallet"),
    "customer_balance": _l("Customer balance"),
    "escrow": _l("Escrow"),
    "commission_earned": _l("Commission earned"),
    "carrier_payable": _l("Payable to carrier"),
    "tax_payable": _l("Tax payable"),
    "clearing": _l("Clearing"),
    "bank": _l("Bank"),
    "revenue": _l("Revenue"),
    "promotions": _l("Cost of promotions"),
    "commission_expense": _l("Commission expense"),
    "carrier_cost": _l("Carrier cost"),
    "provider_fees": _l("Provider fees"),
    "write_off": _l("Write-off"),
    **refund_words.ACCOUNTS,
}
"""Kind of account -> its name in the books."""

SIDES: Mapping[str, Words] = {
    "asset": _l("Assets"),
    "expense": _l("Expenses"),
    "liability": _l("Liabilities"),
    "income": _l("Income"),
}

ENTRIES: Mapping[str, Words] = {
    "hold": _l("Hold"),
    "deliver": _l("Delivery"),
    "return": _l("Return"),
    "top_up": _l("Top-up"),
    "payout": _l("Payout"),
    "commission": _l("Commission to the wallet"),
    "refund": _l("Refund"),
    **reconciliation_words.ENTRIES,
    **refund_words.ENTRIES,
}
"""Kind of ledger entry -> what happened."""

JOBS: Mapping[str, Words] = {
    "renewals.fulfil": _l("Deliver a renewal"),
    "renewals.expire": _l("Cancel a renewal that nobody paid in time"),
    "receipts.render": _l("Make a receipt"),
    "receipts.render_thermal": _l("Print a receipt for a thermal roll"),
    "mail.deliver": _l("Send a mail"),
    "cards.read_usage": _l("Read a card's usage"),
    "payments.notice": _l("Look into a webhook"),
    "payments.ask": _l("Ask a payment provider"),
    "payments.refund": _l("Give money back"),
    "exports.make": _l("Make an export"),
    **money_words.JOBS,
    **reconciliation_words.JOBS,
    **refund_words.JOBS,
}
"""Kind of outbox row -> the work."""

MAILS: Mapping[str, Words] = {
    "invitation": _l("Invitation"),
    "recovery": _l("New password"),
    "sign_in_code": _l("Sign-in code"),
    "receipt_ready": _l("Receipt ready"),
    "customer_link": _l("Link to cards and receipts"),
    **money_words.MAILS,
    **refund_words.MAILS,
    "pay_link": _l("Link to pay a renewal"),
}

CHANNELS: Mapping[str, Words] = {
    "agent": _l("at the counter"),
    "website": _l("website"),
    "app": _l("app"),
    "automatic": _l("automatic renewal"),
}

TABLES: Mapping[str, Mapping[str, Words]] = {
    "act": act_words.ACTS,
    "account": ACCOUNTS,
    "side": SIDES,
    "entry": ENTRIES,
    "job": JOBS,
    "mail": MAILS,
    "subject": act_words.SUBJECTS,
    "term": words.TERMS,
    "sale": words.SALES,
    "channel": CHANNELS,
    "actor": act_words.ACTOR_KINDS,
    "field": fact_words.FIELDS,
    "machine": act_words.MACHINES,
    "refund_reason": refund_words.REASONS,
    "refund_destination": refund_words.ALL_DESTINATIONS,
    "bounce_end": refund_words.BOUNCE_ENDS,
    "carrier_answer": refund_words.CARRIER_ANSWERS,
    "dispute_reason": refund_words.DISPUTE_REASONS,
    **provider_words.TABLES,
    **reconciliation_words.TABLES,
}


@blueprint.app_template_filter("named")
def named(code: str, table: str) -> Words:
    """Say what a code of a table means; a code that has no words yet is shown as it is."""
    return TABLES[table].get(code, code)


@blueprint.app_template_filter("mail_answer")
def mail_answer(answer: str | None) -> str:
    """Say what a mail server answered; while none is set, that the mail was kept as a file."""
    is_file = bool(answer) and str(answer).startswith(WRITTEN)
    return _("no mail server is set: kept as a file") if is_file else answer or ""


@blueprint.app_template_filter("regions")
def regions(codes: Sequence[str], most: int = 3) -> str:
    """Name a plan's regions in the reader's language; of many, the first few and how many more there are."""
    shown = ("、" if language.current() == "zh" else ", ").join(region_words.name(code) for code in codes[:most])
    return f"{shown} +{len(codes) - most}" if len(codes) > most else shown
