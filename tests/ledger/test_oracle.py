"""The journal against ten lines that cannot be wrong: whatever is posted, both end with the same balances."""

from collections import defaultdict
from contextlib import suppress

import pytest
from flask import Flask
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import text

from portal.core.db import db
from portal.ledger import chart, journal, verification
from portal.ledger.chart import AccountRef
from portal.ledger.errors import EntryDiffers, NotCovered
from portal.ledger.journal import EntryDraft, Line
from tests.ledger.books import ALICE, ALICE_EARNED, BOB, draft, live_balance, net, set_credit_limit

ACCOUNTS = [ALICE, BOB, ALICE_EARNED, chart.ESCROW, chart.REVENUE, chart.BANK]
LIMITS = {ALICE: 0, BOB: 300}


class Oracle:
    """A ledger as one would write it on a napkin."""

    def __init__(self) -> None:
        self.balances: dict[AccountRef, int] = defaultdict(int)
        self.posted: dict[str, tuple[Line, ...]] = {}

    def post(self, *entries: EntryDraft) -> None:
        after, posted = self.balances.copy(), self.posted.copy()
        for entry in entries:
            lines = tuple(line for line in entry.lines if line.amount_minor)
            if posted.setdefault(entry.key, lines) is not lines and posted[entry.key] != lines:
                raise EntryDiffers
            if entry.key not in self.posted:
                for line in lines:
                    after[line.debit] -= line.amount_minor
                    after[line.credit] += line.amount_minor
            if any(after[wallet] < -limit for wallet, limit in LIMITS.items()):
                raise NotCovered
        self.balances, self.posted = after, posted


pairs = st.lists(st.sampled_from(ACCOUNTS), min_size=2, max_size=2, unique=True)
lines = st.builds(lambda pair, amount: Line(*pair, amount), pairs, st.integers(min_value=0, max_value=500))
entries = st.builds(
    lambda key, parts: draft(*parts, key=key, subject_id=SUBJECT),
    st.integers(min_value=1, max_value=30).map(lambda nr: f"entry:{nr}"),
    st.lists(lines, min_size=1, max_size=4),
)
SUBJECT = draft().subject_id


class Posting(RuleBasedStateMachine):
    """Posts the same to both and compares."""

    @initialize()
    def open_empty_books(self) -> None:
        self.oracle = Oracle()
        self.before = db.session.begin_nested()
        for wallet, limit in LIMITS.items():
            set_credit_limit(wallet, limit)
        self.pay_in(ALICE, 1_000)

    @rule(wallet=st.sampled_from([ALICE, BOB]), amount=st.integers(min_value=1, max_value=1_000))
    def pay_in(self, wallet: AccountRef, amount: int) -> None:
        self._post_to_both(draft(Line(chart.BANK, wallet, amount)))

    @rule(entry=entries)
    def post_one(self, entry: EntryDraft) -> None:
        self._post_to_both(entry)

    @rule(batch=st.lists(entries, min_size=2, max_size=3, unique_by=lambda entry: entry.key))
    def post_several_at_once(self, batch: list[EntryDraft]) -> None:
        self._post_to_both(*batch)

    def _post_to_both(self, *drafts: EntryDraft) -> None:
        expected: type[Exception] | None = None
        try:
            self.oracle.post(*(entry for entry in drafts if entry.nonzero().lines))
        except (NotCovered, EntryDiffers) as refusal:
            expected = type(refusal)
        savepoint = db.session.begin_nested()
        if expected is None:
            journal.post(*drafts)
            savepoint.commit()
        else:
            with pytest.raises((NotCovered, EntryDiffers)):
                journal.post(*drafts)
            savepoint.rollback()

    @invariant()
    def both_agree(self) -> None:
        if not hasattr(self, "oracle"):
            return
        assert {account: net(account) for account in ACCOUNTS} == {
            account: self.oracle.balances[account] for account in ACCOUNTS
        }
        assert live_balance(ALICE) == self.oracle.balances[ALICE] >= 0
        assert live_balance(BOB) == self.oracle.balances[BOB] >= -300

    def teardown(self) -> None:
        if hasattr(self, "oracle"):
            assert verification.verify() == []
        with suppress(AttributeError):
            self.before.rollback()
        chart.forget_ids()


def test_agrees_with_the_oracle_whatever_is_posted(app: Flask) -> None:
    run_state_machine_as_test(
        Posting,
        settings=settings(
            max_examples=15, stateful_step_count=15, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )

    assert db.session.scalar(text("SELECT count(*) FROM ledger_transfers")) == 0
