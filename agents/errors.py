"""Errors a person can put right; their text is shown in the thread or the shell as it stands."""

import datetime as dt
import reprlib


class UserError(Exception):
    """Something a person can fix: the text says what happened, the value and the next step."""


def quoted(value: object) -> str:
    """Return a value as a sentence can hold it: in quotes where it is a text, and cut where it is long."""
    if isinstance(value, dt.date):
        return f"the date {value.isoformat()}"
    short = reprlib.Repr()
    short.maxstring = short.maxother = 60
    short.maxlevel, short.maxlist, short.maxdict = 3, 4, 4
    return short.repr(value)
