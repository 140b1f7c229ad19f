"""How the servers of students beside this worker stand, for `cairn check`."""

from contextlib import AsyncExitStack

from agents.distillation.serving import ServerError
from agents.settings import Settings
from agents.wiring import open_server


async def students_standing(settings: Settings) -> tuple[str, str | None]:
    """Return how they stand, and what to do where that is not well."""
    slots = f"{settings.serve_slots} slots for those with weights of their own" if settings.serve_slots else ""
    async with AsyncExitStack() as opened:
        server = open_server(settings, opened)
        if server is None:
            none = "made here, and not served (CAIRN_SERVE_URL, CAIRN_SERVE_SLOTS)"
            return (f"served in {slots}" if slots else none), None
        try:
            served = await server.models()
        except ServerError as cause:
            return f"not served: {cause}", "`deploy/README.md` says how vLLM is started; students are made without."
    adapters = sum(each.parent is not None for each in served)
    bases = ", ".join(each.name for each in served if each.parent is None)
    beside = f", and in {slots}" if slots else ""
    return f"{server.url} serves {bases} with {adapters} adapters{beside}", None
