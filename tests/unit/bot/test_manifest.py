"""The manifest is one that Slack takes, and asks for what the bot uses."""

import json

from jsonschema import Draft7Validator

from bot.manifest import load_manifest
from tests.shared_data import shared


def test_the_manifest_keeps_slacks_schema() -> None:
    schema = json.loads(shared("data/slack/manifest/manifest.schema.2.0.0.json").read_text(encoding="utf-8"))
    assert [error.message for error in Draft7Validator(schema).iter_errors(load_manifest())] == []


def test_the_manifest_grants_what_the_outbox_looks_up_and_posts() -> None:
    scopes = set(load_manifest()["oauth_config"]["scopes"]["bot"])
    assert {"chat:write", "channels:history", "groups:history", "im:history", "im:write", "files:write"} <= scopes


def test_the_manifest_subscribes_to_what_the_inbox_takes() -> None:
    events = set(load_manifest()["settings"]["event_subscriptions"]["bot_events"])
    assert {"app_mention", "app_home_opened", "message.channels", "message.groups", "message.im"} <= events
