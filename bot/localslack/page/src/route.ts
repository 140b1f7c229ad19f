/** What the address names: the person who acts, the conversation, the thread, the Home tab. */

export interface Route {
  channel: string;
  thread: string;
  home: boolean;
  /** A message to bring into view, from a permalink. */
  focus: string;
}

export const NOWHERE: Route = { channel: "", thread: "", home: false, focus: "" };

/** Return the route of an address: `#/C1`, `#/C1/p123.456`, `#/D1/home`, or a permalink's `?channel=C1&ts=…`. */
export function routeOf(hash: string, search: string): Route {
  const [, channel = "", rest = ""] = /^#\/([A-Z0-9]+)(?:\/(.*))?$/.exec(hash) ?? [];
  if (channel) {
    return { channel, thread: rest.startsWith("p") ? tsOf(rest.slice(1)) : "", home: rest === "home", focus: "" };
  }
  const query = new URLSearchParams(search);
  const focus = tsOf(query.get("ts") ?? "");
  return { channel: query.get("channel") ?? "", thread: tsOf(query.get("thread_ts") ?? ""), home: false, focus };
}

/** Return the fragment of a route. */
export function hashOf({ channel, thread, home }: Pick<Route, "channel"> & Partial<Route>): string {
  if (!channel) return "#/";
  if (home) return `#/${channel}/home`;
  return thread ? `#/${channel}/p${thread}` : `#/${channel}`;
}

// Slack's permalinks leave out the point before the last six digits.
function tsOf(text: string): string {
  return /^\d{16,}$/.test(text) ? `${text.slice(0, -6)}.${text.slice(-6)}` : text;
}
