import pytest

from portal.core import bank_references
from portal.core.errors import InvalidInput


def test_is_read_in_capitals_with_single_spaces():
    assert bank_references.read(" icbc\t2026 -\n17 ") == "ICBC 2026 - 17"


@pytest.mark.parametrize(("typed", "reason"), [(" \n", "bank_reference_missing"), ("A" * 61, "too_long")])
def test_refuses_none_and_one_that_is_too_long(typed: str, reason: str):
    with pytest.raises(InvalidInput) as refusal:
        bank_references.read(typed)

    assert (refusal.value.parts["field"], refusal.value.parts["reason"]) == ("bank_reference", reason)
