"""Every setting is listed for operators, with its real default."""

import re
from pathlib import Path

import pytest
from dotenv import dotenv_values

from portal.core.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / ".env.example"
NAMES = sorted(name.upper() for name in Settings.model_fields)


@pytest.mark.parametrize("name", NAMES)
def test_is_in_the_example_and_in_the_operators_guide(name: str) -> None:
    assert name in dotenv_values(EXAMPLE)
    assert f"| `{name}` |" in (ROOT / "docs" / "operations.md").read_text()


def test_lists_no_setting_that_is_gone() -> None:
    described = re.findall(r"^\| `([A-Z_]+)` \|", (ROOT / "docs" / "operations.md").read_text(), re.MULTILINE)

    assert sorted(dotenv_values(EXAMPLE)) == NAMES
    assert sorted(described) == NAMES


def test_shows_the_real_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)

    shown = Settings(_env_file=EXAMPLE)

    assert shown == Settings(_env_file=None)
