/** The person's workspace, kept current: read once, then followed through the feed. */

import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { type Answer, type Failure, type Message, api, sentenceFor } from "./api";
import { type News, listen } from "./feed";
import {
  type Conversation,
  type Looking,
  type Model,
  afterNews,
  afterReading,
  newModel,
  withConversation,
  withThread,
} from "./model";

export interface Toast {
  id: number;
  level: "error" | "info";
  code: string;
  text: string;
}

export interface Workspace {
  model: Model | null;
  /** Whether another person was chosen whose workspace has not been read yet. */
  isChangingPerson: boolean;
  link: "opening" | "open" | "lost";
  toasts: Toast[];
  tell(level: Toast["level"], code: string, text: string): void;
  dismiss(id: number): void;
  /** Wait for an answer; a failure becomes a toast. */
  checked<T>(request: Promise<Answer<T>>): Promise<boolean>;
  loadOlder(channel: string): Promise<void>;
  openHome(): Promise<void>;
  hide(message: Message): void;
}

/** How many messages came, changed or went in each channel since the page was opened. */
type Heard = Readonly<Record<string, number>>;

const RETRY_MS = 1500;
const TOAST_MS = 9000;

/** Follow the workspace as `as` (an id or a name; empty for the first person) sees it. */
export function useWorkspace(as: string, looking: Looking): Workspace {
  const [model, setModel] = useState<Model | null>(null);
  const [readAs, setReadAs] = useState(as);
  const [link, setLink] = useState<Workspace["link"]>("opening");
  const [generation, setGeneration] = useState(0);
  const { toasts, tell, dismiss } = useToasts();
  const look = useRef(looking);
  const heard = useRef<Heard>({});
  const newsCount = useRef(0);
  look.current = looking;
  const me = model?.state.me.id ?? "";
  const change = useCallback((to: (model: Model) => Model) => setModel((now) => (now ? to(now) : now)), []);

  const onNews = (news: News) => {
    newsCount.current += 1;
    if (news.name === "notice") tell(news.data.level, news.data.code, news.data.text);
    if (news.name === "reset") setGeneration((now) => now + 1);
    if (news.name === "message" || news.name === "message_changed" || news.name === "message_deleted") {
      const { channel } = news.data;
      heard.current = { ...heard.current, [channel]: (heard.current[channel] ?? 0) + 1 };
    }
    change((now) => afterNews(now, news, look.current));
    if (news.name === "message" && look.current.isAwake && news.data.channel === look.current.channel && me) {
      void api.read(me, news.data.channel, news.data.message.ts);
    }
  };
  const latestNews = useRef(onNews);
  latestNews.current = onNews;

  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let wanted = true;
    const read = async (): Promise<void> => {
      const before = newsCount.current;
      const answer = await api.state(as || undefined);
      if (!wanted) return;
      if (!answer.ok) {
        timer = setTimeout(read, RETRY_MS);
        setLink("lost");
        return;
      }
      setModel((now) => (now?.state.me.id === answer.me.id ? { ...now, state: answer } : newModel(answer)));
      setReadAs(as);
      // The answer may be older than news that came meanwhile, and has just undone it.
      if (newsCount.current !== before) await read();
    };
    void read();
    return () => {
      wanted = false;
      clearTimeout(timer);
    };
  }, [as, generation]);

  useEffect(() => {
    if (!me) return;
    return listen(me, {
      news: (news) => latestNews.current(news),
      opened: (fresh) => {
        setLink("open");
        if (fresh) setGeneration((now) => now + 1);
      },
      lost: () => setLink("lost"),
    });
  }, [me]);

  useConversation(me, looking, generation, heard, change, tell);

  const loadOlder = async (channel: string) => {
    const shown = model?.conversations[channel];
    const oldest = shown?.messages[0];
    if (!shown?.hasMore || !oldest) return;
    const answer = await api.messages(me, channel, { before: oldest.ts });
    if (!answer.ok) return;
    change((now) => withConversation(now, channel, older(now.conversations[channel], answer.messages, answer.has_more)));
  };
  const openHome = async () => {
    const answer = await api.homeOpened(me, "home");
    if (answer.ok && answer.view) change((now) => ({ ...now, home: answer.view }));
  };
  const hide = (message: Message) =>
    change((now) => {
      const { channel, ts, thread_ts } = message;
      return afterNews(now, { name: "message_deleted", data: { channel, ts, thread_ts } }, look.current);
    });
  const checked = async <T>(request: Promise<Answer<T>>): Promise<boolean> => {
    const answer = (await request) as Failure | { ok: true };
    if (!answer.ok) tell("error", answer.error, sentenceFor(answer));
    return answer.ok;
  };
  return { model, isChangingPerson: as !== readAs, link, toasts, tell, dismiss, checked, loadOlder, openHome, hide };
}

