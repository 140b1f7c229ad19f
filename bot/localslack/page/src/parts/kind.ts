/** What marks somebody who is not an ordinary member, in words. */

import type { User } from "../api";

const KINDS = { member: "", guest: "guest", channel_guest: "one-channel guest", external: "other workspace" };

/** Return "guest" and the like; empty for a member. */
export function kindOf(user: User): string {
  return user.deleted ? "deactivated" : KINDS[user.kind ?? "member"];
}

/** Return a person's name, with what marks them in brackets. */
export function nameWithKind(user: User): string {
  const kind = kindOf(user);
  return kind ? `${user.real_name} (${kind})` : user.real_name;
}
