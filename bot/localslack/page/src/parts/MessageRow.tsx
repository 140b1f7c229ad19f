/** One message: who, when, what it says, and what stands below it. */

import { useState } from "preact/hooks";
import { useSurfaceOf } from "../actions";
import { type Message, api } from "../api";
import { Blocks } from "../blockkit/Blocks";
import { ago, clockTime, instantOf } from "../blockkit/dates";
import { SurfaceContext } from "../blockkit/surface";
import { Emoji, Mrkdwn } from "../blockkit/Text";
import { hashOf } from "../route";
import { Avatar } from "./Avatar";
import { Files } from "./Files";
import { kindOf } from "./kind";
import { usePage } from "./page";
import { Dots, StatusLine } from "./StatusLine";

const QUICK_REACTIONS = ["+1", "eyes", "white_check_mark"];

interface RowProps {
  message: Message;
  isFirst: boolean;
  /** Whether the row stands in a thread, where it links to none. */
  inThread: boolean;
  isFocused: boolean;
}

export function MessageRow({ message, isFirst, inThread, isFocused }: RowProps) {
  const { user, model } = usePage();
  const author = user(message.user);
  const when = instantOf(message.ts);
  const isApp = Boolean(message.bot_id) || author?.is_bot;
  const name = message.username ?? (isApp ? (author?.real_name ?? model.state.bot.real_name) : (author?.real_name ?? "Someone"));
  const classes = ["message", isFirst && "first", message.is_ephemeral && "ephemeral", isFocused && "focused"];
  return (
    <article
      class={classes.filter(Boolean).join(" ")}
      data-testid="message"
      data-ts={message.ts}
      data-user={author?.name}
      aria-label={`${name}, ${clockTime(when)}`}
    >
      <div class="gutter">
        {isFirst ? <Avatar user={author ?? (isApp ? model.state.bot : undefined)} size={36} /> : <time>{clockTime(when)}</time>}
      </div>
      <div class="content">
        {message.is_ephemeral && <EphemeralNote message={message} />}
        {isFirst && (
          <header>
            <span class="author">{name}</span>
            {isApp && <span class="badge">APP</span>}
            {author && kindOf(author) && <span class="badge">{kindOf(author)}</span>}
            <time dateTime={when.toISOString()} title={when.toLocaleString()}>
              {clockTime(when)}
            </time>
          </header>
        )}
        <Body message={message} />
        <Writing state={message.streaming_state} />
        {message.files && message.files.length > 0 && <Files files={message.files} />}
        <Reactions message={message} />
        {!inThread && <ThreadSummary message={message} />}
      </div>
      {!message.is_ephemeral && message.subtype !== "tombstone" && <Toolbar message={message} inThread={inThread} />}
    </article>
  );
}

function Body({ message }: { message: Message }) {
  const { me, workspace, ask } = usePage();
  const blocks = message.blocks ?? NO_BLOCKS;
  const surface = useSurfaceOf({
    kind: "message",
    user: me.id,
    place: { channel: message.channel, message_ts: message.ts },
    blocks,
    checked: workspace.checked,
    ask,
  });
  const edited = message.edited && <span class="edited">(edited)</span>;
  if (blocks.length > 0) {
    return (
      <SurfaceContext.Provider value={surface}>
        <Blocks blocks={blocks} />
        {edited}
      </SurfaceContext.Provider>
    );
  }
  if (!message.text) return null;
  return (
    <div class={`text ${message.subtype === "tombstone" ? "gone" : ""}`}>
      <Mrkdwn source={message.text} />
      {edited}
    </div>
  );
}

const NO_BLOCKS: NonNullable<Message["blocks"]> = [];

// What stands below a message that is still being written, or that never came to its end.
function Writing({ state }: { state: Message["streaming_state"] }) {
  if (state === "in_progress") {
    return (
      <p class="writing" data-testid="writing">
        <Dots /> writing…
      </p>
    );
  }
  if (state === "errored") {
    return (
      <p class="writing" data-testid="unfinished">
        The app did not finish this message in time.
      </p>
    );
  }
  return null;
}

