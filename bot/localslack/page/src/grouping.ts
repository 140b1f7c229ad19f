/** Which messages stand together under one name, and where a new day or the unread part begins. */

import type { Message } from "./api";
import { instantOf } from "./blockkit/dates";

const TOGETHER_S = 300;

export interface Row {
  message: Message;
  /** Whether the author's name and picture are shown. */
  isFirst: boolean;
  startsDay: boolean;
  startsUnread: boolean;
}

/** Return messages as rows; `unreadFrom` is the ts of the first unread one, or empty. */
export function rows(messages: readonly Message[], unreadFrom: string): Row[] {
  return messages.map((message, index) => {
    const before = messages[index - 1];
    const startsDay = !before || !sameDay(before.ts, message.ts);
    const startsUnread = unreadFrom !== "" && message.ts === unreadFrom;
    return { message, startsDay, startsUnread, isFirst: startsDay || startsUnread || !together(before, message) };
  });
}

function together(before: Message | undefined, message: Message): boolean {
  if (!before) return false;
  return (
    before.user === message.user &&
    before.username === message.username &&
    !before.reply_count &&
    Boolean(before.is_ephemeral) === Boolean(message.is_ephemeral) &&
    Number(message.ts) - Number(before.ts) < TOGETHER_S
  );
}

function sameDay(a: string, b: string): boolean {
  return instantOf(a).toDateString() === instantOf(b).toDateString();
}
