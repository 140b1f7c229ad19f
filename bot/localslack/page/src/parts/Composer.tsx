/** The box to write in: Enter sends, Shift+Enter breaks the line, / @ # and : offer completions. */

import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { api } from "../api";
import { type Completion, type Suggestion, completionAt, isWhole } from "../completion";
import { usePage } from "./page";

// What was typed and not sent, by conversation, for as long as the page is open.
const drafts = new Map<string, string>();

const TALLEST_PX = 220;

/** One composer belongs to one place: it is keyed by it, so that no draft moves elsewhere. */
interface ComposerProps {
  channel: string;
  thread: string;
  placeholder: string;
  testId: string;
}

export function Composer({ channel, thread, placeholder, testId }: ComposerProps) {
  const { send, model, me, workspace } = usePage();
  const place = `${me.id}/${channel}/${thread}`;
  const [text, setText] = useState(drafts.get(place) ?? "");
  const [caret, setCaret] = useState(0);
  const [picked, setPicked] = useState({ list: "", index: -1 });
  const [closedFor, setClosedFor] = useState<string | null>(null);
  const underWay = useRef<Promise<unknown>>(Promise.resolve());
  const box = useRef<HTMLTextAreaElement>(null);
  const offered = (written: string, at: number) => (closedFor === written ? null : completionAt(written, at, model.state));
  const chosenIn = (list: Completion) => (picked.list === keyOf(list) ? picked.index : list.kind === "argument" ? -1 : 0);
  const completion = offered(text, caret);

  useEffect(() => {
    drafts.set(place, text);
  }, [text]);
  useEffect(() => {
    // A phone's keyboard would cover what one came to read.
    if (matchMedia("(pointer: fine)").matches) box.current?.focus({ preventScroll: true });
  }, []);
  useLayoutEffect(() => fitHeight(box.current), [text]);

  const put = (suggestion: Suggestion, at: Completion) => {
    const field = box.current;
    if (!field) return;
    const rest = field.value.slice(field.selectionStart).replace(/^ /, "");
    const next = field.value.slice(0, at.from) + suggestion.insert + rest;
    const end = at.from + suggestion.insert.length;
    // At once, and not when it is drawn: the next key may come before that.
    field.value = next;
    field.setSelectionRange(end, end);
    field.focus();
    setText(next);
    setCaret(end);
  };
  const submit = async () => {
    // What stands in the box: keys that come faster than the page is drawn are not in `text` yet.
    const sent = (box.current?.value ?? text).trim();
    if (!sent) return;
    if (box.current) box.current.value = "";
    setText("");
    setCaret(0);
    box.current?.focus();
    // Messages keep their order; a command may take seconds to be acknowledged and holds up nothing.
    const turn = underWay.current.then(() => send(sent, channel, thread));
    if (!sent.startsWith("/")) underWay.current = turn;
    if (await turn) return;
    setText((now) => now || sent);
    if (box.current) box.current.value ||= sent;
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.isComposing) return;
    const { value: written, selectionStart } = event.currentTarget as HTMLTextAreaElement;
    // What the key meets is what was typed, which may not be drawn yet.
    const list = offered(written, selectionStart);
    const choose = (index: number) => list && setPicked({ list: keyOf(list), index });
    if (list && completionKey(event, list, chosenIn(list), choose, put, () => setClosedFor(written))) return;
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      void submit();
    }
  };
  const listId = `${testId}-list`;
  const chosen = completion ? chosenIn(completion) : -1;
  return (
    <div class="composer">
      {completion && <Suggestions id={listId} completion={completion} chosen={chosen} put={put} />}
      <div class="composer-box">
        <textarea
          ref={box}
          rows={1}
          value={text}
          // What is written while the person changes would be the other one's, or lost.
          disabled={workspace.isChangingPerson}
          placeholder={placeholder}
          aria-label={placeholder}
          data-testid={testId}
          aria-haspopup="listbox"
          aria-controls={completion ? listId : undefined}
          aria-autocomplete="list"
          aria-activedescendant={completion && chosen >= 0 ? `${listId}-${chosen}` : undefined}
          onInput={(event) => {
            setText(event.currentTarget.value);
            setCaret(event.currentTarget.selectionStart);
          }}
          onSelect={(event) => setCaret(event.currentTarget.selectionStart)}
          onKeyDown={onKeyDown}
          onBlur={(event) => setClosedFor(event.currentTarget.value)}
          onFocus={() => setClosedFor(null)}
        />
        <div class="composer-bar">
          <Attach channel={channel} thread={thread} />
          <span class="composer-hint" aria-hidden="true">
            <b>Enter</b> to send · <b>Shift+Enter</b> for a new line · <b>/</b> for commands
          </span>
          <button
            type="button"
            class="send"
            aria-label="Send"
            data-testid={`${testId}-send`}
            disabled={!text.trim()}
            onClick={() => void submit()}
          >
            <svg viewBox="0 0 20 20" width="17" height="17" aria-hidden="true">
              <path d="M2.5 3.2 18 10 2.5 16.8 4.6 11l7-1-7-1z" fill="currentColor" />
            </svg>
          </button>
        </div>
      </div>
    </div>
  );
}

