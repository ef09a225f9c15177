"""What was looked for is given, and what is not there is refused as one."""

import pytest

from portal.core.db import existing
from portal.core.errors import NotFound


@pytest.mark.parametrize("found", ["a card", "", 0, False, []])
def test_gives_whatever_was_found(found):
    assert existing(found) is found


def test_refuses_what_was_not_found():
    with pytest.raises(NotFound):
        existing(None)
