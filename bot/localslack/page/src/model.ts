/** Everything the page shows, and how news changes it. Pure: no fetching, no clock. */

import type { Channel, DirectMessage, Message, Prompts, Reaction, State, Status, View } from "./api";
import type { News } from "./feed";

export interface Conversation {
  messages: Message[];
  hasMore: boolean;
}

export interface Model {
  state: State;
  /** Roots by channel, and whole threads by `threadKey`; what is missing has not been read yet. */
  conversations: Readonly<Record<string, Conversation>>;
  threads: Readonly<Record<string, Message[]>>;
  home: View | null;
}

export function newModel(state: State): Model {
  return { state, conversations: {}, threads: {}, home: null };
}

export function threadKey(channel: string, ts: string): string {
  return `${channel}/${ts}`;
}

/** Whether a message belongs below another one and not in the channel itself. */
export function isReply(message: Message): boolean {
  return message.thread_ts !== undefined && message.thread_ts !== message.ts;
}

/** Return messages with one added, or replaced where its ts is known; oldest first. */
export function withMessage(messages: readonly Message[], message: Message): Message[] {
  const at = messages.findIndex((one) => one.ts === message.ts);
  if (at >= 0) return messages.map((one, index) => (index === at ? message : one));
  const after = messages.findLastIndex((one) => one.ts < message.ts);
  return [...messages.slice(0, after + 1), message, ...messages.slice(after + 1)];
}

/** Where the person is looking, so that nothing there counts as unread. */
export interface Looking {
  channel: string;
  thread: string;
  isAwake: boolean;
}

/** Return the model after one piece of news. */
export function afterNews(model: Model, news: News, looking: Looking): Model {
  switch (news.name) {
    case "message":
      return counted(placed(model, news.data.message, true), news.data.message, looking);
    case "message_changed":
      return placed(model, news.data.message, false);
    case "ephemeral":
      return placed(model, news.data.message, true);
    case "message_deleted":
      return changedEverywhere(model, news.data.channel, (messages) =>
        messages.filter((message) => message.ts !== news.data.ts),
      );
    case "reaction":
      return changedEverywhere(model, news.data.channel, (messages) =>
        messages.map((message) => (message.ts === news.data.ts ? reacted(message, news.data.reactions) : message)),
      );
    case "modal_open":
    case "modal_update":
      return withState(model, { views: stacked(model.state.views, news.data.view, news.data.stack) });
    case "modal_close":
      return withState(model, { views: model.state.views.filter((view) => news.data.stack.includes(view.id)) });
    case "home":
      return { ...model, home: news.data.view };
    case "status":
      return withState(model, { statuses: replaced(model.state.statuses, news.data, news.data.status !== "") });
    case "prompts":
      return withState(model, { prompts: replaced(model.state.prompts, news.data, news.data.prompts.length > 0) });
    case "channel":
      return withState(model, withChannel(model.state, news.data.channel));
    case "people":
      return withState(model, news.data);
    case "app":
      return withState(model, { bot: { ...model.state.bot, connected: news.data.connected } });
    case "hello":
      return withState(model, { bot: { ...model.state.bot, connected: news.data.connected } });
    default:
      return model;
  }
}

/** Return the model with what a channel or a thread holds. */
export function withConversation(model: Model, channel: string, conversation: Conversation): Model {
  return { ...model, conversations: { ...model.conversations, [channel]: conversation } };
}

export function withThread(model: Model, channel: string, ts: string, messages: Message[]): Model {
  return { ...model, threads: { ...model.threads, [threadKey(channel, ts)]: messages } };
}

/** Return the model with a conversation's counts at zero. */
export function afterReading(model: Model, channel: string): Model {
  const read = <T extends { id: string }>(one: T): T => (one.id === channel ? { ...one, unread: 0, mentions: 0 } : one);
  return withState(model, { channels: model.state.channels.map(read), dms: model.state.dms.map(read) });
}

