"""Make a carrier's raw answer fit to be kept: what opens an eSIM, or the carrier's own door, is masked."""

import re
from typing import Any

from portal.core import masking
from portal.core.masking import MASK

# The names that eSIM Access (`ac`, `qrCodeUrl`, `pin`), Airalo (`lpa`, `qrcode`, `access_token`) and eSIM Go
# (`matchingId`) give to theirs.
_SECRET = re.compile(
    r"authori[sz]ation|token|secret|password|signature|api-?key|access-?code|activation|matching-?id|qr-?code"
    r"|confirmation-?code|short-?url|\.(ac|lpa|eid|pin\d?|puk\d?|cookie|set-cookie|key)$"
)
_ACTIVATION_CODE = re.compile(r"LPA:1\$\S+", re.IGNORECASE)
_EID = re.compile(r"(?<!\d)\d{28}(\d{4})(?!\d)")


def masked(raw: Any) -> Any:
    """Copy an answer, with the values of secret fields, activation codes and EIDs in any text masked."""
    return masking.masked(raw, secret=_SECRET, in_text=_in_text)


def _in_text(text: str) -> str:
    return _EID.sub(rf"{MASK}\1", _ACTIVATION_CODE.sub(f"LPA:1${MASK}", text))
