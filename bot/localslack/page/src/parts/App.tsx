/** The whole page. */

import { useCallback, useEffect, useMemo, useRef, useState } from "preact/hooks";
import { type User, api } from "../api";
import { DirectoryContext, type Directory } from "../blockkit/surface";
import type { Confirm } from "../blockkit/types";
import { commandOf } from "../completion";
import type { Model } from "../model";
import { type Route, hashOf, routeOf } from "../route";
import { useWorkspace } from "../workspace";
import { ChannelPane } from "./ChannelPane";
import { ConfirmDialog, Modals, type Question } from "./Modals";
import { Banner, Toasts } from "./Notices";
import { type Page, PageContext } from "./page";
import { QuickSwitch } from "./QuickSwitch";
import { Sidebar } from "./Sidebar";
import { ThreadPane } from "./ThreadPane";
import { TopBar } from "./TopBar";

const ROOM_FOR_THREAD_PX = 900;
// The server's clock and the page's are the same machine's; what differs is rounding.
const CLOCK_MS = 1000;

export function App() {
  const [as, setAs] = useState(new URLSearchParams(location.search).get("as") ?? "");
  const [named, go] = useRoute();
  const isAwake = useAwake();
  const [question, setQuestion] = useState<Question | null>(null);
  const [isSwitching, setSwitching] = useState(false);
  const firstChannel = useRef("");
  const route = { ...named, channel: named.channel || firstChannel.current };
  const workspace = useWorkspace(as, { channel: route.channel, thread: route.thread, isAwake });
  const { model } = workspace;
  firstChannel.current = model?.state.channels[0]?.id ?? model?.state.dms[0]?.id ?? "";
  if (!route.channel) route.channel = firstChannel.current;

  const become = useCallback((name: string) => {
    const address = new URL(location.href);
    address.searchParams.set("as", name);
    history.replaceState(null, "", address);
    setAs(name);
  }, []);
  const ask = (confirm: Confirm) =>
    new Promise<boolean>((resolve) => {
      const answer = (yes: boolean) => {
        setQuestion(null);
        resolve(yes);
      };
      setQuestion({ confirm, answer });
    });
  const directory = useDirectoryOf(model, go);
  useEffect(() => {
    // A first visit begins in a conversation; on a phone "#/" is the list.
    if (!location.hash && firstChannel.current) go({ channel: firstChannel.current });
  }, [model === null]);
  useTitle(model);
  useDirectMessagesOf(model, named, go);
  useKeys({ model, route, go, openSwitch: () => setSwitching(true) });
  const wroteAt = useAnsweredThread(model, route, go);
  if (!model) return <Opening isLost={workspace.link === "lost"} />;

  const users = new Map<string, User>([...model.state.users, model.state.bot].map((one) => [one.id, one]));
  const { me } = model.state;
  const send = async (text: string, channel: string, thread: string) => {
    wroteAt.current = thread ? 0 : Date.now();
    const place = { user: me.id, channel, ...(thread ? { thread_ts: thread } : {}) };
    const command = text.startsWith("/") ? commandOf(text) : null;
    return workspace.checked<object>(command ? api.command({ ...place, ...command }) : api.message({ ...place, text }));
  };
  const page: Page = {
    model, workspace, route, me, go, ask, send,
    user: (id) => (id === undefined ? undefined : users.get(id)),
  };
  const pane = !named.channel ? "list" : route.thread ? "thread" : "channel";
  return (
    <PageContext.Provider value={page}>
      <DirectoryContext.Provider value={directory}>
        <div class={`page on-${pane} ${route.thread ? "with-thread" : ""}`}>
          <TopBar openSwitch={() => setSwitching(true)} become={become} />
          <Banner link={workspace.link} isAppConnected={model.state.bot.connected} appName={model.state.bot.real_name} />
          <div class="panes">
            <Sidebar />
            <ChannelPane key={me.id} />
            {route.thread && <ThreadPane key={`${me.id}/${route.thread}`} />}
          </div>
        </div>
        <Modals />
        {isSwitching && <QuickSwitch close={() => setSwitching(false)} become={become} />}
        {question && <ConfirmDialog question={question} />}
        <Toasts workspace={workspace} />
      </DirectoryContext.Provider>
    </PageContext.Provider>
  );
}

function Opening({ isLost }: { isLost: boolean }) {
  return (
    <div class="opening" role="status">
      {isLost ? "The local Slack does not answer. Trying again…" : "Opening…"}
    </div>
  );
}

