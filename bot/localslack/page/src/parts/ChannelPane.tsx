/** The middle of the page: one conversation, or the app's Home tab. */

import { useEffect, useRef, useState } from "preact/hooks";
import { Avatar } from "./Avatar";
import { Composer } from "./Composer";
import { HomeTab } from "./HomeTab";
import { MessageList } from "./MessageList";
import { usePage } from "./page";
import { StatusLine } from "./StatusLine";
import { Welcome } from "./Welcome";

export function ChannelPane() {
  const { model, workspace, route, me, user } = usePage();
  const { state } = model;
  const channel = state.channels.find((one) => one.id === route.channel);
  const dm = state.dms.find((one) => one.id === route.channel);
  const conversation = model.conversations[route.channel];
  const unreadFrom = useUnreadFrom(route.channel, (channel ?? dm)?.unread ?? 0);
  const name = channel ? `#${channel.name}` : (user(dm?.user)?.real_name ?? "");
  const isApp = dm?.user === state.bot.id;
  const status = state.statuses.find((one) => one.channel === route.channel && !one.thread_ts);
  if (!channel && !dm) {
    return (
      <main class="pane" id="main">
        <p class="nothing">There is no such conversation, or {me.real_name} is not in it.</p>
      </main>
    );
  }
  return (
    <main class="pane" id="main" aria-label={name}>
      <Heading name={name} />
      {isApp && route.home && state.home ? (
        <HomeTab />
      ) : (
        <>
          {conversation ? (
            <MessageList
              key={route.channel}
              label={`Messages in ${name}`}
              messages={conversation.messages}
              unreadFrom={unreadFrom}
              focus={route.focus}
              before={conversation.hasMore ? <p class="quiet centre">Reading older messages…</p> : <Welcome isEmpty={conversation.messages.length === 0} />}
              onTop={() => void workspace.loadOlder(route.channel)}
            />
          ) : (
            <div class="list-frame loading" aria-busy="true" aria-label="Reading messages" />
          )}
          <Composer key={`to ${route.channel}`} channel={route.channel} thread="" placeholder={`Message ${name}`} testId="composer" />
          <div class="under-composer">
            <StatusLine status={status} />
          </div>
        </>
      )}
    </main>
  );
}

function Heading({ name }: { name: string }) {
  const { model, route, go, user } = usePage();
  const channel = model.state.channels.find((one) => one.id === route.channel);
  const dm = model.state.dms.find((one) => one.id === route.channel);
  const isApp = dm?.user === model.state.bot.id;
  const tab = (home: boolean, label: string) => (
    <button
      type="button"
      role="tab"
      aria-selected={route.home === home}
      data-testid={`tab-${label.toLowerCase()}`}
      onClick={() => go({ channel: route.channel, home })}
    >
      {label}
    </button>
  );
  return (
    <header class="pane-heading">
      <button type="button" class="back" aria-label="Back to the list" onClick={() => go({ channel: "" })}>
        ‹
      </button>
      {dm && <Avatar user={user(dm.user)} size={26} />}
      <h1>{name}</h1>
      {channel?.topic && <p class="topic">{channel.topic}</p>}
      {isApp && model.state.home && (
        <div role="tablist" class="tabs" aria-label="Cairn">
          {tab(true, "Home")}
          {tab(false, "Messages")}
        </div>
      )}
      {channel?.num_members !== undefined && (
        <span class="members" title="Members">
          <svg viewBox="0 0 20 20" width="15" height="15" aria-hidden="true">
            <circle cx="10" cy="7" r="3.2" fill="none" stroke="currentColor" stroke-width="1.6" />
            <path d="M3.8 17c.6-3.4 3-5 6.2-5s5.600 1.600 6.200 5" fill="none" stroke="currentColor" stroke-width="1.600" />
          </svg>
          {channel.num_members}
        </span>
      )}
    </header>
  );
}

// The first unread message is fixed when the conversation is opened, so that the line stays while one reads.
function useUnreadFrom(channel: string, unread: number): string {
  const { model, me } = usePage();
  const atOpening = useRef({ channel: "", me: "", unread: 0 });
  if (atOpening.current.channel !== channel || atOpening.current.me !== me.id) {
    atOpening.current = { channel, me: me.id, unread };
  }
  const [from, setFrom] = useState("");
  const isRead = model.conversations[channel] !== undefined;
  useEffect(() => {
    const count = atOpening.current.unread;
    const others = (model.conversations[channel]?.messages ?? []).filter((message) => message.user !== me.id);
    setFrom(count > 0 ? (others.at(-Math.min(count, others.length))?.ts ?? "") : "");
  }, [channel, me.id, isRead]);
  return from;
}
