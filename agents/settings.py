"""Settings, from the environment and, where there is one, a `.env` file; secrets never show in a repr."""

import os
import re
import sys
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal, Self

from platformdirs import user_data_path
from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from agents.costs.inputs import LARGE_MODEL
from agents.errors import UserError
from agents.runs.gpus import declared_sizes
from agents.runs.roles import Policy, require_ids

SLACK_API = "https://slack.com/api/"
# The team of the local trial and of a shell that names no other.
LOCAL_TEAM = "T0LOCAL"

Names = Annotated[tuple[str, ...], NoDecode]

# What leads out of the host to base models, and what leads torch to the drivers of GPUs and to its cores.
_FOR_TRAINING = (
    *("HF_ENDPOINT", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "https_proxy", "http_proxy", "no_proxy"),
    *("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CUDA_HOME", "LD_LIBRARY_PATH", "OMP_NUM_THREADS"),
)


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
    talker: Literal["auto", "guided", "claude", "vllm"] = Field(
        "auto",
        alias="CAIRN_TALKER",
        description="who talks where nobody is chosen; auto: claude with a key, else vllm with a URL, else guided",
    )
    anthropic_api_key: SecretStr | None = Field(None, alias="ANTHROPIC_API_KEY")
    anthropic_base_url: str | None = Field(None, alias="ANTHROPIC_BASE_URL", description="of a proxy of your own")
    model: str = Field(LARGE_MODEL, alias="CAIRN_MODEL", description="the Claude that talks")
    small_model: str | None = Field(
        None, alias="CAIRN_SMALL_MODEL", description="a Claude that takes what was said into answers before it talks"
    )
    model_max_tokens: int = Field(2_048, ge=128, le=64_000, alias="CAIRN_MODEL_MAX_TOKENS", description="of one reply")
    model_context: int = Field(200_000, ge=16_000, alias="CAIRN_MODEL_CONTEXT", description="tokens")
    model_timeout_s: float = Field(
        60.0, gt=0, le=600, alias="CAIRN_MODEL_TIMEOUT_S", description="for a whole reply, of Claude or vLLM"
    )
    vllm_url: str | None = Field(
        None, alias="CAIRN_VLLM_URL", description="a vLLM server that talks, without /v1, such as http://gpu:8000"
    )
    vllm_model: str | None = Field(None, alias="CAIRN_VLLM_MODEL", description="its model, as it serves it")
    vllm_api_key: SecretStr | None = Field(None, alias="CAIRN_VLLM_API_KEY")
    vllm_context: int = Field(32_768, ge=12_000, alias="CAIRN_VLLM_CONTEXT", description="tokens; its --max-model-len")
    vllm_max_tokens: int = Field(1_024, ge=128, alias="CAIRN_VLLM_MAX_TOKENS", description="of one reply")
    train_python: Path = Field(
        Path(sys.executable), alias="CAIRN_TRAIN_PYTHON", description="Python with torch, trl and peft, for training"
    )
    hf_token: SecretStr | None = Field(None, alias="HF_TOKEN", description="for base models with a licence to accept")
    hf_home: Path | None = Field(None, alias="HF_HOME", description="where base models are kept")
    hf_offline: bool = Field(False, alias="HF_HUB_OFFLINE", description="whether base models are never downloaded")
    retention_days: float = Field(
        90.0,
        ge=0,
        le=36_500,
        alias="CAIRN_RETENTION_DAYS",
        description="days after which what people wrote is deleted; answers and verdicts stay; 0: never",
    )
    openai_api_key: SecretStr | None = Field(
        None, alias="CAIRN_OPENAI_API_KEY", description="of an API of OpenAI's kind, for teachers"
    )
    openai_base_url: str | None = Field(
        None, alias="CAIRN_OPENAI_BASE_URL", description="without /v1; OpenAI's if absent"
    )
    serve_url: str | None = Field(
        None, alias="CAIRN_SERVE_URL", description="the vLLM beside this worker that serves students, or unix:///PATH"
    )
    serve_api_key: SecretStr | None = Field(None, alias="CAIRN_SERVE_API_KEY")
    serve_gpus: str | None = Field(
        None, alias="CAIRN_SERVE_GPUS", description='its GPUs, which price it, such as "2xH200-141"; one such as trains'
    )
    serve_dir: Path | None = Field(
        None, alias="CAIRN_SERVE_DIR", description="where it finds their files; `students` in CAIRN_DATA if absent"
    )
    serve_slots: int = Field(
        0, ge=0, le=64, alias="CAIRN_SERVE_SLOTS", description="servers beside this worker for one whole student each"
    )
    serve_shares_gpu: bool = Field(
        False, alias="CAIRN_SERVE_SHARES_GPU", description="whether those servers sleep while this host trains on a GPU"
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

    @field_validator("serve_url")
    @classmethod
    def _is_server(cls, value: str | None) -> str | None:
        if value is not None and not re.fullmatch(r"(?:https?://[^\s/]+|unix:///)\S*", value):
            raise ValueError("write an address that begins with http://, https:// or unix:///")
        return value.rstrip("/").removesuffix("/v1") if value else None

    @property
    def serve_folder(self) -> Path:
        """Where the server of students finds their files."""
        return (self.serve_dir or self.data_dir / "students").absolute()

    @field_validator("anthropic_base_url", "openai_base_url", "vllm_url")
    @classmethod
    def _is_address(cls, value: str | None) -> str | None:
        if value is not None and not re.fullmatch(r"https?://[^\s/]+\S*", value):
            raise ValueError("write an address that begins with http:// or https://")
        return value.rstrip("/").removesuffix("/v1") if value else None

    @model_validator(mode="after")
    def _has_what_the_talker_needs(self) -> Self:
        if self.talker == "claude" and self.anthropic_api_key is None:
            raise ValueError("CAIRN_TALKER is claude, which needs ANTHROPIC_API_KEY: set it, or CAIRN_TALKER=auto")
        if self.talker == "vllm" and (self.vllm_url is None or self.vllm_model is None):
            raise ValueError("CAIRN_TALKER is vllm, which needs CAIRN_VLLM_URL and CAIRN_VLLM_MODEL. Set both")
        if (self.vllm_url is None) != (self.vllm_model is None):
            missing = "CAIRN_VLLM_URL" if self.vllm_url is None else "CAIRN_VLLM_MODEL"
            raise ValueError(f"CAIRN_VLLM_URL and CAIRN_VLLM_MODEL belong together: set {missing}")
        return self

    @property
    def train_environment(self) -> dict[str, str]:
        """The variables that the process which trains is given, and the process of no other stage."""
        given = {name: os.environ[name] for name in _FOR_TRAINING if name in os.environ}
        if self.hf_token is not None:
            given["HF_TOKEN"] = self.hf_token.get_secret_value()
        if self.hf_home is not None:
            given["HF_HOME"] = str(self.hf_home)
        if self.hf_offline:
            given["HF_HUB_OFFLINE"] = "1"
        return given

    @staticmethod
    def source_dsn(variable: str) -> str | None:
        """Return the address of a database that students may learn from; read when asked, and kept nowhere."""
        return os.environ.get(variable) or None

    @property
    def default_talker(self) -> str:
        """Who talks in a workspace that chose nobody."""
        if self.talker != "auto":
            return self.talker
        if self.anthropic_api_key is not None:
            return "claude"
        return "vllm" if self.vllm_url is not None else "guided"

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
        said = first["msg"].removeprefix("Value error, ")
        if not first["loc"]:
            # What was given as a whole holds keys.
            raise UserError(f"{said}, and start again.") from None
        name = ".".join(str(part) for part in first["loc"])
        raise UserError(f"{name}={first.get('input')!r} cannot be used: {said}. Correct it and start again.") from None