function useRoute(): [Route, Page["go"]] {
  const [route, setRoute] = useState(() => routeOf(location.hash, location.search));
  useEffect(() => {
    // A permalink's query would win over every later step, so it moves into the fragment.
    if (route.channel && !location.hash) {
      const address = new URL(location.href);
      for (const name of ["channel", "ts", "thread_ts"]) address.searchParams.delete(name);
      address.hash = hashOf(route);
      history.replaceState(null, "", address);
    }
    const onHash = () => setRoute(routeOf(location.hash, ""));
    addEventListener("hashchange", onHash);
    // What changed between the first look and now told nobody.
    if (location.hash) onHash();
    return () => removeEventListener("hashchange", onHash);
  }, []);
  const go = useCallback<Page["go"]>((to) => {
    location.hash = hashOf(to);
  }, []);
  return [route, go];
}

function useDirectoryOf(model: Model | null, go: Page["go"]): Directory {
  return useMemo(() => {
    const users = model ? [...model.state.users, model.state.bot] : [];
    const names = new Map(users.map((one) => [one.id, one.is_bot ? one.real_name : one.name]));
    const channels = model?.state.channels ?? [];
    return {
      userName: (id) => names.get(id) ?? id,
      group: (id) => model?.state.user_groups.find((one) => one.id === id),
      channelName: (id) => channels.find((one) => one.id === id)?.name,
      people: (model?.state.users ?? []).filter((one) => !one.deleted),
      channels,
      me: model?.state.me.id ?? "",
      openChannel: (id) => go({ channel: id }),
    };
  }, [model?.state.users, model?.state.user_groups, model?.state.channels, model?.state.bot]);
}

// Everyone has direct messages of their own: a change of person leads to the same partner's.
function useDirectMessagesOf(model: Model | null, route: Route, go: Page["go"]): void {
  const partner = useRef("");
  useEffect(() => {
    if (!model || !route.channel.startsWith("D")) return;
    const { dms } = model.state;
    const mine = dms.find((dm) => dm.id === route.channel);
    if (mine) partner.current = mine.user;
    else {
      const same = dms.find((dm) => dm.user === partner.current) ?? dms[0];
      if (same) go({ channel: same.id, home: route.home });
    }
  }, [model?.state.me.id, model?.state.dms, route.channel]);
}

// The app answers in a thread: whoever just wrote in a channel is shown it, where there is room beside the channel.
function useAnsweredThread(model: Model | null, route: Route, go: Page["go"]) {
  const wroteAt = useRef(0);
  const messages = model?.conversations[route.channel]?.messages;
  useEffect(() => {
    if (!model || !wroteAt.current || route.thread || innerWidth < ROOM_FOR_THREAD_PX) return;
    const mine = messages?.findLast((one) => one.user === model.state.me.id);
    if (!mine?.reply_count || Number(mine.ts) * 1000 < wroteAt.current - CLOCK_MS) return;
    wroteAt.current = 0;
    go({ channel: route.channel, thread: mine.ts });
  }, [messages, route.thread]);
  return wroteAt;
}

function useAwake(): boolean {
  const [isAwake, setAwake] = useState(!document.hidden);
  useEffect(() => {
    const onChange = () => setAwake(!document.hidden);
    document.addEventListener("visibilitychange", onChange);
    return () => document.removeEventListener("visibilitychange", onChange);
  }, []);
  return isAwake;
}

function useTitle(model: Model | null): void {
  const all = model ? [...model.state.channels, ...model.state.dms] : [];
  const forMe = all.reduce((sum, one) => sum + (one.mentions ?? 0), 0);
  const unread = all.some((one) => (one.unread ?? 0) > 0);
  useEffect(() => {
    if (!model) return;
    const { team, me } = model.state;
    document.title = `${forMe > 0 ? `(${forMe}) ` : unread ? "• " : ""}${team.name} – ${me.real_name}`;
  }, [forMe, unread, model?.state.me.id]);
}

interface Keys {
  model: Model | null;
  route: Route;
  go: Page["go"];
  openSwitch(): void;
}

function useKeys(keys: Keys): void {
  const latest = useRef(keys);
  latest.current = keys;
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const { model, route, go, openSwitch } = latest.current;
      if (!model || document.querySelector("dialog[open]")) return;
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
        event.preventDefault();
        openSwitch();
      } else if (event.altKey && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
        event.preventDefault();
        const ids = [...model.state.channels, ...model.state.dms].map((one) => one.id);
        const step = event.key === "ArrowDown" ? 1 : -1;
        const next = ids[(ids.indexOf(route.channel) + step + ids.length) % ids.length];
        if (next) go({ channel: next });
      } else if (event.key === "Escape" && route.thread) {
        go({ channel: route.channel });
        document.querySelector<HTMLElement>("[data-testid=composer]")?.focus();
      }
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, []);
}
