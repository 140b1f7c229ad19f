/** Dates as a person in this browser reads them, and Slack's `{date}` patterns. */

const DAY_MS = 86_400_000;

/** Return the instant of a Slack `ts`. */
export function instantOf(ts: string): Date {
  return new Date(Number.parseFloat(ts) * 1000);
}

/** Return the time of day, such as "9:05 AM". */
export function clockTime(date: Date): string {
  return date.toLocaleTimeString(undefined, { hour: "numeric", minute: "2-digit" });
}

/** Return "Today", "Yesterday" or the weekday and date. */
export function dayName(date: Date, now: Date): string {
  const days = Math.round((midnight(now) - midnight(date)) / DAY_MS);
  if (days === 0) return "Today";
  if (days === 1) return "Yesterday";
  const year = date.getFullYear() === now.getFullYear() ? undefined : "numeric";
  return date.toLocaleDateString(undefined, { weekday: "long", month: "long", day: "numeric", year });
}

/** Return how long ago an instant was, such as "5 minutes ago", or its day when older. */
export function ago(date: Date, now: Date): string {
  const minutes = Math.floor((now.getTime() - date.getTime()) / 60_000);
  if (minutes < 1) return "just now";
  if (minutes < 60) return minutes === 1 ? "1 minute ago" : `${minutes} minutes ago`;
  const hours = Math.floor(minutes / 60);
  if (hours < 12) return hours === 1 ? "1 hour ago" : `${hours} hours ago`;
  return `${dayName(date, now)} at ${clockTime(date)}`;
}

function midnight(date: Date): number {
  return new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
}

/** Return a `<!date^…>` pattern filled in for this browser's zone. */
export function filledDate(seconds: number, pattern: string, now: Date): string {
  const date = new Date(seconds * 1000);
  const day = (options: Intl.DateTimeFormatOptions) => date.toLocaleDateString(undefined, options);
  const near = dayName(date, now);
  const isNear = near === "Today" || near === "Yesterday";
  const long = { weekday: "long", month: "long", day: "numeric", year: "numeric" } as const;
  const short = { month: "short", day: "numeric", year: "numeric" } as const;
  const full = { month: "long", day: "numeric", year: "numeric" } as const;
  const filled: Record<string, () => string> = {
    date_num: () => date.toISOString().slice(0, 10),
    date: () => day(full),
    date_short: () => day(short),
    date_long: () => day(long),
    date_pretty: () => (isNear ? near.toLowerCase() : day(full)),
    date_short_pretty: () => (isNear ? near.toLowerCase() : day(short)),
    date_long_pretty: () => (isNear ? near.toLowerCase() : day(long)),
    time: () => clockTime(date),
    time_secs: () => date.toLocaleTimeString(),
    ago: () => ago(date, now),
  };
  return pattern.replace(/\{([a-z_]+)\}/g, (whole, name: string) => filled[name]?.() ?? whole);
}
