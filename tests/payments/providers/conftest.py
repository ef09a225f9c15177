from collections.abc import Iterator

import pytest

from tests.carriers.sandbox_process import RunningSandbox, running_sandbox
from tests.payments.providers.receiver import Receiver, listening


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
