"""The servers that `make run` and the tests start for themselves."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from sqlalchemy import create_engine, text

from portal.core.embedded import (
    EmbeddedServerFailed,
    PostgresServer,
    ValkeyServer,
    places,
    temporary_folder,
    temporary_postgres,
    temporary_valkey,
)

pytestmark = pytest.mark.slow

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root changes user")


def ask(url: str, statement: str) -> object:
    engine = create_engine(url)
    try:
        with engine.begin() as connection:
            result = connection.execute(text(statement))
            return result.scalar() if result.returns_rows else None
    finally:
        engine.dispose()


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgresServer]:
    with temporary_postgres() as server:
        yield server


@pytest.fixture(scope="module")
def valkey() -> Iterator[ValkeyServer]:
    with temporary_valkey() as server:
        yield server


class TestPostgres:
    def test_keeps_its_promises_to_the_disk(self, postgres: PostgresServer) -> None:
        assert ask(postgres.url(), "SHOW fsync") == "on"
        assert ask(postgres.url(), "SHOW full_page_writes") == "on"
        assert ask(postgres.url(), "SHOW synchronous_commit") == "on"

    def test_understands_every_script_whatever_the_locale_of_the_machine(self, postgres: PostgresServer) -> None:
        assert ask(postgres.url(), "SHOW server_encoding") == "UTF8"
        assert ask(postgres.url(), "SELECT lower('NGUYỄN ПЕТРОВА 张喆')") == "nguyễn петрова 张喆"

    def test_listens_on_no_port(self, postgres: PostgresServer) -> None:
        assert ask(postgres.url(), "SHOW listen_addresses") == ""

    def test_keeps_committed_rows_over_a_power_cut(self) -> None:
        with temporary_postgres() as server:
            ask(server.url(), "CREATE TABLE kept (n int)")
            ask(server.url(), "INSERT INTO kept VALUES (7)")
            address = server.url()

            server.stop("immediate")
            server.start()

            assert server.url() == address
            assert ask(server.url(), "SELECT n FROM kept") == 7

    def test_refuses_to_be_started_twice(self, postgres: PostgresServer) -> None:
        with pytest.raises(EmbeddedServerFailed, match="started already"):
            postgres.start()

    def test_says_why_it_did_not_start(self) -> None:
        with (
            temporary_folder() as folder,
            pytest.raises(EmbeddedServerFailed, match="no_such_setting"),
            PostgresServer(folder / "postgres", settings={"no_such_setting": "1"}),
        ):
            pass

    def test_stops_what_a_killed_owner_left_running(self) -> None:
        with temporary_folder() as folder:
            lost = PostgresServer(folder / "postgres").start()

            found = PostgresServer(folder / "postgres")

            assert found.stop_leftover()
            assert not lost.is_running
            assert not found.stop_leftover()

    def test_serves_on_a_path_too_long_for_a_socket(self) -> None:
        with temporary_folder() as folder, PostgresServer(folder / ("long" * 30) / "postgres") as server:
            assert ask(server.url(), "SELECT 1") == 1

    def test_copies_a_database(self, postgres: PostgresServer) -> None:
        ask(postgres.url(), "CREATE TABLE copied (n int)")

        postgres.create_database("copy", template="portal")

        assert ask(postgres.url("copy"), "SELECT count(*) FROM copied") == 0

    def test_brings_its_programs(self, postgres: PostgresServer) -> None:
        printed = subprocess.run([postgres.binary("pgbench"), "--version"], check=True, capture_output=True, text=True)

        assert printed.stdout.startswith("pgbench (PostgreSQL) 18")

    def test_removes_what_is_temporary(self) -> None:
        with temporary_postgres() as server:
            folder = server.data_dir.parent

        assert not folder.exists()

    @as_root
    def test_never_runs_as_root_and_lets_nobody_else_in(self, postgres: PostgresServer) -> None:
        assert postgres.data_dir.stat().st_uid != 0
        assert postgres.data_dir.stat().st_mode & 0o777 == 0o700

    @as_root
    def test_moves_rows_and_programs_where_its_user_reaches_them(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        closed = tmp_path / "closed"
        closed.mkdir(mode=0o700)
        with temporary_folder() as reachable:
            monkeypatch.setattr(places, "REACHABLE_FOLDER", reachable / "leb-portal")
            monkeypatch.setattr(places.SystemUser, "can_reach", lambda _user, path: path.is_relative_to(reachable))

            with PostgresServer(closed / "postgres") as server:
                assert ask(server.url(), "SELECT 1") == 1
                assert server.has_moved
                assert server.data_dir.is_relative_to(reachable)
                assert server.binary("postgres").is_relative_to(reachable)

        assert closed.stat().st_mode & 0o777 == 0o700
        assert list(closed.iterdir()) == []


class TestValkey:
    def test_keeps_what_it_was_told_over_a_restart(self) -> None:
        with temporary_valkey() as server, redis.Redis.from_url(server.url(3)) as client:
            client.set("told", "kept")

            server.stop()
            server.start()

            assert client.get("told") == b"kept"

    def test_refuses_to_forget_when_memory_is_short(self, valkey: ValkeyServer) -> None:
        with redis.Redis.from_url(valkey.url()) as client:
            assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}

    def test_refuses_a_caller_without_the_password(self, valkey: ValkeyServer) -> None:
        stranger = redis.Redis.from_url(valkey.url().replace("redis://:", "redis://:not"))

        with stranger, pytest.raises(redis.AuthenticationError):
            stranger.ping()

    def test_hides_the_password_from_other_users(self, valkey: ValkeyServer) -> None:
        assert (valkey.data_dir / "valkey.conf").stat().st_mode & 0o777 == 0o600

    def test_stops_what_a_killed_owner_left_running(self) -> None:
        with temporary_folder() as folder:
            lost = ValkeyServer(folder / "valkey").start()

            found = ValkeyServer(folder / "valkey")

            assert found.stop_leftover()
            lost.stop()
            assert not found.stop_leftover()

    def test_says_why_it_did_not_start(self) -> None:
        with (
            temporary_folder() as folder,
            pytest.raises(EmbeddedServerFailed, match="no-such-setting"),
            ValkeyServer(folder / "valkey", settings={"no-such-setting": "1"}),
        ):
            pass


def test_a_ctrl_c_in_the_terminal_does_not_reach_the_servers(postgres: PostgresServer, valkey: ValkeyServer) -> None:
    postmaster = int((postgres.data_dir / "postmaster.pid").read_text().splitlines()[0])
    with redis.Redis.from_url(valkey.url()) as client:
        valkey_process = int(client.info()["process_id"])

    assert os.getpgid(postmaster) != os.getpgrp()
    assert os.getpgid(valkey_process) != os.getpgrp()
