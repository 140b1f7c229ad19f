"""Who speaks for Cairn; each implements `agents.conversation.talking.Talker`."""
