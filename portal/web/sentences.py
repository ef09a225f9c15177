"""Word every refusal: a code and its parts become a sentence that says what happened and what to do.

Whoever adds an error or a `reason` of InvalidInput adds its sentence here, or in a table of their own page package that
they pass to `extend`. Parts of the error fill the named places.
"""

from collections.abc import Mapping
from typing import Any, TypeAlias

from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from portal.core.errors import PortalError

Words: TypeAlias = LazyString | str

SENTENCES: dict[str, Words] = {
    "refused": _l("That is not possible. Nothing was changed."),
    "not_found": _l("There is no such page, or it is not yours to see."),
    "not_allowed": _l("Your account is not permitted to do this. Nothing was changed."),
    "invalid_input": _l("Please check what you entered."),
    "conflict": _l("Somebody changed this in the meantime. Look at it again, then repeat what you wanted to do."),
    "busy": _l("The portal is very busy just now. Nothing was changed; please try again in a few seconds."),
    "wrong_sign_in": _l("This e-mail address and password do not match. Check both, or ask for a new password."),
    "wrong_code": _l("This code is wrong or no longer valid. Check it, or ask for a new one."),
    "link_invalid": _l("This link is not complete. Open it again from the mail, or copy it whole."),
    "link_expired": _l("This link is too old. Ask for a new one."),
    "link_spent": _l("This link has been used already. Ask for a new one if you still need it."),
    "email_taken": _l("Somebody with this e-mail address has an account already."),
    "own_account": _l("You cannot do this to your own account. Ask another administrator."),
    "agent_may_not_sell": _l("Your agent account is not verified at the moment, so it cannot sell. Ask the operator."),
}
"""Error code -> sentence."""

REASONS: dict[str, Words] = {
    "missing": _l("Please fill this in."),
    "too_long": _l("At most %(length)s signs, please."),
    "control_signs": _l("This contains signs that cannot be printed. Please type it again."),
    "line_break": _l("This must be a single line."),
    "amount_missing": _l("Please enter an amount."),
    "amount_full_width": _l("Please type the amount with ordinary digits (half width), such as 1000.50."),
    "amount_negative": _l("The amount must be above zero, without a sign."),
    "amount_not_a_number": _l("Please enter a plain amount such as 1000 or 1,000.50."),
    "amount_too_precise": _l("%(currency)s has at most %(digits)s digits after the point."),
    "amount_too_large": _l("This amount is too large."),
    "amount_zero": _l("The amount must be above zero."),
    "password_too_short": _l("Please use at least %(length)s signs; a short sentence is easy to remember."),
    "password_too_long": _l("Please use at most %(length)s signs."),
    "password_is_email": _l("Please do not use your e-mail address as password."),
    "password_too_common": _l("This password is guessed too easily. Please choose another."),
    "password_wrong": _l("This is not your present password."),
    "password_unchanged": _l("This is your present password. Please choose another."),
    "passwords_differ": _l("The two passwords are not the same."),
    "email_invalid": _l("Please enter an e-mail address such as name@example.com."),
    "role_of_other_side": _l("Agents' people and the operator's people cannot change sides."),
}
"""Reason of InvalidInput -> sentence."""

GENERAL_REASON = _l("This value cannot be accepted.")


def extend(*, sentences: Mapping[str, Words] | None = None, reasons: Mapping[str, Words] | None = None) -> None:
    """Add the sentences of a capability, once, where its pages are imported."""
    SENTENCES.update(sentences or {})
    REASONS.update(reasons or {})


def of_error(error: PortalError) -> str:
    """Say in the reader's language what an error means; of InvalidInput, what is wrong with the value."""
    if "reason" in error.parts:
        return of_reason(error.parts["reason"], error.parts)
    return _filled(_sentence(type(error)), error.parts)


def of_reason(reason: str, parts: Mapping[str, Any]) -> str:
    """Say in the reader's language why a value cannot be accepted."""
    return _filled(REASONS.get(reason, GENERAL_REASON), parts)


def _sentence(kind: type[PortalError]) -> Words:
    # The nearest ancestor that has words: a new kind of Conflict is at least told as one.
    for ancestor in kind.__mro__:
        code = ancestor.__dict__.get("code")
        if code in SENTENCES:
            return SENTENCES[code]
    return SENTENCES["refused"]


def _filled(words: Words, parts: Mapping[str, Any]) -> str:
    text = str(words)
    return text % parts if "%(" in text else text
