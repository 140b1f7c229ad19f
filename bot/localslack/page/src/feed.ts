/** The stream of news for one person, reconnected for as long as the page is open. */

import type { Channel, DirectMessage, Message, Prompts, Reaction, Status, User, UserGroup, View } from "./api";

export type News =
  | { name: "hello"; data: { user: string; connected: boolean } }
  | { name: "reset"; data: object }
  | { name: "message" | "message_changed" | "ephemeral"; data: { channel: string; message: Message } }
  | { name: "message_deleted"; data: { channel: string; ts: string; thread_ts?: string | null } }
  | { name: "modal_open" | "modal_update"; data: { view: View; stack: string[] } }
  | { name: "modal_close"; data: { closed: string[]; stack: string[] } }
  | { name: "home"; data: { view: View } }
  | { name: "status"; data: Status }
  | { name: "prompts"; data: Prompts }
  | { name: "reaction"; data: { channel: string; ts: string; reactions: Reaction[] } }
  | { name: "channel"; data: { channel: Channel | DirectMessage } }
  | { name: "people"; data: { users: User[]; user_groups: UserGroup[] } }
  | { name: "notice"; data: { level: "error" | "info"; code: string; text: string } }
  | { name: "app"; data: { connected: boolean } };

const NAMES: News["name"][] = [
  "hello", "reset", "message", "message_changed", "message_deleted", "ephemeral", "modal_open", "modal_update",
  "modal_close", "home", "status", "prompts", "reaction", "channel", "people", "notice", "app",
];

const RETRY_MS = 1500;

export interface FeedListener {
  /** One piece of news. */
  news(news: News): void;
  /** The stream opened; `fresh` when news may have been missed, so everything is to be read anew. */
  opened(fresh: boolean): void;
  lost(): void;
}

/** Listen to a person's feed; the returned function ends it. */
export function listen(user: string, listener: FeedListener): () => void {
  let source: EventSource | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let ended = false;
  const connect = () => {
    let fresh = true;
    source = new EventSource(`/_/feed?user=${encodeURIComponent(user)}`);
    source.onopen = () => {
      listener.opened(fresh);
      // Later reopenings of the same source carry Last-Event-ID, so the server replays what was missed.
      fresh = false;
    };
    source.onerror = () => {
      if (ended) return;
      listener.lost();
      if (source?.readyState === EventSource.CLOSED) {
        clearTimeout(timer);
        timer = setTimeout(connect, RETRY_MS);
      }
    };
    for (const name of NAMES) {
      source.addEventListener(name, (event) =>
        listener.news({ name, data: JSON.parse((event as MessageEvent<string>).data) } as News),
      );
    }
  };
  connect();
  return () => {
    ended = true;
    clearTimeout(timer);
    source?.close();
  };
}
