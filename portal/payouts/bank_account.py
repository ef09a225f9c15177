"""A bank account as a payout needs it: read from what was typed, written to be encrypted, and masked to be shown."""

import json
import re
import unicodedata
from dataclasses import asdict, dataclass

from stdnum import bic as bics
from stdnum import iban as ibans
from stdnum.exceptions import ValidationError

from portal.core import settings
from portal.core.crypto import Vault, vault
from portal.core.errors import InvalidInput

_IBAN = re.compile(r"[A-Z]{2}\d{2}[A-Z0-9]+")
_NUMBER = re.compile(r"[A-Z0-9]{5,34}")

PUNCTUATION = frozenset(" /-?:().,'+&·（），。、")
"""Signs besides letters and digits: the SEPA set, the ampersand of its extended one, and what Chinese names have."""

LONGEST_NAME = 140
"""Signs of a name in a payment file (ISO 20022, Max140Text)."""


@dataclass(frozen=True, slots=True)
class BankAccount:
    """Who holds it, at which bank, its number (an IBAN where there is one) and the bank's BIC, which may be empty."""

    holder: str
    bank: str
    number: str
    bic: str

    @property
    def is_iban(self) -> bool:
        """Whether the number is an IBAN."""
        return _IBAN.fullmatch(self.number) is not None and bool(ibans.is_valid(self.number))

    @property
    def label(self) -> str:
        """The bank and the last four signs of the number: enough to recognize it, too little to use it."""
        return f"{self.bank[:60]} •••• {self.number[-4:]}"


def read(*, holder: str, bank: str, number: str, bic: str) -> BankAccount:
    """Read an account as people type it; a number that looks like an IBAN must be a right one (ISO 13616).

    Raises:
        InvalidInput: `missing`, `too_long`, `bank_name_signs` with the `signs`, `iban_invalid`,
            `account_number_invalid`, `bic_invalid`.
    """
    return BankAccount(_name(holder, field="holder"), _name(bank, field="bank"), _number(number), _bic(bic))


def sealed(account: BankAccount) -> bytes:
    """Encrypt an account with the operator's key."""
    return _vault().encrypt(json.dumps(asdict(account), ensure_ascii=False))


def opened(token: bytes) -> BankAccount:
    """Decrypt an account; raises `cryptography.fernet.InvalidToken` when it was altered."""
    return BankAccount(**json.loads(_vault().decrypt(token)))


def _name(text: str, *, field: str) -> str:
    """Read a name as banks take it.

    SEPA payment files hold the Latin letters, digits and `/ - ? : ( ) . , ' +` (EPC217-08, "SEPA Requirements for an
    Extended Character Set", section 1.1, after ISO 20022); letters with marks and `&` are of its extended set, which
    banks convert. Chinese banks take Chinese characters beside them.
    """
    name = " ".join(text.split())
    if not name:
        raise InvalidInput(field=field, reason="missing")
    if len(name) > LONGEST_NAME:
        raise InvalidInput(field=field, reason="too_long", length=LONGEST_NAME)
    odd = [sign for sign in dict.fromkeys(name) if not _is_taken(sign)]
    if odd:
        raise InvalidInput(field=field, reason="bank_name_signs", signs=" ".join(odd))
    return name


def _is_taken(sign: str) -> bool:
    if sign.isascii():
        return sign.isalnum() or sign in PUNCTUATION
    called = unicodedata.name(sign, "")
    return sign in PUNCTUATION or called.startswith(("LATIN SMALL LETTER", "LATIN CAPITAL LETTER", "CJK UNIFIED"))


def _number(text: str) -> str:
    number = re.sub(r"[\s-]", "", text).upper()
    if re.match(r"[A-Z]{2}\d{2}", number):
        if not ibans.is_valid(number):
            raise InvalidInput(field="number", reason="iban_invalid")
    elif not _NUMBER.fullmatch(number):
        raise InvalidInput(field="number", reason="account_number_invalid")
    return number


def _bic(text: str) -> str:
    if not text.strip():
        return ""
    try:
        return str(bics.validate(text.strip().upper()))
    except ValidationError:
        raise InvalidInput(field="bic", reason="bic_invalid") from None


def _vault() -> Vault:
    return vault(settings.current().encryption_key)