function withState(model: Model, change: Partial<State>): Model {
  return { ...model, state: { ...model.state, ...change } };
}

function placed(model: Model, message: Message, isNew: boolean): Model {
  let { conversations, threads } = model;
  const conversation = conversations[message.channel];
  const inChannel = !isReply(message) || message.subtype === "thread_broadcast";
  const known = conversation?.messages.some((one) => one.ts === message.ts) ?? false;
  // A changed message older than the page's oldest stays out until its page is read.
  if (conversation && inChannel && (isNew || known)) {
    const messages = withMessage(conversation.messages, message);
    conversations = { ...conversations, [message.channel]: { ...conversation, messages } };
  }
  const key = threadKey(message.channel, message.thread_ts ?? message.ts);
  const thread = threads[key];
  if (thread) threads = { ...threads, [key]: withMessage(thread, message) };
  return { ...model, conversations, threads };
}

function counted(model: Model, message: Message, looking: Looking): Model {
  const { state } = model;
  if (message.user === state.me.id) return model;
  const dm = state.dms.some((one) => one.id === message.channel);
  const mentioned = marksOf(state).some((mark) => (message.text ?? "").includes(mark));
  const reply = isReply(message);
  const seen =
    looking.isAwake &&
    looking.channel === message.channel &&
    (!reply || looking.thread === message.thread_ts || message.subtype === "thread_broadcast");
  if (seen || (reply && !mentioned && !dm && !takesPart(model, message))) return model;
  const count = <T extends Channel | DirectMessage>(one: T): T =>
    one.id === message.channel
      ? { ...one, unread: (one.unread ?? 0) + 1, mentions: (one.mentions ?? 0) + (dm || mentioned ? 1 : 0) }
      : one;
  return withState(model, { channels: state.channels.map(count), dms: state.dms.map(count) });
}

// What a message names me by: myself, or a group that I am in.
function marksOf({ me, user_groups }: State): string[] {
  const mine = user_groups.filter((group) => group.users.includes(me.id));
  return [`<@${me.id}>`, ...mine.map((group) => `<!subteam^${group.id}`)];
}

function takesPart(model: Model, reply: Message): boolean {
  const me = model.state.me.id;
  const root = model.conversations[reply.channel]?.messages.find((one) => one.ts === reply.thread_ts);
  return root !== undefined && (root.user === me || (root.reply_users ?? []).includes(me));
}

function changedEverywhere(model: Model, channel: string, change: (messages: Message[]) => Message[]): Model {
  const conversation = model.conversations[channel];
  const conversations = conversation
    ? { ...model.conversations, [channel]: { ...conversation, messages: change(conversation.messages) } }
    : model.conversations;
  const threads = Object.fromEntries(
    Object.entries(model.threads).map(([key, messages]) => [
      key,
      key.startsWith(`${channel}/`) ? change(messages) : messages,
    ]),
  );
  return { ...model, conversations, threads };
}

function reacted(message: Message, reactions: Reaction[]): Message {
  return { ...message, reactions };
}

function stacked(views: View[], view: View, stack: string[]): View[] {
  const known = new Map([...views, view].map((one) => [one.id, one]));
  return stack.map((id) => known.get(id)).filter((one) => one !== undefined);
}

function replaced<T extends Status | Prompts>(all: T[], one: T, keep: boolean): T[] {
  const others = all.filter((other) => other.channel !== one.channel || other.thread_ts !== one.thread_ts);
  return keep ? [...others, one] : others;
}

function withChannel(state: State, channel: Channel | DirectMessage): Partial<State> {
  if ("name" in channel) return { channels: merged(state.channels, channel) };
  return { dms: merged(state.dms, channel) };
}

function merged<T extends { id: string }>(all: T[], one: T): T[] {
  if (!all.some((other) => other.id === one.id)) return [...all, one];
  return all.map((other) => (other.id === one.id ? { ...other, ...one } : other));
}
