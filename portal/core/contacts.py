"""Read e-mail addresses and telephone numbers as people type them; nobody is asked whether they exist."""

import phonenumbers
from email_validator import EmailNotValidError, validate_email
from phonenumbers import NumberParseException, PhoneNumberFormat

from portal.core.errors import InvalidInput

HOME_REGION = "CN"
"""A number without a country code belongs there."""

LONGEST_PHONE = 40
"""Signs of a typed number, spaces and brackets included; E.164 has 15 digits."""


def read_email(text: str, *, field: str = "email") -> str:
    """Read an e-mail address into lower case, the one way it is stored and compared.

    Raises:
        InvalidInput: it is no address.
    """
    try:
        return validate_email(text.strip(), check_deliverability=False).normalized.lower()
    except EmailNotValidError as error:
        raise InvalidInput(field=field, reason="email_invalid") from error


def read_phone(text: str, *, field: str = "phone", reason: str = "phone_invalid") -> str:
    """Read a telephone number into E.164, such as +8613800138001; without a country code it is a Chinese one.

    Raises:
        InvalidInput: no such number can be dialled.
    """
    try:
        number = phonenumbers.parse(text.strip()[:LONGEST_PHONE], HOME_REGION)
    except NumberParseException as error:
        raise InvalidInput(field=field, reason=reason) from error
    if len(text.strip()) > LONGEST_PHONE or number.extension or not phonenumbers.is_valid_number(number):
        raise InvalidInput(field=field, reason=reason)
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def typed_phone(text: str) -> str | None:
    """Give the E.164 form of a text that may be a telephone number, for searching; None when it is none."""
    try:
        return read_phone(text)
    except InvalidInput:
        return None
