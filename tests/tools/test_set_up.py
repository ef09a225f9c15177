"""What `make run` prepares, and what it says when it cannot."""

import re
import sys
from pathlib import Path

import pytest

from tools import front_end, set_up


class Machine:
    """A machine that lacks everything, and records what it is asked to run."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, programs: set[str], is_root: bool = False) -> None:
        self.asked: list[str] = []
        self.can_sudo = False
        monkeypatch.setattr(set_up, "can_load", lambda _library: False)
        monkeypatch.setattr(set_up, "succeeds", self.succeeds)
        monkeypatch.setattr(set_up.os, "geteuid", lambda: 0 if is_root else 1000)
        monkeypatch.setattr(set_up.shutil, "which", lambda name: name if name in programs else None)
        monkeypatch.setattr(set_up.sys, "platform", "linux")
        monkeypatch.delenv("CHROMIUM", raising=False)

    def succeeds(self, command: list[str | Path], **_rest: object) -> bool:
        self.asked.append(" ".join(map(str, command)))
        return self.can_sudo or not self.asked[-1].startswith("sudo")


class TestLibraries:
    def test_names_what_is_missing_and_how_to_get_it(self, monkeypatch: pytest.MonkeyPatch) -> None:
        machine = Machine(monkeypatch, programs={"apt-get"})

        with pytest.raises(SystemExit) as stopped:
            set_up.need_libraries()

        assert "sudo apt-get install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0" in str(stopped.value)
        assert machine.asked == []

    def test_installs_them_as_root(self, monkeypatch: pytest.MonkeyPatch) -> None:
        machine = Machine(monkeypatch, programs={"apt-get"}, is_root=True)

        with pytest.raises(SystemExit):  # This machine still cannot load them.
            set_up.need_libraries()

        assert machine.asked == [
            "apt-get install -y --no-install-recommends libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0"
        ]

    def test_installs_them_with_a_sudo_that_asks_nothing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        machine = Machine(monkeypatch, programs={"apt-get", "sudo"})
        machine.can_sudo = True

        with pytest.raises(SystemExit):
            set_up.need_libraries()

        assert machine.asked[0] == "sudo -n true"
        assert machine.asked[1].startswith("sudo -n apt-get install")

    def test_never_waits_for_the_password_of_a_sudo(self, monkeypatch: pytest.MonkeyPatch) -> None:
        machine = Machine(monkeypatch, programs={"apt-get", "sudo"})

        with pytest.raises(SystemExit, match="sudo apt-get install"):
            set_up.need_libraries()

        assert machine.asked == ["sudo -n true"]

    def test_names_the_packages_where_there_is_no_apt(self, monkeypatch: pytest.MonkeyPatch) -> None:
        Machine(monkeypatch, programs=set())

        with pytest.raises(SystemExit, match="libharfbuzz-subset0"):
            set_up.need_libraries()

    def test_points_to_homebrew_on_macos(self, monkeypatch: pytest.MonkeyPatch) -> None:
        Machine(monkeypatch, programs=set())
        monkeypatch.setattr(set_up.sys, "platform", "darwin")

        with pytest.raises(SystemExit, match="brew install pango"):
            set_up.need_libraries()


class TestChromium:
    def test_is_the_one_that_a_person_names(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("CHROMIUM", sys.executable)

        assert set_up.find_chromium() == sys.executable

    def test_is_an_installed_one(self, monkeypatch: pytest.MonkeyPatch) -> None:
        Machine(monkeypatch, programs={"google-chrome"})

        assert set_up.find_chromium() == "google-chrome"

    def test_is_the_one_without_windows_where_there_are_two(self, monkeypatch: pytest.MonkeyPatch) -> None:
        Machine(monkeypatch, programs={"chromium", "chromium-headless-shell"})

        assert set_up.find_chromium() == "chromium-headless-shell"

    def test_refuses_a_name_that_leads_nowhere(self, monkeypatch: pytest.MonkeyPatch) -> None:
        Machine(monkeypatch, programs=set())
        monkeypatch.setenv("CHROMIUM", "/nowhere/chrome")

        with pytest.raises(SystemExit, match="/nowhere/chrome"):
            set_up.need_chromium()


class TestOnce:
    def test_runs_again_only_when_an_input_changed(self, tmp_path: Path) -> None:
        lock, log, stamp = tmp_path / "lock", tmp_path / "log", tmp_path / ".stamp"
        lock.write_text("one")
        command: list[str | Path] = [sys.executable, "-c", f"open({str(log)!r}, 'a').write('.')"]

        for words in ("one", "one", "two"):
            lock.write_text(words)
            set_up.once("Trying", command, stamp=stamp, inputs=[lock])

        assert log.read_text() == ".."

    def test_shows_what_failed_and_tries_again_next_time(self, tmp_path: Path) -> None:
        stamp = tmp_path / ".stamp"

        with pytest.raises(SystemExit, match="no such luck"):
            set_up.once("Trying", [sys.executable, "-c", "exit('no such luck')"], stamp=stamp, inputs=[])

        assert not stamp.exists()


class TestFrontEnd:
    def test_serves_every_icon_that_a_page_names(self) -> None:
        named = {
            name
            for template in (set_up.ROOT / "templates").rglob("*.html")
            for name in re.findall(r"""icon\(\s*["']([a-z0-9-]+)["']""", template.read_text())
        }

        assert named - set(front_end.ICONS) == set()

    def test_finds_and_copies_every_file_of_the_table(self) -> None:
        for source, target in front_end.table().items():
            assert source.exists(), source
            assert target.read_bytes() == source.read_bytes()

    def test_packs_scripts_and_styles(self) -> None:
        for target in front_end.table().values():
            assert target.with_name(f"{target.name}.gz").exists() == (target.suffix in {".css", ".js"})


class TestLocks:
    @pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt", "package-lock.json"])
    def test_carry_no_address_of_an_index_and_no_path(self, name: str) -> None:
        lock = (set_up.ROOT / name).read_text()

        assert not re.findall(r"--(?:index-url|extra-index-url|find-links|trusted-host)|file:/|resolved", lock)

    def test_pin_the_same_versions_for_production_and_development(self) -> None:
        pins = {
            name: set(re.findall(r"^[a-z0-9._-]+==[^ ]+", (set_up.ROOT / name).read_text(), re.MULTILINE))
            for name in ("requirements.txt", "requirements-dev.txt")
        }

        assert pins["requirements.txt"] < pins["requirements-dev.txt"]
