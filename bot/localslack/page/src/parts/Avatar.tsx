/** A person's picture: initials on their colour; the app's is a cairn. */

import type { User } from "../api";

export function Avatar({ user, size }: { user: User | undefined; size: number }) {
  const style = { width: `${size}px`, height: `${size}px`, background: user?.is_bot ? undefined : (user?.color ?? "#6b7280") };
  if (user?.is_bot) {
    return (
      <span class="avatar app" style={style} aria-hidden="true">
        <Cairn />
      </span>
    );
  }
  return (
    <span class="avatar" style={{ ...style, fontSize: `${size * 0.4}px` }} aria-hidden="true">
      {initials(user?.real_name || user?.name || "?")}
    </span>
  );
}

export function Cairn() {
  return (
    <svg viewBox="0 0 40 40" width="100%" height="100%" aria-hidden="true">
      <rect width="40" height="40" fill="#1f4d4a" />
      <ellipse cx="20" cy="30" rx="12.5" ry="4.8" fill="#d9cdb8" />
      <ellipse cx="19" cy="21.6" rx="8.8" ry="4" fill="#efe6d6" />
      <ellipse cx="21" cy="14.4" rx="5.8" ry="3.3" fill="#f2a65a" />
      <circle cx="20" cy="8.6" r="2.5" fill="#fff7ea" />
    </svg>
  );
}

function initials(name: string): string {
  const words = name.split(/\s+/).filter(Boolean);
  return (words.length > 1 ? [words[0], words.at(-1)] : words).map((word) => word?.[0]?.toUpperCase()).join("");
}
