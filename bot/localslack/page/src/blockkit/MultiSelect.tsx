/** Selects of several options, and selects whose options the app sends while one types. */

import { useEffect, useRef, useState } from "preact/hooks";
import { menuKeys, useOutside } from "./Buttons";
import { type FieldProps, optionsOf, useField } from "./Inputs";
import { useDirectory, useSurface } from "./surface";
import { words } from "./Text";
import type { Option } from "./types";

export function SearchSelect(props: FieldProps) {
  const { element, blockId, label, describedBy, invalid, acts } = props;
  const { held, keep, send } = useField(props);
  const directory = useDirectory();
  const [open, setOpen] = useState(false);
  const [typed, setTyped] = useState("");
  const root = useRef<HTMLDivElement>(null);
  const before = useRef("");
  const people = element.type === "multi_users_select";
  const several = element.type.startsWith("multi_");
  const search = useRef<HTMLInputElement>(null);
  const found = useOptions(props, typed, open);
  const options = people
    ? directory.people.filter((person) => !person.is_bot).map((person) => optionFor(person.id, person.real_name))
    : found;
  const chosen = people
    ? (held?.selected_users ?? []).map((id) => optionFor(id, directory.userName(id)))
    : several
      ? (held?.selected_options ?? [])
      : held?.selected_option
        ? [held.selected_option]
        : [];
  const valueOf = (next: Option[]) =>
    people ? { selected_users: next.map((one) => one.value) }
    : several ? { selected_options: next }
    : { selected_option: next[0] ?? null };
  const toggle = () => {
    if (open) close();
    else {
      before.current = JSON.stringify(chosen);
      setOpen(true);
    }
  };
  const close = () => {
    setOpen(false);
    setTyped("");
    if (acts && JSON.stringify(chosen) !== before.current) send(valueOf(chosen));
  };
  const choose = (option: Option) => {
    const has = chosen.some((one) => one.value === option.value);
    if (!several) {
      keep(valueOf([option]));
      setOpen(false);
      setTyped("");
      if (acts) send(valueOf([option]));
      return;
    }
    if (!has && element.max_selected_items && chosen.length >= element.max_selected_items) return;
    keep(valueOf(has ? chosen.filter((one) => one.value !== option.value) : [...chosen, option]));
  };
  useOutside(root, open, () => latestClose.current());
  useEffect(() => {
    if (open) search.current?.focus({ preventScroll: true });
  }, [open]);
  const latestClose = useRef(close);
  latestClose.current = close;
  const matching = options.filter((option) => words(option.text).toLowerCase().includes(typed.toLowerCase()));
  return (
    <div
      class="search-select"
      ref={root}
      onKeyDown={(event) => open && menuKeys(event, root.current, close)}
      data-block={blockId}
    >
      <button
        type="button"
        class={`field select ${chosen.length ? "" : "empty"}`}
        aria-label={[label, ...chosen.map((option) => words(option.text))].join(", ")}
        aria-describedby={describedBy}
        aria-invalid={invalid || undefined}
        aria-haspopup="listbox"
        aria-expanded={open}
        data-testid={`action-${element.action_id}`}
        onClick={toggle}
      >
        {chosen.length === 0 && (words(element.placeholder) || "Choose options")}
        {chosen.map((option) => (
          <span key={option.value} class={several ? "chip" : ""}>
            {words(option.text)}
          </span>
        ))}
      </button>
      {open && (
        <div class="menu listbox">
          <input
            class="field"
            type="text"
            ref={search}
            value={typed}
            placeholder="Search"
            aria-label={`Search ${label}`}
            onInput={(event) => setTyped(event.currentTarget.value)}
          />
          <div role="listbox" aria-label={label} aria-multiselectable={several}>
            {matching.map((option) => {
              const selected = chosen.some((one) => one.value === option.value);
              return (
                <button
                  key={option.value}
                  type="button"
                  role="option"
                  aria-selected={selected}
                  data-value={option.value}
                  onClick={() => choose(option)}
                >
                  <span class="tick" aria-hidden="true">
                    {selected ? "✓" : ""}
                  </span>
                  <span>
                    {words(option.text)}
                    {option.description && <small>{words(option.description)}</small>}
                  </span>
                </button>
              );
            })}
            {matching.length === 0 && <p class="quiet">Nothing matches.</p>}
          </div>
        </div>
      )}
    </div>
  );
}

function optionFor(id: string, name: string): Option {
  return { text: { type: "plain_text", text: name }, value: id };
}

function useOptions(props: FieldProps, typed: string, open: boolean): Option[] {
  const { element, blockId } = props;
  const surface = useSurface();
  const [remote, setRemote] = useState<Option[]>([]);
  const external = element.type.endsWith("external_select");
  useEffect(() => {
    if (!external || !open || typed.length < (element.min_query_length ?? 0)) return;
    let wanted = true;
    void surface.options(blockId, element.action_id ?? "", typed).then((options) => {
      if (wanted) setRemote(options);
    });
    return () => {
      wanted = false;
    };
  }, [external, open, typed]);
  return external ? remote : optionsOf(element);
}
