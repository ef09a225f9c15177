"""Read what somebody typed about a customer: pure."""

from dataclasses import dataclass

from portal.core import contacts, names
from portal.core.errors import InvalidInput
from portal.core.i18n import LANGUAGES, PaperLanguage


@dataclass(frozen=True, slots=True)
class CustomerDetails:
    """A customer's name, e-mail (lower case), phone (E.164) and languages; one of the two contacts stands."""

    name: str
    email: str | None
    phone: str | None
    locale: str
    receipt_language: PaperLanguage = PaperLanguage.BOTH


def read(
    *,
    name: str,
    email: str = "",
    phone: str = "",
    locale: str = "zh",
    receipt_language: str = PaperLanguage.BOTH,
) -> CustomerDetails:
    """Read a customer's details as they were typed.

    Raises:
        InvalidInput: `customer_name_missing`, `name_control_characters`, `email_invalid`, `phone_invalid`,
            `locale_unknown` (of either language), or `contact_missing` when there is neither address nor number.
    """
    read_name = names.read(name, field="customer_name", missing="customer_name_missing")
    read_email = contacts.read_email(email, field="customer_email") if email.strip() else None
    read_phone = contacts.read_phone(phone, field="customer_phone") if phone.strip() else None
    if locale not in LANGUAGES:
        raise InvalidInput(field="locale", reason="locale_unknown")
    if receipt_language not in list(PaperLanguage):
        raise InvalidInput(field="receipt_language", reason="locale_unknown")
    if not (read_email or read_phone):
        raise InvalidInput(field="customer_email", reason="contact_missing")
    return CustomerDetails(read_name, read_email, read_phone, locale, PaperLanguage(receipt_language))
