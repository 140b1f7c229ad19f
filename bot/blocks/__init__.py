"""Values to Block Kit: pure, with Slack's limits kept whatever the values are."""
