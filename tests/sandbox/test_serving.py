from pathlib import Path

from tests.carriers.sandbox_process import RunningSandbox


def test_stops_cleanly_when_told_and_keeps_its_books(tmp_path: Path) -> None:
    sandbox = RunningSandbox(tmp_path)
    sandbox.start()
    sandbox.set_fault("late")

    code = sandbox.stop()

    assert code == 0
    assert (tmp_path / "sandbox.sqlite3").exists()
    assert (tmp_path / "sandbox.log").read_text() == ""
