"""Everything that the code names by a code has words on the operator's pages."""

from portal import handlers
from portal.ledger import chart
from portal.renewals.states import RenewalState
from portal.web.admin import history, wording


def test_every_kind_of_work_has_words():
    assert set(wording.JOBS) == handlers.HANDLED


def test_every_kind_of_account_has_words():
    assert set(wording.ACCOUNTS) == set(chart.SIDES)


def test_every_state_is_told():
    assert set(history.STATES) == set(RenewalState)


def test_a_code_without_words_is_shown_as_it_is():
    assert wording.named("cards.dance", "act") == "cards.dance"
