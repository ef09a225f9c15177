from tests.payments.conftest import stub

__all__ = ["stub"]
