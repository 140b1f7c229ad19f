"""Errors a person can put right; their text is shown in the thread or the shell as it stands."""


class UserError(Exception):
    """Something a person can fix: the text says what happened, the value and the next step."""
