"""Filter bars: read from the address, refused beside the field, and kept in every link of the page."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Any, TypedDict

from flask import request
from flask_babel import lazy_gettext as _l
from wtforms import DateField, SelectField, ValidationError
from wtforms.validators import InputRequired

from portal.core.errors import InvalidInput
from portal.web import sentences, words
from portal.web.admin import typed
from portal.web.forms import LineField, PortalForm, choices
from portal.web.sentences import Words

ANY = ""
"""The choice that filters nothing."""


class DayField(DateField):
    """A day, as the browser's own picker writes it."""

    def __init__(self, label: Any = None, *, is_required: bool = False, **kwargs: Any) -> None:
        # Asks whether something was typed, so that what was typed wrongly keeps its own sentence.
        presence = [InputRequired(message=sentences.REASONS["missing"])] if is_required else []
        super().__init__(label, presence, **kwargs)

    def process_formdata(self, valuelist: Sequence[str]) -> None:
        """Read the day; the sentence beside the field is ours, not the library's."""
        text = valuelist[0].strip() if valuelist else ""
        self.data: date | None = None
        if text:
            try:
                self.data = typed.day(text, field=self.name)
            except InvalidInput as error:
                raise ValueError(sentences.of_error(error)) from error


class ChoiceField(SelectField):
    """One of a few, or any."""

    def __init__(self, label: Any = None, *, known: Mapping[str, Words] | None = None, any_words: Words, **kw: Any):
        super().__init__(label, choices=choices({ANY: any_words, **(known or {})}), default=ANY, **kw)

    def pre_validate(self, form: PortalForm) -> None:  # noqa: ARG002 - the library's signature
        """Refuse what the list does not hold, in words of ours."""
        if self.data not in {choice.value for choice in self.choices}:
            raise ValidationError(sentences.of_reason("choice_unknown", {}))


def text_field(label: Words) -> LineField:
    """Make a text to search for."""
    return LineField(label, max_length=100, is_required=False)


def states_of(members: Iterable[StrEnum]) -> dict[str, Words]:
    """Give states with the words of their badges."""
    return {member.value: words.state_words(member) for member in members}


class FilterForm(PortalForm):
    """A filter bar. Nothing is changed by it, so it carries no token, and its address can be kept and sent."""

    class Meta:
        """Read from the address, where a token has no place."""

        csrf = False

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(formdata=request.args, **kwargs)

    @property
    def query(self) -> dict[str, str]:
        """What was typed, without empty fields and without the keys that page through."""
        return {
            name: request.args[name] for name in self._fields if name in request.args and request.args[name].strip()
        }


LONGEST_KEY = 200


class Keys(TypedDict):
    """Where a page begins: the key of the row before it in the list, or after it."""

    older: str | None
    newer: str | None


def keys() -> Keys:
    """Give the keys of the address; one that no page of ours can have written is left out."""
    return Keys(older=_key(request.args.get("older")), newer=_key(request.args.get("newer")))


def _key(text: str | None) -> str | None:
    return text if text and text.isprintable() and len(text) <= LONGEST_KEY else None


class TimeFilterForm(FilterForm):
    """A filter bar with a span of days, both included."""

    since = DayField(_l("From"))
    until = DayField(_l("Until"))

    @property
    def begins_at(self) -> datetime | None:
        """The instant at which the span begins in the operator's zone."""
        return typed.start_of(self.since.data) if self.since.data else None

    @property
    def ends_at(self) -> datetime | None:
        """The instant before which the span ends."""
        return typed.end_of(self.until.data) if self.until.data else None

    def validate(self, extra_validators: Any = None) -> bool:
        """Refuse a span that ends before it begins."""
        is_good: bool = super().validate(extra_validators)
        if self.since.data and self.until.data and self.until.data < self.since.data:
            self.attach(InvalidInput(field="until", reason="span_reversed"))
            return False
        return is_good
