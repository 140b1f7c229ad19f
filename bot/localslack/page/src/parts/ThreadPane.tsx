/** The thread at the right. */

import { useEffect, useRef } from "preact/hooks";
import { threadKey } from "../model";
import { Composer } from "./Composer";
import { MessageList } from "./MessageList";
import { usePage } from "./page";
import { StatusLine } from "./StatusLine";

export function ThreadPane() {
  const { model, route, go, user } = usePage();
  const { state } = model;
  const messages = model.threads[threadKey(route.channel, route.thread)];
  const channel = state.channels.find((one) => one.id === route.channel);
  const dm = state.dms.find((one) => one.id === route.channel);
  const place = channel ? `#${channel.name}` : (user(dm?.user)?.real_name ?? "");
  const status = state.statuses.find((one) => one.channel === route.channel && one.thread_ts === route.thread);
  const pane = useRef<HTMLElement>(null);
  const close = () => go({ channel: route.channel });
  useEffect(() => {
    // Where the composer does not take the focus, as on a phone, the pane does, so that Esc and a reader are in it.
    if (!pane.current?.contains(document.activeElement)) pane.current?.focus({ preventScroll: true });
  }, []);
  return (
    <aside class="pane thread" data-testid="thread-pane" aria-label={`Thread in ${place}`} tabIndex={-1} ref={pane}>
      <header class="pane-heading">
        <button type="button" class="back" aria-label="Back to the conversation" onClick={close}>
          ‹
        </button>
        <h1>Thread</h1>
        <p class="topic">{place}</p>
        <button type="button" class="close" aria-label="Close thread" data-testid="thread-close" onClick={close}>
          ×
        </button>
      </header>
      {messages ? (
        <MessageList key={route.thread} label="Thread" messages={messages} inThread focus={route.focus} />
      ) : (
        <div class="list-frame loading" aria-busy="true" aria-label="Reading the thread" />
      )}
      <Composer channel={route.channel} thread={route.thread} placeholder="Reply…" testId="thread-composer" />
      <div class="under-composer">
        <StatusLine status={status} />
      </div>
    </aside>
  );
}
