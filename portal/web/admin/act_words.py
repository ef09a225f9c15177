"""The operator's words for the acts of the audit log: what was done, to what, and by whom."""

from collections.abc import Mapping

from flask_babel import lazy_gettext as _l

from portal.web.admin import money_words, reconciliation_words, refund_words
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
"""Kind of subject -> what it is."""

ACTOR_KINDS: Mapping[str, Words] = {
    "user": _l("user"),
    "customer": _l("customer"),
    "visitor": _l("visitor"),
    "worker": _l("the portal"),
}

MACHINES: Mapping[str, Words] = {
    "worker": _l("worker"),
    "clock": _l("clock"),
    "command line": _l("command line"),
    "visitor": _l("visitor"),
}
"""What the portal calls itself where no person acts."""
