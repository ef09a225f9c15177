"""What a bank calls a transfer, as people copy it from a statement."""

from portal.core.errors import InvalidInput

LONGEST = 60


def read(text: str) -> str:
    """Read a reference the one way it is kept and compared: in capitals, with single spaces.

    Raises:
        InvalidInput: `bank_reference_missing`, `too_long`.
    """
    reference = " ".join(text.split()).upper()
    if not reference:
        raise InvalidInput(field="bank_reference", reason="bank_reference_missing")
    if len(reference) > LONGEST:
        raise InvalidInput(field="bank_reference", reason="too_long", length=LONGEST)
    return reference
