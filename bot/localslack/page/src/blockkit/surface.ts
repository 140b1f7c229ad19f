/** What blocks need from the page around them: names of people, and where a used element goes. */

import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { Block, BlockElement, Confirm, ElementAction, ElementValue, Option, Values } from "./types";

export interface Directory {
  userName(id: string): string;
  channelName(id: string): string | undefined;
  group(id: string): { handle: string; name: string; users: readonly string[] } | undefined;
  /** Everybody who can be chosen. */
  people: readonly { id: string; real_name: string; is_bot: boolean }[];
  channels: readonly { id: string; name: string }[];
  me: string;
  /** Follow a link into a conversation without leaving the page. */
  openChannel(id: string): void;
}

export interface Surface {
  kind: "message" | "modal" | "home";
  values: Values;
  errors: Readonly<Record<string, string>>;
  set(blockId: string, actionId: string, value: ElementValue): void;
  act(action: ElementAction): void;
  isPending(blockId: string, actionId: string, value?: string): boolean;
  ask(confirm: Confirm): Promise<boolean>;
  options(blockId: string, actionId: string, typed: string): Promise<Option[]>;
}

export const DirectoryContext = createContext<Directory>({
  userName: (id) => id,
  channelName: () => undefined,
  group: () => undefined,
  people: [],
  channels: [],
  me: "",
  openChannel: () => undefined,
});

export const SurfaceContext = createContext<Surface | null>(null);

export function useDirectory(): Directory {
  return useContext(DirectoryContext);
}

export function useSurface(): Surface {
  const surface = useContext(SurfaceContext);
  if (!surface) throw new Error("Blocks with elements stand inside a surface.");
  return surface;
}

/** Return what each element of the blocks holds before anyone touches it. */
export function initialValues(blocks: readonly Block[]): Values {
  const values: Values = {};
  for (const block of blocks) {
    const elements = [block.element, block.accessory, ...(block.type === "actions" ? (block.elements ?? []) : [])];
    for (const candidate of elements) {
      const element = candidate as BlockElement | undefined;
      if (!element?.action_id) continue;
      const value = initialValue(element);
      if (value) (values[block.block_id ?? ""] ??= {})[element.action_id] = value;
    }
  }
  return values;
}

function initialValue(element: BlockElement): ElementValue | null {
  const { type } = element;
  switch (type) {
    case "plain_text_input":
    case "number_input":
    case "email_text_input":
    case "url_text_input":
      return { type, value: element.initial_value ?? null };
    case "static_select":
    case "external_select":
    case "radio_buttons":
      return { type, selected_option: element.initial_option ?? null };
    case "multi_static_select":
    case "multi_external_select":
    case "checkboxes":
      return { type, selected_options: element.initial_options ?? [] };
    case "users_select":
      return { type, selected_user: element.initial_user ?? null };
    case "multi_users_select":
      return { type, selected_users: element.initial_users ?? [] };
    case "channels_select":
      return { type, selected_channel: element.initial_channel ?? null };
    case "conversations_select":
      return { type, selected_conversation: element.initial_conversation ?? null };
    case "datepicker":
      return { type, selected_date: element.initial_date ?? null };
    case "timepicker":
      return { type, selected_time: element.initial_time ?? null };
    case "datetimepicker":
      return { type, selected_date_time: element.initial_date_time ?? null };
    default:
      return null;
  }
}

/** Return the initial values with what a person changed laid over them. */
export function mergedValues(blocks: readonly Block[], touched: Values): Values {
  const values = initialValues(blocks);
  for (const [blockId, actions] of Object.entries(values)) {
    for (const actionId of Object.keys(actions)) {
      const mine = touched[blockId]?.[actionId];
      if (mine) actions[actionId] = mine;
    }
  }
  return values;
}
