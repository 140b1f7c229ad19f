/** "Cairn is thinking…", with the app's own words in turn where it sent several. */

import { useEffect, useState } from "preact/hooks";
import type { Status } from "../api";
import { usePage } from "./page";

const TURN_MS = 3000;

export function StatusLine({ status }: { status: Status | undefined }) {
  const { model } = usePage();
  const said = status?.loading_messages ?? [];
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    if (said.length < 2) return;
    const timer = setInterval(() => setTurn((now) => now + 1), TURN_MS);
    return () => clearInterval(timer);
  }, [said.length]);
  return (
    <span class="status" role="status" data-testid={status ? "status" : undefined}>
      {status && (
        <>
          <Dots />
          {said.length > 0 ? said[turn % said.length] : `${model.state.bot.real_name} ${status.status}`}
        </>
      )}
    </span>
  );
}

export function Dots() {
  return (
    <span class="dots" aria-hidden="true">
      <i />
      <i />
      <i />
    </span>
  );
}
