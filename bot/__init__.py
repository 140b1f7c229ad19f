"""The Slack surface and the shell; nothing else knows Slack."""
