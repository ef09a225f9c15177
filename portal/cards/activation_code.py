"""Read activation codes (GSMA SGP.22 4.1): `LPA:1$<SM-DP+>$<matching id>[$<OID>[$1]]`. Each is a secret, good once."""

import re
from dataclasses import dataclass, field

from portal.core.errors import InvalidInput

LONGEST = 255
"""Signs, as SGP.22 allows."""

_HOST = re.compile(r"(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_MATCHING_ID = re.compile(r"[A-Za-z0-9-]*")
_OID = re.compile(r"([0-9]+(\.[0-9]+)*)?")


@dataclass(frozen=True, slots=True)
class ActivationCode:
    """Where a profile is fetched, with which matching id, and whether a confirmation code is asked for."""

    smdp: str
    matching_id: str = field(repr=False)
    oid: str | None
    confirmation_required: bool

    @property
    def text(self) -> str:
        """The whole code in its one canonical form, as it is encrypted, looked up and shown as a QR code."""
        parts = ["LPA:1", self.smdp, self.matching_id]
        if self.oid or self.confirmation_required:
            parts.append(self.oid or "")
        if self.confirmation_required:
            parts.append("1")
        return "$".join(parts)

    @property
    def masked(self) -> str:
        """The code without its secret: `LPA:1$rsp.truphone.com$••••`."""
        return f"LPA:1${self.smdp}$••••"


def read(text: str) -> ActivationCode:
    """Read an activation code as it is pasted or scanned, with or without `LPA:` before it.

    Raises:
        InvalidInput: it has another shape, an address that is no host name, or a matching id with other signs.
            What was typed is never part of the refusal.
    """
    code = text.strip()
    if len(code) > LONGEST:
        raise _refusal("activation_code_malformed")
    version, *parts = re.sub(r"^LPA:", "", code, flags=re.IGNORECASE).split("$")
    if version != "1" or not 2 <= len(parts) <= 4:
        raise _refusal("activation_code_malformed")
    smdp, matching_id, oid, confirmation = [*parts, "", ""][:4]
    smdp = smdp.lower()
    if not _HOST.fullmatch(smdp):
        raise _refusal("activation_code_address")
    if not _MATCHING_ID.fullmatch(matching_id):
        raise _refusal("activation_code_matching_id")
    if not _OID.fullmatch(oid) or confirmation not in {"", "1"}:
        raise _refusal("activation_code_malformed")
    return ActivationCode(smdp, matching_id, oid or None, confirmation == "1")


def _refusal(reason: str) -> InvalidInput:
    return InvalidInput(field="activation_code", reason=reason)
