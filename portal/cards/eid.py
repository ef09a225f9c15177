"""Read EIDs (GSMA SGP.29): 32 digits whose last two check the rest (ISO 7064, MOD 97-10)."""

from stdnum.iso7064 import mod_97_10

from portal.cards import iccid
from portal.core.errors import InvalidInput

LENGTH = 32


def read(text: str) -> str:
    """Read an EID as it is typed, pasted or scanned, without spaces and dashes. It need not begin with 89.

    Raises:
        InvalidInput: not digits only, not 32 of them, or the check digits do not fit.
    """
    number = iccid.bare(text)
    if number and not (number.isascii() and number.isdigit()):
        raise InvalidInput(field="eid", reason="eid_letters")
    if len(number) != LENGTH:
        raise InvalidInput(field="eid", reason="eid_length", digits=len(number))
    if not mod_97_10.is_valid(number):
        raise InvalidInput(field="eid", reason="eid_check_digits")
    return number


def masked(number: str) -> str:
    """Write an EID so that its holder knows it and nobody else: `8986 •••• 7408`."""
    return iccid.masked(number)
