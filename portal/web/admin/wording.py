"""The operator's words for what the code names: acts, accounts, entries, jobs, mails."""

from collections.abc import Mapping, Sequence

from flask_babel import lazy_gettext as _l

from portal.web import language, words
from portal.web import regions as region_words
from portal.web.admin import money_words, reconciliation_words, refund_words
from portal.web.admin.blueprint import blueprint
from portal.web.sentences import Words

ACTS: Mapping[str, Words] = {
    "sign_in": _l("Signed in"),
    "sign_in_refused": _l("Sign-in refused"),
    "sign_out": _l("Signed out"),
    "users.invite": _l("User invited"),
    "users.invite_again": _l("User invited again"),
    "users.accept_invitation": _l("Invitation accepted"),
    "users.change_password": _l("Password changed"),
    "users.choose_password": _l("Password chosen"),
    "users.recover_password": _l("New password asked for"),
    "users.change_role": _l("Role changed"),
    "users.suspend": _l("User suspended"),
    "users.restore": _l("User restored"),
    "agents.create": _l("Agent created"),
    "agents.edit": _l("Agent edited"),
    "agents.set_status": _l("Agent's status changed"),
    "agents.change_terms": _l("Commission terms changed"),
    "agents.change_default_terms": _l("Default terms changed"),
    "agents.end_terms": _l("Own terms ended"),
    "agents.set_parent": _l("Agent above changed"),
    "customers.add": _l("Customer added"),
    "customers.edit": _l("Customer edited"),
    "customers.send_link": _l("Link sent to the customer"),
    "cards.register": _l("Card registered"),
    "cards.set_label": _l("Card's label changed"),
    "cards.suspend": _l("Card suspended"),
    "cards.resume": _l("Card restored"),
    "cards.remove": _l("Card removed"),
    "cards.reveal_eid": _l("Card's EID shown"),
    "cards.reveal_activation_code": _l("Card's activation code shown"),
    "cards.usage_refused": _l("Card's usage refused by the carrier"),
    "plans.add": _l("Plan added"),
    "plans.change": _l("Plan changed"),
    "plans.retire": _l("Plan retired"),
    "plans.restore": _l("Plan restored"),
    "promotions.begin": _l("Promotion begun"),
    "promotions.end": _l("Promotion ended"),
    "promotions.add_code": _l("Promotion code added"),
    "promotions.make_codes": _l("Promotion codes made"),
    "catalogue.bring_import": _l("Catalogue file brought"),
    "catalogue.apply_import": _l("Catalogue imported"),
    "renewals.place": _l("Renewal placed"),
    "renewals.deliver": _l("Renewal delivered"),
    "renewals.return": _l("Renewal refused, money returned"),
    "renewals.order": _l("Renewal ordered, to be paid online"),
    "renewals.pay_online": _l("Renewal paid online"),
    "renewals.mail_link": _l("Pay link mailed"),
    "renewals.cancel": _l("Unpaid renewal cancelled"),
    "exports.request": _l("Export asked for"),
    "payments.begin": _l("Payment begun"),
    "payments.settle": _l("Payment settled"),
    "payments.hold": _l("Payment held: another amount came"),
    "payments.return": _l("Payment given back whole"),
    "payments.accept": _l("Held payment accepted"),
    "payments.refuse": _l("Held payment refused"),
    "payments.give_back": _l("Money given back through a provider"),
    "payments.refund_again": _l("Refund tried again"),
    "payments.offer": _l("Offered ways to pay changed"),
    "payments.enter_credentials": _l("Provider's credentials entered"),
    "payments.test_connection": _l("Provider's connection tested"),
    "payments.switch": _l("Provider switched on or off"),
    "payments.forget_method": _l("Saved card forgotten"),
    "jobs.retry": _l("Job retried"),
    **money_words.ACTS,
    **reconciliation_words.ACTS,
    **refund_words.ACTS,
}
"""Act of the audit log -> what was done."""

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

SUBJECTS: Mapping[str, Words] = {
    "user": _l("User"),
    "agent": _l("Agent"),
    "customer": _l("Customer"),
    "card": _l("Card"),
    "plan": _l("Plan"),
    "promotion": _l("Promotion"),
    "renewal": _l("Renewal"),
    "top_up": _l("Top-up"),
    "payout": _l("Payout"),
    "payout_run": _l("Payout run"),
    "payout_conditions": _l("Conditions of payouts"),
    "commission_terms": _l("Commission terms"),
    "catalogue_import": _l("Catalogue import"),
    "export": _l("Export"),
    "job": _l("Job"),
    "payment": _l("Payment"),
    "payment_offer": _l("Ways to pay"),
    "payment_account": _l("Account at a provider"),
    "saved_method": _l("Saved card"),
    **money_words.SUBJECTS,
    **reconciliation_words.SUBJECTS,
    **refund_words.SUBJECTS,
}

