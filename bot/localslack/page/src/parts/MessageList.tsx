/** A scrolling list of messages that stays where one reads, or at the end. */

import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Message } from "../api";
import { dayName, instantOf } from "../blockkit/dates";
import { rows } from "../grouping";
import { MessageRow } from "./MessageRow";
import { usePage } from "./page";

const NEAR_END_PX = 60;
const NEAR_TOP_PX = 300;

interface ListProps {
  label: string;
  messages: readonly Message[];
  inThread?: boolean;
  unreadFrom?: string;
  focus?: string;
  before?: ComponentChildren;
  onTop?(): void;
}

export function MessageList({ label, messages, inThread = false, unreadFrom = "", focus = "", before, onTop }: ListProps) {
  const list = useRef<HTMLDivElement>(null);
  const { atEnd, toEnd, onScroll } = useSteadyScroll(list, messages, focus);
  const [seen, setSeen] = useState("");
  const last = messages.at(-1)?.ts ?? "";
  useEffect(() => {
    if (atEnd) setSeen(last);
  }, [atEnd, last]);
  const now = new Date();
  const drawn = rows(messages, unreadFrom).map(({ message, isFirst, startsDay, startsUnread }, index) => (
    <div key={message.ts} class="row">
      {startsDay && (
        <div class={`divider ${startsUnread ? "new" : ""}`} role="separator">
          <span>{dayName(instantOf(message.ts), now)}</span>
          {startsUnread && <b>New</b>}
        </div>
      )}
      {startsUnread && !startsDay && (
        <div class="divider new" role="separator" data-testid="unread-divider">
          <b>New</b>
        </div>
      )}
      <MessageRow message={message} isFirst={isFirst} inThread={inThread} isFocused={message.ts === focus} />
      {inThread && index === 0 && <Replies count={messages.length - 1} />}
    </div>
  ));
  const scrolled = () => {
    onScroll();
    if ((list.current?.scrollTop ?? Number.POSITIVE_INFINITY) < NEAR_TOP_PX) onTop?.();
  };
  return (
    <div class="list-frame">
      <div class="list" ref={list} onScroll={scrolled} tabIndex={0} role="log" aria-label={label}>
        <div class="list-inside">
          {before}
          {drawn}
        </div>
      </div>
      {!atEnd && last > seen && (
        <button type="button" class="newest" onClick={toEnd}>
          ↓ New messages
        </button>
      )}
    </div>
  );
}

function Replies({ count }: { count: number }) {
  if (count <= 0) return null;
  return (
    <div class="divider plain-divider" role="separator">
      <span>{count === 1 ? "1 reply" : `${count} replies`}</span>
    </div>
  );
}

// Browsers anchor scrolling only in part, and Safari not at all: the topmost visible message is held in place by hand.
function useSteadyScroll(list: { current: HTMLDivElement | null }, messages: readonly Message[], focus: string) {
  const [atEnd, setAtEnd] = useState(true);
  const sticks = useRef(true);
  const anchor = useRef<{ ts: string; top: number } | null>(null);
  const last = useRef("");
  const placedAt = useRef(0);
  const { me } = usePage();
  const settle = () => {
    const box = list.current;
    if (!box) return;
    // Somebody has scrolled, and the event that says so is still to come.
    if (box.scrollTop < placedAt.current) onScroll();
    if (sticks.current) {
      box.scrollTop = box.scrollHeight;
      placedAt.current = box.scrollTop;
      return;
    }
    const held = anchor.current && rowOf(box, anchor.current.ts);
    if (held && anchor.current) box.scrollTop += held.getBoundingClientRect().top - anchor.current.top;
  };
  const onScroll = () => {
    const box = list.current;
    if (!box) return;
    placedAt.current = box.scrollTop;
    sticks.current = box.scrollHeight - box.scrollTop - box.clientHeight < NEAR_END_PX;
    setAtEnd(sticks.current);
    const top = box.getBoundingClientRect().top;
    const visible = [...box.querySelectorAll<HTMLElement>("[data-ts]")].find(
      (row) => row.getBoundingClientRect().bottom > top + 1,
    );
    anchor.current = visible ? { ts: visible.dataset["ts"] ?? "", top: visible.getBoundingClientRect().top } : null;
  };
  const toEnd = () => {
    sticks.current = true;
    setAtEnd(true);
    settle();
  };
  useLayoutEffect(() => {
    const newest = messages.at(-1);
    const isNew = newest !== undefined && newest.ts > last.current;
    // What one has just written is what one wants to see.
    if (isNew && last.current !== "" && newest.user === me.id) {
      sticks.current = true;
      setAtEnd(true);
    }
    last.current = newest?.ts ?? "";
    settle();
  }, [messages]);
  useEffect(() => {
    const box = list.current;
    if (!box?.firstElementChild) return;
    const observer = new ResizeObserver(settle);
    observer.observe(box);
    observer.observe(box.firstElementChild);
    return () => observer.disconnect();
  }, []);
  const isHere = messages.some((message) => message.ts === focus);
  useEffect(() => {
    if (!focus || !isHere || !list.current) return;
    sticks.current = false;
    rowOf(list.current, focus)?.scrollIntoView({ block: "center" });
    onScroll();
  }, [focus, isHere]);
  return { atEnd, toEnd, onScroll };
}

function rowOf(box: HTMLElement, ts: string): HTMLElement | null {
  return box.querySelector<HTMLElement>(`[data-ts="${CSS.escape(ts)}"]`);
}
