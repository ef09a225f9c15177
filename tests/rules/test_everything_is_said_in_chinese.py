"""Every text that the portal shows has its Chinese, with the same places for names and sums."""

import re
import tomllib
from functools import lru_cache
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.pofile import read_po

from portal.core import i18n
from tests.rules import tree

PLACE = re.compile(r"%\((\w+)\)([sd])|%%")


@lru_cache(maxsize=1)
def _said() -> dict[str, str]:
    """Every message of the portal, and one place where it is said."""
    mappings = tomllib.loads((tree.ROOT / "pyproject.toml").read_text())["tool"]["babel"]["mappings"]
    rules = [(mapping["pattern"], mapping["method"]) for mapping in mappings]
    said: dict[str, str] = {}
    for folder in ("portal", "templates"):
        found = extract_from_dir(
            tree.ROOT / folder,
            method_map=[(pattern.removeprefix(f"{folder}/"), method) for pattern, method in rules if folder in pattern],
            options_map={pattern.removeprefix(f"{folder}/"): {"silent": "false"} for pattern, _ in rules},
            keywords=DEFAULT_KEYWORDS | {"_l": None},
        )
        for name, line, message, _, _ in found:
            said.setdefault(message if isinstance(message, str) else message[0], f"{folder}/{name}:{line}")
    return said


@lru_cache(maxsize=1)
def _chinese() -> Catalog:
    path = Path(i18n.TRANSLATIONS_DIR) / "zh" / "LC_MESSAGES" / "messages.po"
    with path.open("rb") as file:
        return read_po(file, locale="zh")


def _places(text: str) -> list[str]:
    return sorted(match[0] for match in PLACE.finditer(text) if match[0] != "%%")


def test_finds_what_is_said() -> None:
    assert len(_said()) > 400


def test_every_message_has_its_chinese() -> None:
    chinese = _chinese()

    missing = {
        message: where
        for message, where in _said().items()
        if (known := chinese.get(message)) is None or not known.string or known.fuzzy
    }
    assert missing == {}


def test_every_translation_keeps_the_places_for_names_and_sums() -> None:
    different = {
        str(known.id): str(known.string)
        for known in _chinese()
        if known.id and known.string and _places(str(known.id)) != _places(str(known.string))
    }

    assert different == {}


def test_chinese_is_written_in_chinese() -> None:
    # Names of things, codes and examples may stay as they are; a sentence may not.
    messages = [(str(known.id), str(known.string)) for known in _chinese() if known.id]

    assert [text for text, chinese in messages if text == chinese and len(text.split()) > 3] == []


def test_the_catalogue_holds_nothing_that_is_no_longer_said() -> None:
    assert [str(known.id) for known in _chinese() if known.id and known.id not in _said()] == []