ATTEMPTS: Mapping[str, Words] = {
    "submit": _l("Submitted to %(carrier)s"),
    "look_up": _l("Looked up at %(carrier)s"),
}

OUTCOMES: Mapping[str, tuple[Words, str]] = {
    "delivered": (_l("confirmed"), "good"),
    "refused": (_l("refused"), "bad"),
    "retry": (_l("not reached"), "care"),
    "unknown": (_l("no clear answer"), "care"),
    "not_found": (_l("never received"), "care"),
}
"""Outcome of a carrier attempt -> words and tone."""

CHANNELS: Mapping[str, Words] = {
    "agent": _l("at the counter"),
    "website": _l("website"),
    "app": _l("app"),
    "automatic": _l("automatic renewal"),
}

ACTOR_KINDS: Mapping[str, Words] = {
    "user": _l("user"),
    "customer": _l("customer"),
    "visitor": _l("visitor"),
    "worker": _l("the portal"),
}

FIELDS: Mapping[str, Words] = {
    "account": _l("bank account"),
    "format": _l("format"),
    "minimum": _l("smallest payout"),
    "paid_on": _l("paid on"),
    "payouts": _l("payouts"),
    "why": _l("why"),
    "act": _l("act"),
    "added": _l("added"),
    "agent_id": _l("agent"),
    "amount": _l("amount"),
    "attempts": _l("attempts"),
    "bank_reference": _l("bank reference"),
    "by": _l("by"),
    "bytes": _l("bytes"),
    "carrier": _l("carrier"),
    "changed": _l("changed"),
    "code": _l("code"),
    "confirmation": _l("confirmation"),
    "confirmed": _l("warnings confirmed"),
    "contact_email": _l("contact's e-mail"),
    "contact_name": _l("contact"),
    "contact_phone": _l("contact's phone"),
    "cost": _l("cost"),
    "currency": _l("currency"),
    "customer_id": _l("customer"),
    "data_mb": _l("data, MB"),
    "email": _l("e-mail"),
    "fee_bps": _l("fee rate"),
    "fee_fixed": _l("fixed fee"),
    "fee_max": _l("highest fee"),
    "fee_min": _l("lowest fee"),
    "hold_days": _l("payable after, days"),
    "iccid": _l("ICCID"),
    "kind": _l("kind"),
    "label": _l("label"),
    "language": _l("language"),
    "last_error": _l("last error"),
    "licence_number": _l("licence"),
    "limit": _l("credit limit"),
    "locale": _l("language"),
    "name": _l("name"),
    "name_en": _l("name (en)"),
    "name_zh": _l("name (zh)"),
    "override_bps": _l("earned by the agent above"),
    "parent_id": _l("agent above"),
    "phone": _l("phone"),
    "price": _l("price"),
    "reason": _l("reason"),
    "reason_code": _l("reason"),
    "receipt_language": _l("language of receipts"),
    "reference": _l("reference"),
    "regions": _l("regions"),
    "role": _l("role"),
    "rules": _l("rules"),
    "share_bps": _l("our commission"),
    "state": _l("state"),
    "status": _l("status"),
    "subject_id": _l("about"),
    "tax_bps": _l("tax"),
    "term": _l("term"),
    "tiers": _l("tiers"),
    "total": _l("total"),
    "unchanged": _l("unchanged"),
    "validity_days": _l("days"),
    "version": _l("version"),
    **money_words.FIELDS,
    **reconciliation_words.FIELDS,
}
"""Field of an act, without the ending of minor units -> its name."""

MACHINES: Mapping[str, Words] = {
    "worker": _l("worker"),
    "clock": _l("clock"),
    "command line": _l("command line"),
}
"""What the portal calls itself where no person acts."""

TABLES: Mapping[str, Mapping[str, Words]] = {
    "act": ACTS,
    "account": ACCOUNTS,
    "side": SIDES,
    "entry": ENTRIES,
    "job": JOBS,
    "mail": MAILS,
    "subject": SUBJECTS,
    "term": words.TERMS,
    "sale": words.SALES,
    "channel": CHANNELS,
    "actor": ACTOR_KINDS,
    "field": FIELDS,
    "machine": MACHINES,
    "refund_reason": refund_words.REASONS,
    "refund_destination": refund_words.ALL_DESTINATIONS,
    "carrier_answer": refund_words.CARRIER_ANSWERS,
    "dispute_reason": refund_words.DISPUTE_REASONS,
    **reconciliation_words.TABLES,
}


@blueprint.app_template_filter("named")
def named(code: str, table: str) -> Words:
    """Say what a code of a table means; a code that has no words yet is shown as it is."""
    return TABLES[table].get(code, code)


@blueprint.app_template_filter("regions")
def regions(codes: Sequence[str], most: int = 3) -> str:
    """Name a plan's regions in the reader's language; of many, the first few and how many more there are."""
    shown = ("、" if language.current() == "zh" else ", ").join(region_words.name(code) for code in codes[:most])
    return f"{shown} +{len(codes) - most}" if len(codes) > most else shown
