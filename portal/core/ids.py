"""Make identifiers: UUIDv7 keys for rows, short references for people, codes nobody can guess."""

import re
import secrets
from datetime import datetime
from uuid import UUID

from uuid_utils import uuid7

from portal.core import clock

# Crockford's base 32 without I, L, O, U: nothing that is misread over a telephone.
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def new_id() -> UUID:
    """Make a UUIDv7: unique everywhere, ordered by the portal's clock, safe in addresses."""
    microseconds = int(clock.now().timestamp() * 1_000_000)
    return UUID(int=uuid7(nanoseconds=microseconds * 1000).int)


def first_at(instant: datetime) -> UUID:
    """Give the smallest id that can be made at an instant: rows since then are those whose id is not below it."""
    milliseconds = int(instant.timestamp() * 1000)
    return UUID(int=milliseconds << 80)


def parse_id(text: str) -> UUID | None:
    """Read an id from an address; None for anything but its one canonical lower-case form."""
    return UUID(text) if _UUID.fullmatch(text) else None


def reference(prefix: str) -> str:
    """Make a short reference such as `R-7K3M-92QD`: 40 random bits, unique by the column it is stored in."""
    bits = secrets.randbits(40)
    signs = "".join([_ALPHABET[bits >> shift & 31] for shift in range(0, 40, 5)])
    return f"{prefix}-{signs[:4]}-{signs[4:]}"


def unguessable_code(length: int = 20) -> str:
    """Make a code of `length` base-32 signs, 5 random bits each, for addresses that are their own key."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


def digits_code() -> str:
    """Make the six-digit code of a sign-in mail."""
    return f"{secrets.randbelow(1_000_000):06d}"
