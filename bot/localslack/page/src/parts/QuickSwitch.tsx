/** The quick switch: type a few letters, Enter goes there. */

import { useRef, useState } from "preact/hooks";
import { Avatar } from "./Avatar";
import { nameWithKind } from "./kind";
import { useDialog } from "./Modals";
import { usePage } from "./page";

interface Place {
  key: string;
  label: string;
  detail: string;
  go(): void;
  icon: "channel" | string;
}

export function QuickSwitch({ close, become }: { close(): void; become(name: string): void }) {
  const page = usePage();
  const dialog = useRef<HTMLDialogElement>(null);
  const [typed, setTyped] = useState("");
  const [chosen, setChosen] = useState(0);
  useDialog(dialog, true);
  const matching = places(page, become).filter((place) => place.label.toLowerCase().includes(typed.trim().toLowerCase()));
  const take = (place: Place | undefined) => {
    if (!place) return;
    close();
    place.go();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (step) setChosen((chosen + step + matching.length) % Math.max(matching.length, 1));
    else if (event.key === "Enter") take(matching[chosen]);
    else return;
    event.preventDefault();
  };
  return (
    <dialog
      ref={dialog}
      class="modal switch"
      data-testid="quick-switch"
      aria-label="Jump to a conversation"
      onCancel={(event) => {
        event.preventDefault();
        close();
      }}
      onClick={(event) => event.target === dialog.current && close()}
    >
      <div class="modal-body">
        <input
          class="field"
          type="text"
          role="combobox"
          aria-expanded="true"
          aria-controls="quick-switch-list"
          aria-activedescendant={matching[chosen] ? `switch-${matching[chosen].key}` : undefined}
          aria-label="Where to?"
          placeholder="Where to?"
          value={typed}
          onInput={(event) => {
            setTyped(event.currentTarget.value);
            setChosen(0);
          }}
          onKeyDown={onKeyDown}
        />
        <ul id="quick-switch-list" role="listbox" aria-label="Conversations">
          {matching.map((place, index) => (
            <li key={place.key} id={`switch-${place.key}`} role="option" aria-selected={index === chosen} onClick={() => take(place)}>
              {place.icon === "channel" ? <span class="hash">#</span> : <Avatar user={page.user(place.icon)} size={20} />}
              <span>{place.label}</span>
              <small>{place.detail}</small>
            </li>
          ))}
          {matching.length === 0 && <li class="quiet">Nothing by that name.</li>}
        </ul>
      </div>
    </dialog>
  );
}

function places({ model, go, user, me }: ReturnType<typeof usePage>, become: (name: string) => void): Place[] {
  const { state } = model;
  return [
    ...state.channels.map((one) => ({
      key: one.id, label: one.name, detail: one.topic ?? "", icon: "channel", go: () => go({ channel: one.id }),
    })),
    ...state.dms.map((one) => ({
      key: one.id, label: user(one.user)?.real_name ?? one.user, detail: one.user === state.bot.id ? "App" : "Direct message",
      icon: one.user, go: () => go({ channel: one.id }),
    })),
    ...state.users.filter((one) => !one.is_bot && !one.deleted && one.id !== me.id).map((one) => ({
      key: one.id, label: `Be ${nameWithKind(one)}`, detail: "Change who acts", icon: one.id, go: () => become(one.name),
    })),
  ];
}
