"""Everything that the code names by a code has words on the operator's pages."""

from portal import handlers
from portal.ledger import chart
from portal.payments import registry
from portal.renewals.states import RenewalState
from portal.web import words
from portal.web.admin import history, wording


def test_every_kind_of_work_has_words():
    assert set(wording.JOBS) == handlers.HANDLED


def test_every_kind_of_account_has_words():
    assert set(wording.ACCOUNTS) == set(chart.SIDES)


def test_every_state_is_told():
    assert set(history.STATES) == set(RenewalState)


def test_every_provider_has_a_name():
    assert set(words.PROVIDERS) == set(registry.KINDS)


def test_what_providers_and_carriers_answer_is_said_in_words():
    assert wording.named("settled", "call_outcome") == "paid"
    assert wording.named("generic_decline", "decline") == "the bank declined it, without a reason"
    assert wording.named("not_working", "given_back_for") == "The service did not work"
    assert wording.named("renewed_since", "carrier_reason") == "the card was renewed again since"
    assert wording.named("visitor", "machine") == "visitor"


def test_a_mail_that_no_server_took_was_kept_as_a_file():
    assert wording.mail_answer("written to 2026-11-22-a.eml") == "no mail server is set: kept as a file"
    assert wording.mail_answer("250 OK") == "250 OK"


def test_a_code_without_words_is_shown_as_it_is():
    assert wording.named("cards.dance", "act") == "cards.dance"
