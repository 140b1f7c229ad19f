"""Who somebody is to Cairn: their role, why they have it, and whom to ask where it is not enough."""

from agents.errors import UserError
from agents.ports import Directory
from agents.runs.roles import SHELL, Policy, Role, Standing, at_shell, is_group

_NAMED = 5


class People:
    """The roles of everybody, by a policy and what the workspace says of them.

    Args:
        directory: Looks people up.
        policy: Who has which role.
    """

    def __init__(self, directory: Directory, policy: Policy) -> None:
        self._directory = directory
        self._policy = policy

    async def standing(self, team_id: str, who: str) -> Standing:
        """Return the role of `who`, a Slack user id or `shell:LOGIN`, as it is now."""
        if who.startswith(SHELL):
            return at_shell(who)
        return self._policy.standing(await self._directory.person(team_id, who))

    async def require(self, team_id: str, who: str, role: Role, what: str) -> Standing:
        """Return the standing of `who`, which is `role` or higher.

        Args:
            team_id: The workspace.
            who: A Slack user id or `shell:LOGIN`.
            role: What it takes.
            what: What they are about to do, such as "approve proposal 7f3a".

        Raises:
            UserError: They may not; the text says which role it takes and who has it.
        """
        standing = await self.standing(team_id, who)
        if standing.role < role:
            raise await self.refusal(team_id, standing, role, what)
        return standing

    async def refusal(self, team_id: str, standing: Standing, role: Role, what: str) -> UserError:
        """Return the error for somebody whose standing is not enough."""
        return UserError(
            f"{standing.who} may not {what}: that takes the role {role.word}, and {standing.who} is {standing}. "
            f"{await self.whom_to_ask(team_id, role)}"
        )

    async def whom_to_ask(self, team_id: str, role: Role, but: str = "") -> str:
        """Return a sentence with the people who have the role, without the one named last."""
        holders = self._policy.holders(role)
        if holders is None:
            return "Every full member of this workspace has it."
        named = [each for each in await self._names(team_id, holders) if each != but]
        if not named:
            return f"Nobody{' else' if but else ''} has it yet: set {role.setting}, or use the shell on Cairn's host."
        more = f" and {len(named) - _NAMED} more" if len(named) > _NAMED else ""
        return f"Ask one of the {role.word}s: {', '.join(named[:_NAMED])}{more}."

    async def _names(self, team_id: str, holders: tuple[str, ...]) -> list[str]:
        """Return people by their ids, and a group by its members or, where they are unknown, by its own."""
        names: dict[str, None] = {}
        for each in holders:
            found = await self._directory.members(team_id, each) if is_group(each) else (each,)
            names |= dict.fromkeys(found or (f"the user group {each}",))
        return list(names)
