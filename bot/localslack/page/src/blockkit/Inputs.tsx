/** Elements that hold a value: text, numbers, dates, single selects, radio buttons and checkboxes. */

import { useEffect, useId, useRef } from "preact/hooks";
import { useDirectory, useSurface } from "./surface";
import { Text, words } from "./Text";
import type { BlockElement, ElementValue, Option } from "./types";

export interface FieldProps {
  element: BlockElement;
  blockId: string;
  /** Whether a change is sent at once, as it is everywhere outside an input block. */
  acts: boolean;
  label: string;
  describedBy?: string;
  invalid?: boolean;
  optional?: boolean;
}

/** Return the element's value and a way to change it that asks, keeps and sends as Slack does. */
export function useField({ element, blockId, acts }: FieldProps) {
  const surface = useSurface();
  const actionId = element.action_id ?? "";
  const held = surface.values[blockId]?.[actionId];
  const keep = (change: Omit<ElementValue, "type">) =>
    surface.set(blockId, actionId, { type: element.type, ...change });
  const send = (change: Omit<ElementValue, "type">) =>
    surface.act({ type: element.type, action_id: actionId, block_id: blockId, ...change });
  const use = async (change: Omit<ElementValue, "type">) => {
    if (acts && element.confirm && !(await surface.ask(element.confirm))) return;
    keep(change);
    if (acts) send(change);
  };
  return { held, keep, send, use, pending: surface.isPending(blockId, actionId) };
}

function aria({ element, label, describedBy, invalid, optional, acts }: FieldProps) {
  return {
    "aria-label": label,
    "aria-describedby": describedBy,
    "aria-invalid": invalid || undefined,
    "aria-required": !acts && !optional ? true : undefined,
    "data-testid": `action-${element.action_id}`,
  };
}

function keyboardFor(element: BlockElement): "numeric" | "decimal" | "email" | "url" | undefined {
  if (element.type === "number_input") return element.is_decimal_allowed ? "decimal" : "numeric";
  if (element.type === "email_text_input") return "email";
  return element.type === "url_text_input" ? "url" : undefined;
}

export function TextField(props: FieldProps) {
  const { element, acts } = props;
  const { held, keep, send } = useField(props);
  const box = useRef<HTMLTextAreaElement & HTMLInputElement>(null);
  useEffect(() => {
    if (element.focus_on_load) box.current?.focus();
  }, []);
  const shared = {
    ...aria(props),
    ref: box,
    class: "field",
    value: held?.value ?? "",
    placeholder: words(element.placeholder),
    maxLength: element.max_length,
    inputMode: keyboardFor(element),
    autoComplete: "off",
    onInput: (event: Event) => keep({ value: (event.currentTarget as HTMLInputElement).value || null }),
    onKeyDown: (event: KeyboardEvent) => {
      if (acts && event.key === "Enter" && !event.shiftKey) {
        event.preventDefault();
        send({ value: box.current?.value || null });
      }
    },
  } as const;
  if (element.multiline) return <textarea {...shared} rows={4} />;
  return <input {...shared} type="text" />;
}

export function DateField(props: FieldProps) {
  const { element } = props;
  const { held, use } = useField(props);
  const kind = element.type === "timepicker" ? "time" : element.type === "datepicker" ? "date" : "datetime-local";
  const instant = held?.selected_date_time;
  const shown = kind === "datetime-local" ? localInstant(instant) : (held?.selected_date ?? held?.selected_time ?? "");
  const change = (text: string) => {
    if (kind === "date") void use({ selected_date: text || null });
    else if (kind === "time") void use({ selected_time: text || null });
    else void use({ selected_date_time: text ? Math.floor(new Date(text).getTime() / 1000) : null });
  };
  return (
    <input {...aria(props)} class="field date" type={kind} value={shown} onChange={(event) => change(event.currentTarget.value)} />
  );
}

function localInstant(seconds: number | null | undefined): string {
  if (!seconds) return "";
  const date = new Date(seconds * 1000);
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

/** A select of options, people or channels, as the browser's own control. */
export function Select(props: FieldProps) {
  const { element, optional, acts } = props;
  const directory = useDirectory();
  const { held, use, pending } = useField(props);
  const options = optionsOf(element);
  const people = element.type === "users_select" ? directory.people.filter((person) => !person.is_bot) : [];
  const places = /^(channels|conversations)_select$/.test(element.type) ? directory.channels : [];
  const shown =
    held?.selected_option?.value ?? held?.selected_user ?? held?.selected_channel ?? held?.selected_conversation ?? "";
  const change = (value: string) => {
    if (element.type === "users_select") void use({ selected_user: value || null });
    else if (element.type === "channels_select") void use({ selected_channel: value || null });
    else if (element.type === "conversations_select") void use({ selected_conversation: value || null });
    else void use({ selected_option: options.find((option) => option.value === value) ?? null });
  };
  const one = (option: Option) => (
    <option key={option.value} value={option.value}>
      {words(option.text)}
      {option.description ? ` — ${words(option.description)}` : ""}
    </option>
  );
  return (
    <select
      {...aria(props)}
      class={`field select ${pending ? "pending" : ""} ${shown ? "" : "empty"}`}
      value={shown}
      onChange={(event) => change(event.currentTarget.value)}
    >
      <option value="" disabled={acts || !optional} hidden={acts || !optional}>
        {words(element.placeholder) || "Choose an option"}
      </option>
      {(element.options ?? []).map(one)}
      {(element.option_groups ?? []).map((group) => (
        <optgroup key={words(group.label)} label={words(group.label)}>
          {group.options.map(one)}
        </optgroup>
      ))}
      {people.map((person) => (
        <option key={person.id} value={person.id}>
          {person.real_name}
        </option>
      ))}
      {places.map((place) => (
        <option key={place.id} value={place.id}>
          #{place.name}
        </option>
      ))}
    </select>
  );
}

/** Return every option of an element, groups flattened. */
export function optionsOf(element: BlockElement): Option[] {
  return [...(element.options ?? []), ...(element.option_groups ?? []).flatMap((group) => group.options)];
}

/** Radio buttons, or checkboxes when several may be chosen. */
export function Choices(props: FieldProps) {
  const { element, label, describedBy } = props;
  const { held, use } = useField(props);
  const name = useId();
  const several = element.type === "checkboxes";
  const chosen = several ? (held?.selected_options ?? []) : held?.selected_option ? [held.selected_option] : [];
  const isChosen = (option: Option) => chosen.some((one) => one.value === option.value);
  const change = (option: Option) => {
    if (!several) return void use({ selected_option: option });
    const next = (element.options ?? []).filter((one) => (one.value === option.value ? !isChosen(one) : isChosen(one)));
    void use({ selected_options: next });
  };
  return (
    <div
      class="choices"
      role={several ? "group" : "radiogroup"}
      aria-label={label}
      aria-describedby={describedBy}
      data-testid={`action-${element.action_id}`}
    >
      {(element.options ?? []).map((option) => (
        <label key={option.value} class="choice">
          <input
            type={several ? "checkbox" : "radio"}
            name={name}
            value={option.value}
            checked={isChosen(option)}
            onChange={() => change(option)}
          />
          <span>
            <Text text={option.text} />
            {option.description && (
              <small>
                <Text text={option.description} />
              </small>
            )}
          </span>
        </label>
      ))}
    </div>
  );
}
