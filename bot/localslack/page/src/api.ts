/** The local Slack's HTTP interface, as `API.md` beside the page's folder describes it. */

import type { Block, ElementAction, Option, Values } from "./blockkit/types";

export interface User {
  id: string;
  name: string;
  real_name: string;
  color: string;
  is_bot: boolean;
  kind?: "member" | "guest" | "channel_guest" | "external";
  deleted?: boolean;
}

export interface UserGroup {
  id: string;
  handle: string;
  name: string;
  users: string[];
}

export interface SlackFile {
  id: string;
  name: string;
  title?: string;
  mimetype?: string;
  filetype?: string;
  size?: number;
  alt_txt?: string;
  original_w?: number;
  original_h?: number;
  /** How a text begins, and how much of it is left out. */
  preview?: string;
  lines?: number;
  lines_more?: number;
  preview_is_truncated?: boolean;
}

export interface Reaction {
  name: string;
  users: string[];
  count: number;
}

export interface Message {
  ts: string;
  channel: string;
  user?: string;
  text?: string;
  subtype?: string;
  bot_id?: string;
  username?: string;
  blocks?: Block[];
  files?: SlackFile[];
  thread_ts?: string;
  reply_count?: number;
  reply_users?: string[];
  latest_reply?: string;
  edited?: { user: string; ts: string };
  reactions?: Reaction[];
  is_ephemeral?: boolean;
  /** Of a message that the app writes while it is read; `errored` once its time was over before it was finished. */
  streaming_state?: "in_progress" | "completed" | "errored";
}

export interface View {
  id: string;
  hash?: string;
  type: "modal" | "home";
  title?: { type: "plain_text"; text: string };
  submit?: { type: "plain_text"; text: string } | null;
  close?: { type: "plain_text"; text: string } | null;
  blocks: Block[];
}

export interface Channel {
  id: string;
  name: string;
  topic?: string;
  num_members?: number;
  unread?: number;
  mentions?: number;
}

export interface DirectMessage {
  id: string;
  user: string;
  unread?: number;
  mentions?: number;
}

export interface Command {
  command: string;
  description?: string;
  usage_hint?: string;
}

export interface Status {
  channel: string;
  thread_ts: string | null;
  status: string;
  loading_messages?: string[];
}

export interface Prompts {
  channel: string;
  thread_ts: string | null;
  title?: string;
  prompts: { title: string; message: string }[];
}

export interface State {
  team: { id: string; name: string };
  me: User;
  users: User[];
  user_groups: UserGroup[];
  bot: User & { connected: boolean };
  channels: Channel[];
  dms: DirectMessage[];
  commands: Command[];
  views: View[];
  statuses: Status[];
  prompts: Prompts[];
  suggested_prompts?: { title: string; message: string }[];
  home: boolean;
}

export interface Failure {
  ok: false;
  error: string;
  message?: string;
  errors?: Record<string, string>;
}

export type Answer<T> = ({ ok: true } & T) | Failure;

/** Where an element was used. */
export type Place = { channel: string; message_ts: string } | { view_id: string };

async function read<T>(path: string, query: Record<string, string | undefined>): Promise<Answer<T>> {
  const given = Object.entries(query).filter((pair): pair is [string, string] => pair[1] !== undefined);
  return answered(fetch(`/_/${path}?${new URLSearchParams(given)}`));
}

async function send<T>(path: string, body: object): Promise<Answer<T>> {
  const headers = { "Content-Type": "application/json" };
  return answered(fetch(`/_/${path}`, { method: "POST", headers, body: JSON.stringify(body) }));
}

async function answered<T>(request: Promise<Response>): Promise<Answer<T>> {
  try {
    const response = await request;
    return (await response.json()) as Answer<T>;
  } catch {
    return { ok: false, error: "no_connection", message: "The local Slack cannot be reached. Is it still running?" };
  }
}

/** Return a file's text, or null when it cannot be had. */
async function fileText(id: string): Promise<string | null> {
  try {
    const response = await fetch(fileAddress(id));
    return response.ok ? await response.text() : null;
  } catch {
    return null;
  }
}

/** Return where a file's bytes are. */
export function fileAddress(id: string): string {
  return `/_/files/${encodeURIComponent(id)}`;
}

export const api = {
  fileText,
  state: (user: string | undefined) => read<State>("state", { user }),
  messages: (user: string, channel: string, page: { thread_ts?: string; before?: string } = {}) =>
    read<{ messages: Message[]; has_more: boolean }>("messages", { user, channel, limit: "60", ...page }),
  home: (user: string) => read<{ view: View | null }>("home", { user }),
  search: (user: string, query: string) => read<{ messages: Message[] }>("search", { user, query }),
  message: (body: { user: string; channel: string; text: string; thread_ts?: string }) =>
    send<{ ts: string; message: Message }>("message", body),
  command: (body: { user: string; channel: string; command: string; text: string; thread_ts?: string }) =>
    send<object>("command", body),
  action: (body: { user: string; action: ElementAction; state: Values } & Place) => send<object>("action", body),
  options: (body: { user: string; value: string; action_id: string; block_id: string } & Place) =>
    send<{ options?: Option[]; option_groups?: { options: Option[] }[] }>("options", body),
  submit: (user: string, view_id: string, values: Values) =>
    send<{ response_action: string | null }>("view_submit", { user, view_id, values }),
  close: (user: string, view_id: string, clear: boolean) => send<object>("view_close", { user, view_id, clear }),
  homeOpened: (user: string, tab: "home" | "messages") =>
    send<{ view: View | null }>("home_opened", { user, tab }),
  read: (user: string, channel: string, ts: string) => send<object>("read", { user, channel, ts }),
  react: (body: { user: string; channel: string; ts: string; name: string; remove?: boolean }) =>
    send<object>("react", body),
  upload: (body: { user: string; channel: string; thread_ts?: string; name: string; content_base64: string; text?: string }) =>
    send<object>("upload", body),
};

const SENTENCES: Record<string, string> = {
  operation_timeout: "The app did not answer in time. Try again in a moment.",
  app_offline: "The app is not running. Start Cairn and try again.",
  unknown_command: "No app here knows this command. Type / to see those that exist.",
  account_inactive: "This account was deactivated. Choose another person at the top.",
  action_not_found: "This message has changed since; look at its newest state.",
  view_not_found: "This form is no longer open.",
};

/** Return one sentence for a failure, in words for a person. */
export function sentenceFor(failure: Failure): string {
  return SENTENCES[failure.error] ?? failure.message ?? `That did not work (${failure.error}).`;
}
