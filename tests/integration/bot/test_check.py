"""What `cairn check` says of the people who have roles."""

from pathlib import Path
from typing import Any

from agents.settings import load_settings
from bot.localslack import LocalSlack
from bot.shell.check import Finding, findings


async def found(slack: LocalSlack, data: Path, **given: Any) -> dict[str, Finding]:
    settings = load_settings(
        database_url=None, data_dir=data, slack_bot_token="xoxb-local-bot", slack_api_url=slack.api_url, **given
    )
    return {finding.subject: finding async for finding in findings(settings)}


async def test_each_role_is_listed_with_those_who_have_it(slack: LocalSlack, tmp_path: Path) -> None:
    given = {"admins": ("UBOB000001",), "approvers": ("S0APPROVE",)}
    seen = await found(slack, tmp_path, **given)
    assert seen["admins"] == Finding("admins", "UBOB000001")
    assert seen["approvers"] == Finding("approvers", "UBOB000001, S0APPROVE")
    assert seen["requesters"] == Finding("requesters", "every full member of the workspace")
    assert seen["user group S0APPROVE"] == Finding("user group S0APPROVE", "2 people")


async def test_nobody_who_may_approve_is_told_with_the_setting_to_mend_it(slack: LocalSlack, tmp_path: Path) -> None:
    seen = await found(slack, tmp_path)
    assert "Set CAIRN_APPROVERS" in str(seen["approvers"].mend)
    assert seen["admins"].mend is None


async def test_a_group_that_slack_does_not_know_is_told(slack: LocalSlack, tmp_path: Path) -> None:
    seen = await found(slack, tmp_path, approvers=("S0GONE",))
    assert seen["user group S0GONE"].state == "cannot be looked up (no_such_subteam)"
    assert "usergroups:read" in str(seen["user group S0GONE"].mend)
