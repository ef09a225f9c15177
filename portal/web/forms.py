"""Forms: what every one of them refuses by itself, and how a capability's refusal comes to stand by its field."""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from email_validator import EmailNotValidError, validate_email
from flask_wtf import FlaskForm
from wtforms import Field, HiddenField, StringField, TextAreaField, ValidationError
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, Optional

from portal.core.errors import PortalError
from portal.web import sentences

SHOWN_BESIDE_FIELDS = frozenset({400, 409, 410, 422})
"""Refusals with these statuses are shown in the form; all others are pages of their own."""

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u2028\u2029\ud800-\udfff]")
_BREAKS = re.compile(r"[\r\n\t]")


class PortalForm(FlaskForm):
    """A form that keeps what was typed and shows every refusal in the reader's language."""

    form_errors: list[str]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.is_refused = False

    @property
    def status(self) -> int:
        """The HTTP status of the page that shows this form: 422 once it was refused, else 200."""
        return 422 if self.errors or self.is_refused else 200

    def attach(self, error: PortalError) -> None:
        """Show a capability's refusal by the field it names, or above the form."""
        self.is_refused = True
        sentence = sentences.of_error(error)
        field = self._fields.get(str(error.parts.get("field", "")))
        if field is None or isinstance(field, HiddenField):
            self.form_errors = [*self.form_errors, sentence]
        else:
            field.errors = [*field.errors, sentence]

    @contextmanager
    def refusals(self) -> Iterator[None]:
        """Attach what the block refuses; the code after the block then shows the form again.

        Put the transaction inside, and return the redirect inside as well.
        """
        try:
            yield
        except PortalError as error:
            if error.status not in SHOWN_BESIDE_FIELDS:
                raise
            self.attach(error)


def _stripped(value: str | None) -> str | None:
    return value.strip() if isinstance(value, str) else value


def _printable(_form: PortalForm, field: Field) -> None:
    signs = _CONTROL if isinstance(field, TextAreaField) else re.compile(f"{_CONTROL.pattern}|{_BREAKS.pattern}")
    if isinstance(field.data, str) and signs.search(field.data):
        raise ValidationError(sentences.of_reason("control_signs", {}))


def required() -> DataRequired:
    """Refuse an empty field."""
    return DataRequired(message=sentences.REASONS["missing"])


def at_most(length: int) -> Callable[[PortalForm, Field], None]:
    """Refuse a text longer than its column."""

    def check(_form: PortalForm, field: Field) -> None:
        if field.data and len(field.data) > length:
            raise ValidationError(sentences.of_reason("too_long", {"length": length}))

    check.field_flags = {"maxlength": length}  # type: ignore[attr-defined]
    return check


def email_address(_form: PortalForm, field: Field) -> None:
    """Refuse what is no e-mail address; nobody is asked whether it exists."""
    try:
        field.data = validate_email(field.data, check_deliverability=False).normalized
    except EmailNotValidError:
        raise ValidationError(sentences.of_reason("email_invalid", {})) from None


def choices(words: Mapping[str, sentences.Words]) -> list[SelectChoice]:
    """Give the choices of a select field: value -> words."""
    return [SelectChoice(value, text) for value, text in words.items()]


def uploaded(field: Field, *, longest: int) -> bytes:
    """Read the file that was sent, nothing where none was; one of more than `longest` bytes is cut after one more.

    That byte tells its reader a file that is too large from one that just fits.
    """
    if not field.data:
        return b""
    with field.data.stream as file:
        content: bytes = file.read(longest + 1)
    return content


class LineField(StringField):
    """One line of text: stripped, printable, no longer than its column."""

    def __init__(self, label: Any = None, *, max_length: int, is_required: bool = True, **kwargs: Any) -> None:
        presence = required() if is_required else Optional(strip_whitespace=True)
        validators = [presence, _printable, at_most(max_length), *kwargs.pop("validators", ())]
        super().__init__(label, validators, filters=[_stripped], **kwargs)


class TextField(TextAreaField):
    """Several lines of text: stripped, printable, no longer than its column."""

    def __init__(self, label: Any = None, *, max_length: int, is_required: bool = True, **kwargs: Any) -> None:
        presence = required() if is_required else Optional(strip_whitespace=True)
        super().__init__(label, [presence, _printable, at_most(max_length)], filters=[_stripped], **kwargs)
