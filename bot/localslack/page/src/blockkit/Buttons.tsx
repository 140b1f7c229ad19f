/** Elements that act at once: buttons, overflow menus, feedback and icon buttons. */

import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { isSafeHref } from "./mrkdwn";
import { type Surface, useSurface } from "./surface";
import { words } from "./Text";
import type { BlockElement, ElementAction, Option } from "./types";

interface ElementProps {
  element: BlockElement;
  blockId: string;
}

async function actOnceConfirmed(surface: Surface, element: BlockElement, action: ElementAction): Promise<void> {
  if (element.confirm && !(await surface.ask(element.confirm))) return;
  surface.act(action);
}

export function Button({ element, blockId }: ElementProps) {
  const surface = useSurface();
  const label = words(element.text);
  const actionId = element.action_id ?? "";
  const pending = surface.isPending(blockId, actionId, element.value);
  const press = () => {
    if (pending) return;
    if (element.url && isSafeHref(element.url)) window.open(element.url, "_blank", "noopener,noreferrer");
    const action: ElementAction = { type: element.type, action_id: actionId, block_id: blockId };
    if (element.value !== undefined) action.value = element.value;
    void actOnceConfirmed(surface, element, action);
  };
  return (
    <button
      type="button"
      class={`button ${element.style ?? ""} ${pending ? "pending" : ""}`}
      aria-label={element.accessibility_label ?? label}
      aria-disabled={pending}
      aria-busy={pending}
      data-testid={`action-${actionId}`}
      data-value={element.value}
      onClick={press}
    >
      <span>{label}</span>
      {element.url && <span class="out" aria-hidden="true" />}
    </button>
  );
}

export function Overflow({ element, blockId }: ElementProps) {
  const surface = useSurface();
  const [open, setOpen] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  const menu = useRef<HTMLDivElement>(null);
  const place = usePlace(menu, open);
  useOutside(root, open, () => setOpen(false));
  const actionId = element.action_id ?? "";
  const choose = (option: Option) => {
    setOpen(false);
    if (option.url && isSafeHref(option.url)) window.open(option.url, "_blank", "noopener,noreferrer");
    const action = { type: element.type, action_id: actionId, block_id: blockId, selected_option: option };
    void actOnceConfirmed(surface, element, action);
  };
  return (
    <div class="overflow" ref={root} onKeyDown={(event) => menuKeys(event, root.current, () => setOpen(false))}>
      <button
        type="button"
        class={`button icon ${surface.isPending(blockId, actionId) ? "pending" : ""}`}
        aria-label="More actions"
        aria-haspopup="menu"
        aria-expanded={open}
        data-testid={`action-${actionId}`}
        onClick={() => setOpen(!open)}
      >
        <span aria-hidden="true">⋯</span>
      </button>
      {open && (
        <div class={`menu ${place}`} role="menu" ref={menu}>
          {(element.options ?? []).map((option) => (
            <button
              key={option.value}
              type="button"
              role="menuitem"
              data-value={option.value}
              onClick={() => choose(option)}
            >
              {words(option.text)}
              {option.description && <small>{words(option.description)}</small>}
            </button>
          ))}
        </div>
      )}
    </div>
  );
}

export function FeedbackButtons({ element, blockId }: ElementProps) {
  const surface = useSurface();
  const [given, setGiven] = useState("");
  const actionId = element.action_id ?? "";
  const face = (which: "positive" | "negative", sign: string) => {
    const choice = element[`${which}_button`];
    if (!choice) return null;
    const act = () => {
      setGiven(choice.value);
      surface.act({ type: element.type, action_id: actionId, block_id: blockId, value: choice.value });
    };
    return (
      <button
        type="button"
        class={`button icon ${given === choice.value ? "given" : ""}`}
        aria-label={choice.accessibility_label ?? words(choice.text)}
        aria-pressed={given === choice.value}
        title={words(choice.text)}
        data-testid={`action-${actionId}`}
        data-value={choice.value}
        onClick={act}
      >
        {sign}
      </button>
    );
  };
  return (
    <span class="feedback">
      {face("positive", "👍")}
      {face("negative", "👎")}
    </span>
  );
}

// A menu opens down and to the left, but not out of what scrolls around it; its first item takes the focus.
function usePlace(menu: { current: HTMLElement | null }, open: boolean): string {
  const [place, setPlace] = useState("");
  useLayoutEffect(() => {
    const box = menu.current;
    if (!open || !box) return setPlace("");
    const room = (box.closest(".list, .home, .modal-body") ?? document.documentElement).getBoundingClientRect();
    const { left, bottom } = box.getBoundingClientRect();
    setPlace(`${left < room.left ? "rightwards" : ""} ${bottom > room.bottom ? "upwards" : ""}`);
    box.querySelector("button")?.focus({ preventScroll: true });
  }, [open]);
  return place;
}

/** Call `close` when something outside the element is pressed while it is open. */
export function useOutside(root: { current: HTMLElement | null }, open: boolean, close: () => void): void {
  useEffect(() => {
    if (!open) return;
    const onDown = (event: PointerEvent) => {
      if (!root.current?.contains(event.target as Node)) close();
    };
    document.addEventListener("pointerdown", onDown);
    return () => document.removeEventListener("pointerdown", onDown);
  }, [open]);
}

/** Move among menu items with the arrow keys; Esc closes the menu and nothing behind it. */
export function menuKeys(event: KeyboardEvent, root: HTMLElement | null, close: () => void): void {
  const items = [...(root?.querySelectorAll<HTMLElement>("[role^=menuitem], [role=option]") ?? [])];
  const at = items.indexOf(document.activeElement as HTMLElement);
  if (event.key === "Escape" && items.length) {
    event.preventDefault();
    event.stopPropagation();
    close();
    root?.querySelector<HTMLElement>("button")?.focus();
  } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    const step = event.key === "ArrowDown" ? 1 : -1;
    items[(at + step + items.length) % items.length]?.focus();
  }
}