// What was picked in one list is not picked in the next.
function keyOf({ kind, typed }: Completion): string {
  return `${kind} ${typed}`;
}

function fitHeight(box: HTMLTextAreaElement | null): void {
  if (!box) return;
  box.style.height = "auto";
  box.style.height = `${Math.min(box.scrollHeight, TALLEST_PX)}px`;
}

// Whether the key was for the list of suggestions.
function completionKey(
  event: KeyboardEvent,
  completion: Completion,
  chosen: number,
  choose: (index: number) => void,
  put: (suggestion: Suggestion, completion: Completion) => void,
  close: () => void,
): boolean {
  const { suggestions } = completion;
  const enters = event.key === "Enter" && !event.shiftKey && chosen >= 0 && !isWhole(completion);
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    const step = event.key === "ArrowDown" ? 1 : -1;
    choose((Math.max(chosen, event.key === "ArrowUp" ? 0 : -1) + step + suggestions.length) % suggestions.length);
  } else if (enters || (event.key === "Tab" && !event.shiftKey)) {
    put(suggestions[Math.max(chosen, 0)] as Suggestion, completion);
  } else if (event.key === "Escape") {
    event.stopPropagation();
    close();
  } else return false;
  event.preventDefault();
  return true;
}

interface SuggestionsProps {
  id: string;
  completion: Completion;
  chosen: number;
  put(suggestion: Suggestion, completion: Completion): void;
}

function Suggestions({ id, completion, chosen, put }: SuggestionsProps) {
  const titles = { command: "Commands", argument: "What may follow", person: "People", channel: "Channels", emoji: "Emoji" };
  return (
    <div class="suggestions" data-testid="suggestions">
      <p>
        {titles[completion.kind]}
        <span>
          <kbd>Tab</kbd> to complete
        </span>
      </p>
      <ul id={id} role="listbox" aria-label={titles[completion.kind]}>
        {completion.suggestions.map((suggestion, index) => (
          <li
            key={suggestion.label}
            id={`${id}-${index}`}
            role="option"
            aria-selected={index === chosen}
            // Pressing must not take the focus from the text.
            onMouseDown={(event) => {
              event.preventDefault();
              put(suggestion, completion);
            }}
          >
            <strong>{suggestion.label}</strong>
            <span>{suggestion.detail}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}

function Attach({ channel, thread }: { channel: string; thread: string }) {
  const { workspace, me } = usePage();
  const input = useRef<HTMLInputElement>(null);
  const upload = async (file: File) => {
    const body = { user: me.id, channel, name: file.name, content_base64: await base64(file) };
    await workspace.checked(api.upload(thread ? { ...body, thread_ts: thread } : body));
  };
  return (
    <>
      <button type="button" class="attach" aria-label="Attach a file" title="Attach a file" onClick={() => input.current?.click()}>
        <svg viewBox="0 0 20 20" width="17" height="17" aria-hidden="true">
          <path d="M10 4v12M4 10h12" stroke="currentColor" stroke-width="1.8" stroke-linecap="round" />
        </svg>
      </button>
      <input
        ref={input}
        type="file"
        hidden
        data-testid="file"
        onChange={(event) => {
          const file = event.currentTarget.files?.[0];
          if (file) void upload(file);
          event.currentTarget.value = "";
        }}
      />
    </>
  );
}

async function base64(file: File): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result).replace(/^[^,]*,/, ""));
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(file);
  });
}