function EphemeralNote({ message }: { message: Message }) {
  const { workspace } = usePage();
  return (
    <p class="only-you">
      <svg viewBox="0 0 20 20" width="14" height="14" aria-hidden="true">
        <path d="M2 10s3-5.5 8-5.5 8 5.5 8 5.5-3 5.5-8 5.5S2 10 2 10Z" fill="none" stroke="currentColor" stroke-width="1.6" />
        <circle cx="10" cy="10" r="2.3" fill="currentColor" />
      </svg>
      Only visible to you
      <button type="button" class="plain" aria-label="Dismiss message" data-testid="dismiss" onClick={() => workspace.hide(message)}>
        Dismiss
      </button>
    </p>
  );
}

function Reactions({ message }: { message: Message }) {
  const { me, user, workspace } = usePage();
  if (!message.reactions?.length) return null;
  return (
    <div class="reactions">
      {message.reactions.map(({ name, users, count }) => {
        const mine = users.includes(me.id);
        const who = users.map((id) => user(id)?.real_name ?? id).join(", ");
        return (
          <button
            key={name}
            type="button"
            class={`reaction ${mine ? "mine" : ""}`}
            aria-pressed={mine}
            aria-label={`${name}: ${who}`}
            title={who}
            onClick={() => void workspace.checked(react(me.id, message, name, mine))}
          >
            <Emoji name={name} /> {count}
          </button>
        );
      })}
    </div>
  );
}

function react(user: string, { channel, ts }: Message, name: string, remove: boolean) {
  return api.react({ user, channel, ts, name, ...(remove ? { remove } : {}) });
}

function ThreadSummary({ message }: { message: Message }) {
  const { go, user, model } = usePage();
  const status = model.state.statuses.find((one) => one.channel === message.channel && one.thread_ts === message.ts);
  const count = message.reply_count ?? 0;
  return (
    <>
      {count > 0 && (
        <button
          type="button"
          class="thread-summary"
          data-testid="thread-summary"
          onClick={() => go({ channel: message.channel, thread: message.ts })}
        >
          <span class="faces">
            {(message.reply_users ?? []).slice(0, 4).map((id) => (
              <Avatar key={id} user={user(id)} size={22} />
            ))}
          </span>
          <span class="replies">{count === 1 ? "1 reply" : `${count} replies`}</span>
          {message.latest_reply && <span class="last">Last reply {ago(instantOf(message.latest_reply), new Date())}</span>}
          <span class="last on-hover">View thread ›</span>
        </button>
      )}
      {status && (
        <button type="button" class="plain status-link" onClick={() => go({ channel: message.channel, thread: message.ts })}>
          <StatusLine status={status} />
        </button>
      )}
    </>
  );
}

function Toolbar({ message, inThread }: { message: Message; inThread: boolean }) {
  const { me, go, workspace } = usePage();
  const [copied, setCopied] = useState(false);
  const mine = (name: string) => message.reactions?.some((one) => one.name === name && one.users.includes(me.id)) ?? false;
  const copy = async () => {
    const hash = hashOf({ channel: message.channel, thread: message.thread_ts ?? message.ts });
    await navigator.clipboard?.writeText(`${location.origin}/${hash}`);
    setCopied(true);
    setTimeout(() => setCopied(false), 1500);
  };
  return (
    <div class="toolbar" role="group" aria-label="Message actions">
      {QUICK_REACTIONS.map((name) => (
        <button
          key={name}
          type="button"
          aria-label={`React with ${name}`}
          onClick={() => void workspace.checked(react(me.id, message, name, mine(name)))}
        >
          <Emoji name={name} />
        </button>
      ))}
      {!inThread && (
        <button
          type="button"
          class="wide"
          aria-label="Reply in thread"
          data-testid="reply"
          onClick={() => go({ channel: message.channel, thread: message.thread_ts ?? message.ts })}
        >
          Reply
        </button>
      )}
      <button type="button" class="wide" aria-label="Copy link" onClick={() => void copy()}>
        {copied ? "Copied" : "Link"}
      </button>
    </div>
  );
}