// Read the open conversation and thread whenever they are opened and after every break of the feed.
function useConversation(
  me: string,
  { channel, thread, isAwake }: Looking,
  generation: number,
  heard: { readonly current: Heard },
  change: (to: (model: Model) => Model) => void,
  tell: Workspace["tell"],
): void {
  useEffect(() => {
    if (!me || !channel) return;
    let wanted = true;
    const read = async (): Promise<void> => {
      const before = heard.current[channel];
      const answer = await api.messages(me, channel);
      if (!wanted) return;
      if (!answer.ok) return tell("error", answer.error, sentenceFor(answer));
      change((now) =>
        withConversation(now, channel, {
          messages: newer(answer.messages, now.conversations[channel]?.messages ?? []),
          hasMore: answer.has_more,
        }),
      );
      // News that came meanwhile may be missing in the answer, or older there.
      if (heard.current[channel] !== before) await read();
    };
    void read();
    return () => {
      wanted = false;
    };
  }, [me, channel, generation]);
  useEffect(() => {
    if (!me || !channel || !thread) return;
    let wanted = true;
    const read = async (): Promise<void> => {
      const before = heard.current[channel];
      const answer = await api.messages(me, channel, { thread_ts: thread });
      if (!wanted) return;
      if (!answer.ok) return tell("error", answer.error, sentenceFor(answer));
      change((now) =>
        withThread(now, channel, thread, newer(answer.messages, now.threads[`${channel}/${thread}`] ?? [])),
      );
      if (heard.current[channel] !== before) await read();
    };
    void read();
    return () => {
      wanted = false;
    };
  }, [me, channel, thread, generation]);
  useEffect(() => {
    if (!me || !channel || !isAwake) return;
    change((now) => afterReading(now, channel));
    void api.read(me, channel, `${Math.floor(Date.now() / 1000)}.999999`);
  }, [me, channel, thread, isAwake, generation]);
}

// What came through the feed while the answer was under way stays.
function newer(read: Message[], shown: Message[]): Message[] {
  const last = read.at(-1)?.ts ?? "";
  return [...read, ...shown.filter((message) => message.ts > last)];
}

function older(shown: Conversation | undefined, read: Message[], hasMore: boolean): Conversation {
  return { messages: [...read, ...(shown?.messages ?? [])], hasMore };
}

function useToasts() {
  const [toasts, setToasts] = useState<Toast[]>([]);
  const next = useRef(1);
  const dismiss = useCallback((id: number) => setToasts((all) => all.filter((toast) => toast.id !== id)), []);
  const tell = useCallback((level: Toast["level"], code: string, text: string) => {
    const id = next.current++;
    // An answer and a notice often tell the same failure; the newer one takes the other's place.
    setToasts((all) => [...all.filter((toast) => toast.code !== code && toast.text !== text), { id, level, code, text }]);
    setTimeout(() => dismiss(id), TOAST_MS);
  }, []);
  return { toasts, tell, dismiss };
}
