"""Read every setting once, from the environment and `.env`; name what a production start lacks."""

import os
from enum import StrEnum
from pathlib import Path
from typing import Literal

from flask import current_app
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

DEFAULT_SECRET_KEY = "development-only-secret-key-not-for-production"  # noqa: S105 - public on purpose; production refuses it
DEFAULT_ENCRYPTION_KEY = "development-only-encryption-key-not-for-production"


RUNNING = "running.env"
"""Below PORTAL_HOME, while `make run` runs: where its database and the rest are, for commands beside it."""


def _running_note() -> Path:
    return Path(os.environ.get("PORTAL_HOME", "var")) / RUNNING


class Environment(StrEnum):
    """Where the portal runs; only `production` is strict about secrets and demo parts."""

    DEVELOPMENT = "development"
    TEST = "test"
    PRODUCTION = "production"


class Settings(BaseSettings):
    """Everything that an operator may set. `docs/operations.md` explains each by its upper-case name."""

    model_config = SettingsConfigDict(env_file=(_running_note(), ".env"), extra="ignore", env_ignore_empty=True)

    portal_env: Environment = Environment.DEVELOPMENT
    portal_home: Path = Path("var")
    port: int = Field(default=8000, ge=1, le=65535)
    base_url: str = ""
    secret_key: str = DEFAULT_SECRET_KEY
    encryption_key: str = DEFAULT_ENCRYPTION_KEY

    database_url: str = ""
    database_pool_size: int = Field(default=10, ge=1)
    redis_url: str = ""
    queue_name: str = "portal"

    demo: bool = False
    sandbox_url: str = "http://127.0.0.1:8010"
    sandbox_carriers: bool = True
    sandbox_payments: bool = True
    sandbox_settles_seconds: float = Field(default=30, gt=0)
    carrier_connect_seconds: float = Field(default=5, gt=0)
    carrier_submit_seconds: float = Field(default=60, gt=0)

    invoices_dir: Path = Path("invoices")
    mail_url: str = ""
    mail_from: str = "LEB Portal <portal@leb.example>"

    time_zone: str = "Asia/Shanghai"
    default_language: Literal["zh", "en"] = "zh"
    accent_colour: str = Field(default="#0f766e", pattern=r"^#[0-9a-fA-F]{6}$")

    issuer_name_en: str = "LEB Communications (example) Ltd"
    issuer_name_zh: str = "LEB 通信（示例）有限公司"
    issuer_address_en: str = "88 Example Road, Xuhui, Shanghai"
    issuer_address_zh: str = "上海市徐汇区示例路 88 号"
    issuer_tax_id: str = "91310000MA1K000000"

    rate_limit_sign_in: str = "10 per minute; 50 per hour"
    rate_limits: bool = True
    trusted_proxies: int = Field(default=0, ge=0, le=5)
    refund_approval_above: int = Field(default=500, ge=0)
    top_up_at_most: int = Field(default=1_000_000, ge=1)
    outbox_lease_seconds: int = Field(default=90, ge=1)
    outbox_attempts: int = Field(default=20, ge=1)

    @property
    def address(self) -> str:
        """The public address of the portal, without a closing slash; links in mails and QR codes start so."""
        return (self.base_url or f"http://127.0.0.1:{self.port}").rstrip("/")

    @property
    def is_production(self) -> bool:
        """Whether the strict rules of a production start hold."""
        return self.portal_env is Environment.PRODUCTION

    @property
    def mail_dir(self) -> Path:
        """Where mails are written while no mail server is set."""
        return self.portal_home / "mail"

    def production_faults(self) -> list[str]:
        """Name every setting that must not stand as it is in production; empty when all is well."""
        if not self.is_production:
            return []
        faults = {
            "SECRET_KEY is missing or the public default": self.secret_key == DEFAULT_SECRET_KEY
            or len(self.secret_key) < 32,
            "ENCRYPTION_KEY is missing or the public default": self.encryption_key == DEFAULT_ENCRYPTION_KEY
            or len(self.encryption_key) < 32,
            "DATABASE_URL is missing": not self.database_url,
            "REDIS_URL is missing": not self.redis_url,
            "BASE_URL is missing or not https": not self.base_url.startswith("https://"),
            "DEMO is on: demo accounts have printed passwords": self.demo,
            "SANDBOX_CARRIERS is on: the sandbox delivers nothing": self.sandbox_carriers,
            "SANDBOX_PAYMENTS is on: the sandbox's money is none": self.sandbox_payments,
            "MAIL_URL is missing: customers would get no mail": not self.mail_url,
        }
        return [name for name, is_faulty in faults.items() if is_faulty]


def current() -> Settings:
    """Give the running application's settings."""
    found: Settings = current_app.extensions["portal_settings"]
    return found
