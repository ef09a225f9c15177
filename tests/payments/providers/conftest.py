from collections.abc import Iterator
from functools import cache

import pytest
from wechatpayv3 import core

from tests.carriers.sandbox_process import RunningSandbox, running_sandbox
from tests.payments.providers.receiver import Receiver, listening


@pytest.fixture(scope="session", autouse=True)
def keys_read_once() -> Iterator[None]:
    """Every test opens an account with the sandbox's one key, and proving a key costs more than most tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("wechatpayv3.core.load_private_key", cache(core.load_private_key))
        yield


@pytest.fixture(scope="session")
def sandbox_process() -> Iterator[RunningSandbox]:
    with running_sandbox() as sandbox:
        yield sandbox


@pytest.fixture(scope="session")
def receiver() -> Iterator[Receiver]:
    with listening() as receiver:
        yield receiver


@pytest.fixture
def sandbox(sandbox_process: RunningSandbox) -> RunningSandbox:
    """The sandbox with no fault set."""
    sandbox_process.clear_faults()
    return sandbox_process
