import pytest

from portal.accounts.models import Role
from portal.accounts.permissions import ACTS, CHANGES, may


@pytest.mark.parametrize("act", sorted(CHANGES))
def test_an_auditor_changes_nothing(act):
    assert not may(Role.AUDITOR, act)


@pytest.mark.parametrize("act", sorted(ACTS))
def test_no_act_is_open_to_both_sides_of_the_house(act):
    assert len({role.is_staff for role in Role if may(role, act)}) == 1


def test_finance_tops_up_and_reads_the_ledger_but_edits_no_catalogue():
    assert may(Role.FINANCE, "wallets.top_up")
    assert may(Role.FINANCE, "ledger.read")
    assert not may(Role.FINANCE, "catalogue.edit")
    assert not may(Role.FINANCE, "audit.read")


def test_only_an_owner_invites_clerks():
    assert [role for role in Role if may(role, "counter.clerks")] == [Role.AGENT_OWNER]


def test_a_misspelt_act_is_an_error_not_an_answer():
    with pytest.raises(ValueError, match="no such act"):
        may(Role.ADMIN, "wallet.topup")
