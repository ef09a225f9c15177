"""Read what somebody typed, pasted or scanned about a card."""

from dataclasses import dataclass, field

from portal.cards import activation_code, eid, iccid
from portal.cards.iccid import Iccid
from portal.carriers import registry
from portal.core import contacts, names
from portal.core.errors import InvalidInput

LONGEST_LABEL = 80


@dataclass(frozen=True, slots=True)
class CardDetails:
    """A card's identifiers in their normal forms: number in E.164, activation code canonical; None where not given."""

    iccid: Iccid
    carrier: str
    eid: str | None = field(repr=False)
    msisdn: str | None
    activation_code: str | None = field(repr=False)
    label: str


def read(
    *, iccid: str, carrier: str, eid: str = "", msisdn: str = "", activation_code: str = "", label: str = ""
) -> CardDetails:
    """Read a card's details as they were typed; blank ones are not given.

    Raises:
        InvalidInput: names the first `field` that cannot be accepted and the `reason`: those of `iccid.read`,
            `eid.read` and `activation_code.read`, `msisdn_invalid`, `carrier_unknown`, `name_control_characters`,
            `too_long`.
    """
    return CardDetails(
        iccid=_read_iccid(iccid),
        carrier=_read_carrier(carrier),
        eid=_read_eid(eid),
        msisdn=_read_msisdn(msisdn),
        activation_code=_read_activation_code(activation_code),
        label=read_label(label),
    )


def read_label(text: str) -> str:
    """Read what an agent calls a card; it may be empty.

    Raises:
        InvalidInput: it is too long or holds signs that cannot be seen.
    """
    return names.read_optional(text, field="label", longest=LONGEST_LABEL)


def _read_iccid(text: str) -> Iccid:
    return iccid.read(text)


def _read_eid(text: str) -> str | None:
    return eid.read(text) if text.strip() else None


def _read_activation_code(text: str) -> str | None:
    return activation_code.read(text).text if text.strip() else None


def _read_msisdn(text: str) -> str | None:
    return contacts.read_phone(text, field="msisdn", reason="msisdn_invalid") if text.strip() else None


def _read_carrier(name: str) -> str:
    if name not in registry.names():
        raise InvalidInput(field="carrier", reason="carrier_unknown", carrier=name[:40])
    return name
