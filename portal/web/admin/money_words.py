"""The operator's words for wallets, automatic top-ups and payouts."""

from collections.abc import Mapping

from flask_babel import lazy_gettext as _l

from portal.web.sentences import Words

ACTS: Mapping[str, Words] = {
    "wallets.top_up": _l("Wallet topped up"),
    "wallets.set_credit_limit": _l("Credit limit changed"),
    "wallets.set_threshold": _l("Warning of a low wallet set"),
    "wallets.remove_threshold": _l("Warning of a low wallet ended"),
    "wallets.arrange_top_ups": _l("Automatic top-up agreed to"),
    "wallets.end_top_ups": _l("Automatic top-up switched off"),
    "wallets.resume_top_ups": _l("Automatic top-up resumed"),
    "wallets.pause_top_ups": _l("Automatic top-up paused"),
    "wallets.rest_top_ups": _l("Automatic top-up waits"),
    "wallets.try_top_up": _l("Automatic top-up begun"),
    "payouts.request": _l("Payout asked for"),
    "payouts.move_to_wallet": _l("Commission moved to the wallet"),
    "payouts.cancel": _l("Payout taken back"),
    "payouts.keep_bank_account": _l("Bank account for payouts changed"),
    "payouts.set_conditions": _l("Conditions of payouts changed"),
    "payouts.prepare_run": _l("Payout run prepared"),
    "payouts.discard_run": _l("Payout run discarded"),
    "payouts.approve_run": _l("Payout run approved"),
    "payouts.take_bank_file": _l("Bank file taken"),
    "payouts.mark_paid": _l("Payout paid"),
    "payouts.refuse": _l("Payout refused"),
    "payouts.record_return": _l("Payout sent back by the bank"),
}

JOBS: Mapping[str, Words] = {
    "wallets.warn": _l("Tell an agent that a wallet runs low"),
    "wallets.refill": _l("Top a wallet up automatically"),
    "payouts.close_month": _l("Write the month's statements"),
    "payouts.render_statement": _l("Make a statement's files"),
}

MAILS: Mapping[str, Words] = {
    "wallet_low": _l("Wallet runs low"),
    "top_up_charged": _l("Automatic top-up made"),
    "top_up_rests": _l("Automatic top-up waits"),
    "top_up_paused": _l("Automatic top-up paused"),
    "payment_held": _l("Payment waits for a decision"),
    "payout_paid": _l("Payout paid"),
    "statement_ready": _l("Statement ready"),
}

SUBJECTS: Mapping[str, Words] = {
    "automatic_top_up": _l("Automatic top-up"),
    "statement": _l("Statement"),
}

FIELDS: Mapping[str, Words] = {
    "consent": _l("agreed to"),
    "available": _l("could be spent"),
    "most": _l("at most a day"),
    "most_a_day": _l("times a day"),
    "threshold": _l("threshold"),
    "until": _l("until"),
}
