"""Settings, from the environment and, where there is one, a `.env` file; secrets never show in a repr."""

import os
from decimal import Decimal
from pathlib import Path
from typing import Annotated

from platformdirs import user_data_path
from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from agents.errors import UserError
from agents.runs.gpus import declared_sizes
from agents.runs.roles import Policy, require_ids

SLACK_API = "https://slack.com/api/"
# The team of the local trial and of a shell that names no other.
LOCAL_TEAM = "T0LOCAL"

Names = Annotated[tuple[str, ...], NoDecode]


def default_data_dir() -> Path:
    """Return where the local trial keeps its data: the user's data folder, as root never under its home.

    The embedded Postgres runs as an unprivileged user when started by root, who could not enter /root.
    """
    if os.geteuid() == 0:
        return Path("/var/lib/cairn")
    return user_data_path("cairn")


class Settings(BaseSettings):
    """What a process of Cairn must know; see README.md for what each variable is for."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore", populate_by_name=True)

    database_url: str | None = Field(None, alias="DATABASE_URL", description="Postgres of one's own")
    database_owner_url: str | None = Field(
        None, alias="DATABASE_OWNER_URL", description="the same database, with the login that migrates"
    )
    data_dir: Path = Field(default_factory=default_data_dir, alias="CAIRN_DATA")
    team_id: str = Field(LOCAL_TEAM, alias="CAIRN_TEAM", description="workspace that the shell works in")
    slack_bot_token: SecretStr | None = Field(None, alias="SLACK_BOT_TOKEN")
    slack_app_token: SecretStr | None = Field(None, alias="SLACK_APP_TOKEN")
    slack_api_url: str = Field(SLACK_API, alias="SLACK_API_URL")
    admins: Names = Field((), alias="CAIRN_ADMINS", description="ids of people or user groups, separated by commas")
    approvers: Names = Field((), alias="CAIRN_APPROVERS", description="ids of people or user groups")
    requesters: Names = Field((), alias="CAIRN_REQUESTERS", description="the same; every full member where empty")
    second_approver_usd: Decimal = Field(
        Decimal(100),
        ge=0,
        allow_inf_nan=False,
        alias="CAIRN_SECOND_APPROVER_USD",
        description="what may cost more takes two approvals, neither of them by the one who asked",
    )
    document_url: str | None = Field(
        None,
        alias="CAIRN_DOCUMENT_URL",
        description="where a document viewer answers; documents are not linked without",
    )
    artifacts: str | None = Field(
        None,
        alias="CAIRN_ARTIFACTS",
        description="where stages keep files that other hosts take up: a folder, or a URL such as s3://BUCKET/PREFIX",
    )
    allowed_roots: Names = Field(
        (), alias="CAIRN_ALLOWED_ROOTS", description="folders that sources may lie under, separated by commas"
    )
    gpus: str | None = Field(
        None, alias="CAIRN_GPUS", description='GPUs that a worker has, where nvidia-smi does not say: "2x80", "none"'
    )
    lease_s: float = Field(30.0, gt=0, alias="CAIRN_LEASE_S", description="how long a silent worker keeps a stage")
    grace_s: float = Field(
        5.0, ge=0, le=86_400, alias="CAIRN_GRACE_S", description="for stages in hand once a worker is told to stop"
    )
    card_interval_s: float = Field(3.0, ge=0, alias="CAIRN_CARD_INTERVAL_S", description="least time between edits")
    prices_file: Path | None = Field(None, alias="CAIRN_PRICES", description="YAML file with prices of your own")
    prices_url: str | None = Field(
        None, alias="CAIRN_PRICES_URL", description="where the newest list of API prices is, in genai-prices' format"
    )
    prices_refresh_h: float = Field(
        24.0,
        ge=0,
        le=8_760,
        alias="CAIRN_PRICES_REFRESH_H",
        description="hours after which lists are fetched anew; 0: never",
    )
    index_exact_up_to: int = Field(50_000, ge=0, alias="CAIRN_INDEX_EXACT_UP_TO", description="chunks")

    @field_validator("admins", "approvers", "requesters", "allowed_roots", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("admins", "approvers", "requesters")
    @classmethod
    def _are_ids(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        require_ids(value)
        return value

    @field_validator("gpus")
    @classmethod
    def _declare_gpus(cls, value: str | None) -> str | None:
        if value is not None:
            declared_sizes(value)
        return value

    @property
    def policy(self) -> Policy:
        """Who has which role."""
        return Policy(frozenset(self.admins), frozenset(self.approvers), frozenset(self.requesters))


def load_settings(**given: object) -> Settings:
    """Return the settings of this process; `given` values beat the environment.

    Raises:
        UserError: A variable has a value that cannot be used; the text names it.
    """
    try:
        return Settings(**given)  # type: ignore[arg-type]  # validated here, field by field
    except ValidationError as cause:
        first = cause.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        raise UserError(
            f"{name}={first.get('input')!r} cannot be used: {first['msg'].removeprefix('Value error, ')}. "
            "Correct it and start again."
        ) from None
