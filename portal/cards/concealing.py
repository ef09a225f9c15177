"""Keep EIDs and activation codes concealed: encrypted at rest, found by keyed hash, masked on screen."""

from dataclasses import dataclass

from portal.audit import log
from portal.cards import activation_code, eid
from portal.cards.activation_code import ActivationCode
from portal.cards.models import Card
from portal.core import settings
from portal.core.actor import Actor
from portal.core.crypto import Vault, vault
from portal.core.errors import InvalidInput, NotFound


@dataclass(frozen=True, slots=True)
class Concealed:
    """A text that only the operator's key opens, and its keyed hash; both None for no text."""

    encrypted: bytes | None
    hash: bytes | None


def conceal(text: str | None) -> Concealed:
    """Conceal a text in its normal form."""
    if text is None:
        return Concealed(None, None)
    return Concealed(_vault().encrypt(text), _vault().lookup_hash(text))


def masked_eid(card: Card) -> str | None:
    """Write a card's EID so that its holder knows it: `8986 •••• 7408`; None when none was given."""
    return eid.masked(_vault().decrypt(card.eid_encrypted)) if card.eid_encrypted else None


def masked_activation_code(card: Card) -> str | None:
    """Write a card's activation code without its secret: `LPA:1$rsp.truphone.com$••••`; None when none was given."""
    return _activation_code(card).masked if card.activation_code_encrypted else None


def reveal_eid(card: Card, *, actor: Actor) -> str:
    """Give the EID of a card's device in clear; who saw it stands in the audit log.

    Raises:
        NotFound: none was given.
    """
    if card.eid_encrypted is None:
        raise NotFound
    log.record(actor=actor, act="cards.reveal_eid", subject=("card", card.id))
    return _vault().decrypt(card.eid_encrypted)


def reveal_activation_code(card: Card, *, actor: Actor) -> ActivationCode:
    """Give a card's activation code in clear, to install the card again; who saw it stands in the audit log.

    Raises:
        NotFound: none was given.
    """
    if card.activation_code_encrypted is None:
        raise NotFound
    log.record(actor=actor, act="cards.reveal_activation_code", subject=("card", card.id))
    return _activation_code(card)


def lookup_hashes(text: str) -> list[bytes]:
    """Give the keyed hashes under which a typed text may be found: as an EID, or as an activation code."""
    hashes = []
    for normal in (_as_eid(text), _as_activation_code(text)):
        if normal is not None:
            hashes.append(_vault().lookup_hash(normal))
    return hashes


def _activation_code(card: Card) -> ActivationCode:
    return activation_code.read(_vault().decrypt(card.activation_code_encrypted or b""))


def _as_eid(text: str) -> str | None:
    try:
        return eid.read(text)
    except InvalidInput:
        return None


def _as_activation_code(text: str) -> str | None:
    try:
        return activation_code.read(text).text
    except InvalidInput:
        return None


def _vault() -> Vault:
    return vault(settings.current().encryption_key)
