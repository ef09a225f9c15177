"""Every template compiles, forgives no unknown name, titles its page, and holds nothing that the CSP forbids."""

import re
from pathlib import Path

import pytest
from flask import Flask
from jinja2 import Environment, StrictUndefined

from portal.core import letters
from portal.receipts import document
from tests.rules import tree

PAGES = sorted(
    path
    for folder in (tree.ROOT / "templates").iterdir()
    if folder.name not in ("email", "documents")
    for path in folder.rglob("*.html")
)
LETTERS = sorted((tree.ROOT / "templates" / "email").glob("*.txt"))

FORBIDDEN = {
    "an inline style": re.compile(r"\sstyle\s*=", re.IGNORECASE),
    "an inline script": re.compile(r"<script\b(?! type=\"application/json\")[^>]*>\s*[^\s<]", re.IGNORECASE),
    "an inline handler": re.compile(r"<[a-z][^>]*\son[a-z]+\s*=", re.IGNORECASE),
    "an htmx handler": re.compile(r"\shx-on[:=-]|\shx-vals\s*=\s*.js:", re.IGNORECASE),
    "a script address": re.compile(r"[\"']\s*javascript:", re.IGNORECASE),
    "a style sheet in the page": re.compile(r"<style\b", re.IGNORECASE),
    "text that is not escaped": re.compile(r"\|\s*safe\b|autoescape\s+false", re.IGNORECASE),
}

EXTENDS = re.compile(r"{%-?\s*extends\b")
TITLE = re.compile(r"{%-?\s*block title\b")


def _name(path: Path) -> str:
    return path.relative_to(tree.ROOT / "templates").as_posix()


def _is_page(path: Path) -> bool:
    is_layout = path.parent.name == "layout" or path.stem.strip("_") == "layout"
    return bool(EXTENDS.search(path.read_text())) and not is_layout


@pytest.mark.parametrize("path", PAGES, ids=_name)
def test_a_page_compiles(app: Flask, path: Path) -> None:
    assert app.jinja_env.undefined is StrictUndefined
    assert app.jinja_env.get_template(_name(path))


@pytest.mark.parametrize("path", PAGES, ids=_name)
def test_a_page_holds_nothing_that_the_policy_forbids(path: Path) -> None:
    text = re.sub(r"{#.*?#}", "", path.read_text(), flags=re.DOTALL)

    assert [what for what, sign in FORBIDDEN.items() if sign.search(text)] == []


@pytest.mark.parametrize("path", [path for path in PAGES if _is_page(path)], ids=_name)
def test_a_whole_page_has_a_title(path: Path) -> None:
    assert TITLE.search(path.read_text())


@pytest.mark.parametrize("path", LETTERS, ids=_name)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_letter_compiles(path: Path, language: str) -> None:
    environment = letters._environment(language)

    assert environment.undefined is StrictUndefined
    assert environment.get_template(path.name)


def test_a_receipt_forgives_no_unknown_name() -> None:
    document.warm()

    environments = {template.environment for template in document._press().templates.values()}
    assert environments
    assert all(isinstance(found, Environment) and found.undefined is StrictUndefined for found in environments)
