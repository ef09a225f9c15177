"""Write mails from the text templates in `templates/email/`, outside a request as well as in one."""

from functools import lru_cache
from pathlib import Path
from typing import Any
from uuid import UUID

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from portal.core import i18n, mail

TEMPLATES = Path(__file__).resolve().parents[2] / "templates" / "email"


def write(letter: str, language: str, **values: Any) -> tuple[str, str]:
    """Write a letter in a language; gives its subject (the template's first line) and its text."""
    written = _environment(language).get_template(f"{letter}.txt").render(values)
    subject, _, text = written.strip().partition("\n")
    return " ".join(subject.split()), text.strip() + "\n"


def send(letter: str, *, recipient: str, language: str, about: tuple[str, UUID], **values: Any) -> None:
    """Write a letter to somebody, which leaves after the commit; its name is the mail's kind, see `mail.send`."""
    subject, text = write(letter, language, **values)
    mail.send(letter, recipient=recipient, language=language, subject=subject, text=text, about=about)


@lru_cache(maxsize=len(i18n.LANGUAGES))
def _environment(language: str) -> Environment:
    # Plain text: escaping would put &amp; into people's names. A letter is never sent as HTML.
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=False,  # noqa: S701
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.install_gettext_translations(i18n.translations(language), newstyle=True)  # type: ignore[attr-defined]
    environment.filters["money"] = lambda amount: i18n.sum_words(amount, language)
    environment.filters["date"] = lambda day: i18n.date_words(day, language)
    environment.filters["gigabytes"] = lambda megabytes: i18n.quantity_words(megabytes, language)
    environment.globals["language"] = language
    return environment
