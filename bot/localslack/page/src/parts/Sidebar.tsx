/** The list of channels and direct messages. */

import type { ComponentChildren } from "preact";
import { Avatar } from "./Avatar";
import { usePage } from "./page";

export function Sidebar() {
  const { model, route, go, user } = usePage();
  const { state } = model;
  const bot = state.dms.filter((dm) => dm.user === state.bot.id);
  const people = state.dms.filter((dm) => dm.user !== state.bot.id);
  return (
    <nav class="sidebar" aria-label="Channels and direct messages">
      <Section title="Channels">
        {state.channels.map((channel) => (
          <Entry
            key={channel.id}
            testId={`channel-${channel.name}`}
            label={channel.name}
            icon={<span class="hash">#</span>}
            current={route.channel === channel.id}
            unread={channel.unread ?? 0}
            mentions={channel.mentions ?? 0}
            open={() => go({ channel: channel.id })}
          />
        ))}
      </Section>
      {people.length > 0 && (
        <Section title="Direct messages">
          {people.map((dm) => (
            <Entry
              key={dm.id}
              testId={`dm-${user(dm.user)?.name ?? dm.user}`}
              label={user(dm.user)?.real_name ?? dm.user}
              icon={<Avatar user={user(dm.user)} size={20} />}
              current={route.channel === dm.id}
              unread={dm.unread ?? 0}
              mentions={dm.mentions ?? 0}
              open={() => go({ channel: dm.id })}
            />
          ))}
        </Section>
      )}
      <Section title="Apps">
        {bot.map((dm) => (
          <Entry
            key={dm.id}
            testId={`dm-${state.bot.name}`}
            label={state.bot.real_name}
            icon={<Avatar user={state.bot} size={20} />}
            current={route.channel === dm.id}
            unread={dm.unread ?? 0}
            mentions={dm.mentions ?? 0}
            open={() => go({ channel: dm.id })}
            presence={state.bot.connected}
          />
        ))}
      </Section>
      <p class="sidebar-note">
        A local Slack: it runs on this computer, and nothing you write here leaves it through this page.
      </p>
    </nav>
  );
}

function Section({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <section>
      <h2>{title}</h2>
      <ul>{children}</ul>
    </section>
  );
}

interface EntryProps {
  testId: string;
  label: string;
  icon: ComponentChildren;
  current: boolean;
  unread: number;
  mentions: number;
  open(): void;
  presence?: boolean;
}

function Entry({ testId, label, icon, current, unread, mentions, open, presence }: EntryProps) {
  const news = mentions > 0 ? `, ${mentions} for you` : unread > 0 ? ", unread" : "";
  return (
    <li>
      <button
        type="button"
        class={`entry ${current ? "current" : ""} ${unread > 0 && !current ? "unread" : ""}`}
        data-testid={testId}
        aria-current={current ? "page" : undefined}
        aria-label={label + news}
        onClick={open}
      >
        <span class="entry-icon">{icon}</span>
        <span class="entry-label">{label}</span>
        {presence !== undefined && (
          <span class={`presence ${presence ? "on" : ""}`} title={presence ? "Connected" : "Not connected"} />
        )}
        {mentions > 0 && !current && <span class="count">{mentions}</span>}
      </button>
    </li>
  );
}
