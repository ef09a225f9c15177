"""Everything that the code names by a code has words on the operator's pages."""

import re

from portal import handlers
from portal.ledger import chart
from portal.renewals.states import RenewalState
from portal.web.admin import history, wording
from tests.rules import tree

ACT = re.compile(r"""act=["']([a-z_.]+)["'](?: if [\w. ]+ else ["']([a-z_.]+)["'])?""")


def test_every_act_of_the_audit_log_has_words():
    sources = [path.read_text() for path in tree.files("portal") if path.suffix == ".py"]
    acts = {act for source in sources for found in ACT.findall(source) for act in found if act}

    assert len(acts) > 30
    assert acts - set(wording.ACTS) == set()


def test_every_kind_of_work_has_words():
    assert set(wording.JOBS) == handlers.HANDLED


def test_every_kind_of_account_has_words():
    assert set(wording.ACCOUNTS) == set(chart.SIDES)


def test_every_state_is_told():
    assert set(history.STATES) == set(RenewalState)


def test_a_code_without_words_is_shown_as_it_is():
    assert wording.named("cards.dance", "act") == "cards.dance"
