/** What the composer offers while one types: commands, their arguments, people, channels and emoji. Pure. */

import type { Channel, Command, User, UserGroup } from "./api";
import { emojiNames } from "./blockkit/emoji";

export interface Suggestion {
  /** What stands in the list, what explains it, and what replaces the typed part. */
  label: string;
  detail: string;
  insert: string;
}

export interface Completion {
  kind: "command" | "argument" | "person" | "channel" | "emoji";
  /** Where the typed part begins. */
  from: number;
  typed: string;
  suggestions: Suggestion[];
}

export interface Known {
  commands: readonly Command[];
  users: readonly User[];
  user_groups: readonly UserGroup[];
  channels: readonly Channel[];
}

const MOST = 8;

/** Return what fits the text before the caret, or null. */
export function completionAt(text: string, caret: number, known: Known): Completion | null {
  const before = text.slice(0, caret);
  const found = command(before, known) ?? argument(before, known) ?? mention(before, known) ?? emoji(before);
  return found && found.suggestions.length > 0 ? found : null;
}

/** Return the command a text runs, or null when the text is a message. */
export function commandOf(text: string): { command: string; text: string } | null {
  const match = /^(\/[^\s/]+)(?:\s+([\s\S]*))?$/.exec(text.trim());
  return match ? { command: match[1] as string, text: match[2] ?? "" } : null;
}

/** Whether Enter should send although the list is open: what is typed is already whole. */
export function isWhole(completion: Completion): boolean {
  const typed = completion.typed.toLowerCase();
  return completion.suggestions.some((one) => one.insert.trim().toLowerCase() === typed);
}

function command(before: string, { commands }: Known): Completion | null {
  if (!/^\/\S*$/.test(before)) return null;
  const suggestions = commands
    .filter((one) => one.command.startsWith(before))
    .map((one) => ({
      label: [one.command, one.usage_hint].filter(Boolean).join(" "),
      detail: one.description ?? "",
      insert: `${one.command} `,
    }));
  return { kind: "command", from: 0, typed: before, suggestions };
}

// A hint such as "[decide | cost]" or "decide|cost" names what may follow the command.
function argument(before: string, { commands }: Known): Completion | null {
  const match = /^(\/\S+) +(\S*)$/.exec(before);
  const named = commands.find((one) => one.command === match?.[1]);
  if (!match || !named?.usage_hint?.includes("|")) return null;
  const typed = match[2] as string;
  const words = (named.usage_hint.replace(/[[\]()]/g, "").split("|")).map((word) => word.trim());
  const suggestions = words
    .filter((word) => /^[a-z]/i.test(word) && word.toLowerCase().startsWith(typed.toLowerCase()))
    .slice(0, 20)
    .map((word) => ({ label: `${named.command} ${word}`, detail: "", insert: `${word.split(" ")[0]} ` }));
  return { kind: "argument", from: before.length - typed.length, typed, suggestions };
}

function mention(before: string, { users, user_groups, channels }: Known): Completion | null {
  const match = /(?:^|[\s(])([@#])([\p{L}\d._-]*)$/u.exec(before);
  if (!match) return null;
  const typed = `${match[1]}${match[2]}`;
  const prefix = (match[2] as string).toLowerCase();
  const from = before.length - typed.length;
  if (match[1] === "#") {
    const suggestions = channels
      .filter((one) => one.name.startsWith(prefix))
      .slice(0, MOST)
      .map((one) => ({ label: `#${one.name}`, detail: one.topic ?? "", insert: `#${one.name} ` }));
    return { kind: "channel", from, typed, suggestions };
  }
  const fits = (...names: string[]) => names.some((name) => name.toLowerCase().startsWith(prefix));
  const people = users
    .filter((one) => !one.deleted && fits(one.name, one.real_name))
    .sort((a, b) => Number(b.is_bot) - Number(a.is_bot))
    .map((one) => ({ label: `@${one.name}`, detail: one.is_bot ? "App" : one.real_name, insert: `@${one.name} ` }));
  const named = user_groups
    .filter((one) => fits(one.handle, one.name))
    .map((one) => ({ label: `@${one.handle}`, detail: `${one.name}, a group`, insert: `@${one.handle} ` }));
  const suggestions = [...people, ...named].slice(0, MOST);
  return { kind: "person", from, typed, suggestions };
}

function emoji(before: string): Completion | null {
  const match = /(?:^|\s)(:([a-z0-9_+-]{2,}))$/.exec(before);
  if (!match) return null;
  const suggestions = emojiNames(match[2] as string, MOST).map(([name, character]) => ({
    label: `${character} :${name}:`,
    detail: "",
    insert: `${character} `,
  }));
  return { kind: "emoji", from: before.length - (match[1] as string).length, typed: match[1] as string, suggestions };
}
