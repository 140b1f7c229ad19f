/** What happens between using an element and the app's answer: held values, pending buttons, confirmations. */

import { useEffect, useRef, useState } from "preact/hooks";
import { type Answer, type Place, api } from "./api";
import { type Surface, mergedValues } from "./blockkit/surface";
import type { Block, Confirm, ElementAction, Values } from "./blockkit/types";

const PENDING_MS = 3000;

export interface SurfaceOptions {
  kind: Surface["kind"];
  user: string;
  place: Place;
  blocks: readonly Block[];
  errors?: Readonly<Record<string, string>>;
  checked(request: Promise<Answer<object>>): Promise<boolean>;
  ask(confirm: Confirm): Promise<boolean>;
}

/** Return the surface that one message, modal or Home tab is to its blocks. */
export function useSurfaceOf({ kind, user, place, blocks, errors, checked, ask }: SurfaceOptions): Surface {
  const [touched, setTouched] = useState<Values>({});
  const [pending, setPending] = useState<Record<string, number>>({});
  const number = useRef(0);
  const values = mergedValues(blocks, touched);
  useEffect(() => setPending({}), [blocks]);

  const act = async (action: ElementAction) => {
    const key = pendingKey(action.block_id, action.action_id, action.type === "button" ? (action.value ?? "") : "");
    const turn = ++number.current;
    setPending((now) => ({ ...now, [key]: turn }));
    const clear = () => setPending((now) => (now[key] === turn ? without(now, key) : now));
    setTimeout(clear, PENDING_MS);
    const state = withAction(values, action);
    if (!(await checked(api.action({ user, action, state, ...place })))) clear();
  };
  return {
    kind,
    values,
    errors: errors ?? {},
    ask,
    act: (action) => void act(action),
    set: (blockId, actionId, value) =>
      setTouched((now) => ({ ...now, [blockId]: { ...now[blockId], [actionId]: value } })),
    isPending: (blockId, actionId, value = "") => pendingKey(blockId, actionId, value) in pending,
    options: async (block_id, action_id, value) => {
      const answer = await api.options({ user, value, action_id, block_id, ...place });
      if (!answer.ok) return [];
      return [...(answer.options ?? []), ...(answer.option_groups ?? []).flatMap((group) => group.options)];
    },
  };
}

function pendingKey(blockId: string, actionId: string, value: string): string {
  return JSON.stringify([blockId, actionId, value]);
}

function without(all: Record<string, number>, key: string): Record<string, number> {
  return Object.fromEntries(Object.entries(all).filter(([other]) => other !== key));
}

// The change is set and sent in one go, so the held values do not have it yet.
function withAction(values: Values, { block_id, action_id, ...value }: ElementAction): Values {
  const block = values[block_id];
  if (!block || !(action_id in block)) return values;
  return { ...values, [block_id]: { ...block, [action_id]: value } };
}
