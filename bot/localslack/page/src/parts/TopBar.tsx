/** The bar on top: where one is, the quick switch, and who acts. */

import { Avatar } from "./Avatar";
import { nameWithKind } from "./kind";
import { usePage } from "./page";

export function TopBar({ openSwitch, become }: { openSwitch(): void; become(name: string): void }) {
  const { model, me } = usePage();
  const people = model.state.users.filter((user) => !user.is_bot && (!user.deleted || user.id === me.id));
  return (
    <header class="topbar">
      <span class="team">
        <span class="team-mark" aria-hidden="true">
          <Avatar user={model.state.bot} size={26} />
        </span>
        <span class="team-name">{model.state.team.name}</span>
      </span>
      <button type="button" class="jump" onClick={openSwitch} aria-keyshortcuts="Control+K">
        <svg viewBox="0 0 20 20" width="15" height="15" aria-hidden="true">
          <path d="M9 3a6 6 0 1 1-3.9 10.6A6 6 0 0 1 9 3Zm4.5 10.5L18 18" fill="none" stroke="currentColor" stroke-width="1.8" />
        </svg>
        <span>Jump to a conversation</span>
        <kbd aria-hidden="true">Ctrl K</kbd>
      </button>
      <label class="person">
        <span class="person-label">You are</span>
        <Avatar user={me} size={24} />
        <select
          data-testid="user-switch"
          aria-label="The person who acts"
          value={me.name}
          onChange={(event) => become(event.currentTarget.value)}
        >
          {people.map((user) => (
            <option key={user.id} value={user.name}>
              {nameWithKind(user)}
            </option>
          ))}
        </select>
      </label>
    </header>
  );
}
