"""What is a person's own, whichever of their agents registered it; everything else looks like nothing at all."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

import phonenumbers
from babel import dates
from flask_login import current_user
from phonenumbers import PhoneNumberFormat

from portal.agents import queries as agents
from portal.agents.models import Agent
from portal.cards import queries as cards
from portal.cards.models import Card
from portal.catalogue import queries as catalogue
from portal.catalogue.models import PlanVersion
from portal.core import clock, i18n
from portal.core.errors import NotFound
from portal.core.money import Money
from portal.core.pages import Page
from portal.core.settings import current as settings
from portal.customers import queries as known_customers
from portal.customers.models import Customer
from portal.receipts import credit_note, credit_notes
from portal.receipts import queries as receipts
from portal.receipts.content import ReceiptContent, from_canonical_json
from portal.receipts.credit_note import CreditNoteContent
from portal.receipts.models import CreditNote, Receipt
from portal.renewals import links
from portal.renewals import queries as renewals
from portal.renewals.models import PayLink, Renewal
from portal.web import language, requests


@dataclass(frozen=True, slots=True)
class CardFace:
    """A card as its holder sees it: with its plan, the agent who looks after it, and their renewals of it."""

    card: Card
    plan: PlanVersion | None
    agent: Agent
    renewals: list[Renewal]
    """The newest first."""
    unpaid: list[PayLink]
    """Where orders for it wait for the visitor's payment, the newest first."""

    @property
    def is_being_renewed(self) -> bool:
        """Whether a renewal is on its way."""
        return any(renewal.is_under_way for renewal in self.renewals)

    @property
    def is_known(self) -> bool:
        """Whether the carrier has told what is on it."""
        return self.card.usage_read_at is not None


@dataclass(frozen=True, slots=True)
class ReceiptLine:
    """A receipt or credit note in the list: what stands on it, in short."""

    number: str | None
    is_credit_note: bool
    issued_on: date
    agent_name: str
    total: Money
    """Negative where it was paid back."""
    address: str
    is_ready: bool


def card_faces() -> list[CardFace]:
    """List the visitor's cards, the soonest to run out first; those that ran out already come last."""
    found = cards.for_customers(current_user.customer_ids)
    plans = catalogue.versions_by_id({card.plan_version_id for card in found})
    renewed: dict[UUID, list[Renewal]] = {card.id: [] for card in found}
    for renewal in renewals.of_customers(current_user.customer_ids):
        renewed.setdefault(renewal.card_id, []).append(renewal)
    unpaid: dict[UUID, list[PayLink]] = {}
    for link in links.payable_by_customers(current_user.customer_ids, now=clock.now()):
        unpaid.setdefault(link.renewal.card_id, []).append(link)
    faces = [_face(card, plans, renewed[card.id], unpaid.get(card.id, [])) for card in found]
    return sorted(faces, key=lambda face: _is_over(face.card))


def card_face(card_id: str) -> CardFace:
    """Give one of the visitor's cards.

    Raises:
        NotFound: there is none, or it is another person's.
    """
    wanted = requests.id_in_address(card_id)
    for face in card_faces():
        if face.card.id == wanted:
            return face
    raise NotFound


def customers() -> list[Customer]:
    """List the visitor as each of their agents knows them."""
    return [known_customers.by_id(customer_id) for customer_id in current_user.customer_ids]


def receipts_page(*, older: str | None, newer: str | None) -> Page[ReceiptLine]:
    """Page through the visitor's receipts, newest first, each with the credit notes that correct it below it."""
    page = receipts.for_customers(current_user.customer_ids, older=older, newer=newer)
    notes: dict[UUID, list[ReceiptLine]] = {}
    for note in credit_notes.of_renewals([found.renewal_id for found in page.rows]):
        notes.setdefault(note.renewal_id, []).append(_note_line(note))
    lines = [line for found in page.rows for line in (_receipt_line(found), *notes.get(found.renewal_id, []))]
    return Page(lines, page.newer, page.older)


def receipt(renewal_id: str) -> Receipt:
    """Give the visitor's receipt of a renewal.

    Raises:
        NotFound: there is none, or it is another person's.
    """
    return receipts.one_for_customers(current_user.customer_ids, requests.id_in_address(renewal_id))


def phone_words(number: str) -> str:
    """Write an E.164 number as people read it: `+86 21 6352 0001`."""
    return phonenumbers.format_number(phonenumbers.parse(number), PhoneNumberFormat.INTERNATIONAL)


def zone_words() -> str:
    """Name the zone that dates are in, as people do: `China Time`."""
    name: str = dates.get_timezone_location(ZoneInfo(settings().time_zone), locale=language.current())
    return name


def _face(card: Card, plans: dict[UUID, PlanVersion], renewed: list[Renewal], unpaid: list[PayLink]) -> CardFace:
    plan = plans.get(card.plan_version_id) if card.plan_version_id else None
    return CardFace(card, plan, agents.by_id(card.agent_id), renewed, unpaid)


def _receipt_line(found: Receipt) -> ReceiptLine:
    return _line(found, from_canonical_json(found.content), f"/my/receipts/{found.renewal_id}.pdf")


def _note_line(found: CreditNote) -> ReceiptLine:
    return _line(found, credit_note.from_canonical_json(found.content), f"/my/credit-notes/{found.id}.pdf")


def _line(found: Receipt | CreditNote, content: ReceiptContent | CreditNoteContent, address: str) -> ReceiptLine:
    total, is_credit_note = Money(content.lines.total_minor, content.lines.currency), isinstance(found, CreditNote)
    return ReceiptLine(
        number=found.number,
        is_credit_note=is_credit_note,
        issued_on=_day(found.issued_at),
        agent_name=language.name_of(content.agent) if content.agent else "",
        total=-total if is_credit_note else total,
        address=address,
        is_ready=found.is_ready,
    )


def _is_over(card: Card) -> bool:
    return card.valid_until is not None and card.valid_until <= clock.now()


def _day(at: datetime) -> date:
    return i18n.day_in(at, zone=settings().time_zone)
