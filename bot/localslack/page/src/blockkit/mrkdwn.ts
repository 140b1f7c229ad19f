/** Slack's mrkdwn as a tree. The tree is drawn as elements, so no text ever becomes HTML. */

import { emojiFor } from "./emoji";

export type Inline =
  | { kind: "text"; text: string }
  | { kind: "bold" | "italic" | "strike"; children: Inline[] }
  | { kind: "code"; text: string }
  | { kind: "link"; href: string; label: string }
  | { kind: "user"; id: string }
  | { kind: "channel"; id: string; label: string }
  | { kind: "group"; id: string; label: string }
  | { kind: "broadcast"; label: string }
  | { kind: "date"; instant: number; format: string; fallback: string; href: string }
  | { kind: "emoji"; name: string }
  | { kind: "break" };

export type Paragraph =
  | { kind: "lines"; children: Inline[] }
  | { kind: "quote"; children: Inline[] }
  | { kind: "pre"; text: string };

const STYLES: Record<string, "bold" | "italic" | "strike"> = { "*": "bold", _: "italic", "~": "strike" };
const WORD = /[\p{L}\p{N}]/u;

/** Return mrkdwn split into runs of lines, quotes and preformatted text. */
export function paragraphs(source: string): Paragraph[] {
  // Text and closed fences in turn; a fence that stays open is text.
  return source.split(/\n?```([\s\S]*?)```\n?/).flatMap((part, index): Paragraph[] => {
    if (index % 2 === 0) return linesAndQuotes(part);
    return [{ kind: "pre", text: decode(plainSpecials(part.replace(/^\n|\n$/g, ""))) }];
  });
}

function linesAndQuotes(source: string): Paragraph[] {
  if (!source) return [];
  const found: { quoted: boolean; lines: string[] }[] = [];
  let restQuoted = false;
  for (const line of source.split("\n")) {
    const mark = /^(&gt;&gt;&gt;|>>>|&gt;|>) ?/.exec(line);
    if (mark && (mark[1] === ">>>" || mark[1] === "&gt;&gt;&gt;")) restQuoted = true;
    const quoted = restQuoted || mark !== null;
    const text = mark ? line.slice(mark[0].length) : line;
    const last = found[found.length - 1];
    if (last && last.quoted === quoted) last.lines.push(text);
    else found.push({ quoted, lines: [text] });
  }
  return found.map(({ quoted, lines }) => ({
    kind: quoted ? "quote" : "lines",
    children: inlines(lines.join("\n")),
  }));
}

/** Return one run of mrkdwn as styled pieces. */
export function inlines(source: string): Inline[] {
  const found: Inline[] = [];
  let text = "";
  let at = 0;
  const flush = () => {
    if (text) found.push({ kind: "text", text: decode(text) });
    text = "";
  };
  while (at < source.length) {
    const piece = pieceAt(source, at);
    if (piece) {
      flush();
      found.push(piece.inline);
      at = piece.end;
    } else {
      text += source[at];
      at += 1;
    }
  }
  flush();
  return found;
}

type Piece = { inline: Inline; end: number } | null;

function pieceAt(source: string, at: number): Piece {
  const char = source[at] as string;
  if (char === "\n") return { inline: { kind: "break" }, end: at + 1 };
  if (char === "`") return codeAt(source, at);
  if (char === "<") return angleAt(source, at);
  if (char === ":") return emojiAt(source, at);
  if (char in STYLES) return styledAt(source, at);
  if (char === "h" && !WORD.test(source[at - 1] ?? " ")) return bareLinkAt(source, at);
  return null;
}

function codeAt(source: string, at: number): Piece {
  const close = source.indexOf("`", at + 1);
  const text = source.slice(at + 1, close);
  if (close < 0 || !text || text.includes("\n")) return null;
  return { inline: { kind: "code", text: decode(plainSpecials(text)) }, end: close + 1 };
}

function styledAt(source: string, at: number): Piece {
  const mark = source[at] as string;
  const before = source[at - 1] ?? " ";
  const first = source[at + 1] ?? " ";
  if (WORD.test(before) || before === mark || /\s/.test(first) || first === mark) return null;
  for (let end = at + 1; end < source.length && source[end] !== "\n"; end += 1) {
    const char = source[end];
    if (char === "`" || char === "<") {
      const inner = pieceAt(source, end);
      if (inner) end = inner.end - 1;
      continue;
    }
    const after = source[end + 1] ?? " ";
    if (char === mark && !/\s/.test(source[end - 1] as string) && !WORD.test(after) && after !== mark) {
      const kind = STYLES[mark] as "bold" | "italic" | "strike";
      return { inline: { kind, children: inlines(source.slice(at + 1, end)) }, end: end + 1 };
    }
  }
  return null;
}

function emojiAt(source: string, at: number): Piece {
  const match = /^:([a-z0-9_+'-]+):(?::skin-tone-[2-6]:)?/.exec(source.slice(at, at + 64));
  const name = match?.[1];
  if (!match || !name || !emojiFor(name)) return null;
  return { inline: { kind: "emoji", name }, end: at + match[0].length };
}

function bareLinkAt(source: string, at: number): Piece {
  const match = /^https?:\/\/[^\s<>|*~`]+/.exec(source.slice(at));
  if (!match) return null;
  const url = match[0].replace(/(?:&gt;|&lt;|[.,;:!?)'"\]])+$/, "");
  return { inline: { kind: "link", href: decode(url), label: decode(url) }, end: at + url.length };
}

/** Return what `<…>` at this place means, or null when it is plain text. */
export function angleAt(source: string, at: number): Piece {
  const close = source.indexOf(">", at);
  if (close < 0) return null;
  const inside = source.slice(at + 1, close);
  const inline = special(inside);
  return inline && { inline, end: close + 1 };
}

function special(inside: string): Inline | null {
  const bar = inside.indexOf("|");
  const target = bar < 0 ? inside : inside.slice(0, bar);
  const label = bar < 0 ? "" : decode(inside.slice(bar + 1));
  if (/^@[A-Z0-9]+$/.test(target)) return { kind: "user", id: target.slice(1) };
  if (/^#[A-Z0-9]+$/.test(target)) return { kind: "channel", id: target.slice(1), label };
  if (target.startsWith("!date^")) return dateOf(target, label);
  if (/^!subteam\^[A-Z0-9]+$/.test(target)) return { kind: "group", id: target.slice("!subteam^".length), label };
  if (/^!(here|channel|everyone)$/.test(target)) return { kind: "broadcast", label: `@${target.slice(1)}` };
  const href = decode(target);
  if (!isSafeHref(href)) return null;
  return { kind: "link", href, label: label || href.replace(/^mailto:/, "") };
}

function dateOf(target: string, fallback: string): Inline | null {
  const [, instant, format, href] = target.split("^");
  const seconds = Number(instant);
  if (!Number.isFinite(seconds) || !format) return null;
  return { kind: "date", instant: seconds, format, fallback, href: href && isSafeHref(href) ? href : "" };
}

/** Whether a link may be followed: web, mail, or a path on this server. */
export function isSafeHref(href: string): boolean {
  return /^(https?:\/\/|mailto:)[^\s]/i.test(href) || /^\/(?![/\\])/.test(href);
}

/** Return text with Slack's three entities and the usual quotes decoded. */
export function decode(text: string): string {
  return text
    .replace(/&lt;/g, "<")
    .replace(/&gt;/g, ">")
    .replace(/&quot;/g, '"')
    .replace(/&#39;/g, "'")
    .replace(/&amp;/g, "&");
}

// Code shows a link as its label or address, never as a link.
function plainSpecials(text: string): string {
  return text.replace(/<([^<>|\n]+)(?:\|([^<>\n]*))?>/g, (whole, target: string, label?: string) =>
    isSafeHref(target) ? label || target : whole,
  );
}

/** Return mrkdwn as one plain line, for previews and labels. */
export function plainText(source: string, nameOf: (id: string) => string): string {
  const flat = (pieces: Inline[]): string =>
    pieces
      .map((piece) => {
        switch (piece.kind) {
          case "text":
          case "code":
            return piece.text;
          case "bold":
          case "italic":
          case "strike":
            return flat(piece.children);
          case "link":
            return piece.label;
          case "user":
            return `@${nameOf(piece.id)}`;
          case "channel":
            return `#${piece.label || piece.id}`;
          case "group":
            return piece.label || `@${nameOf(piece.id)}`;
          case "broadcast":
            return piece.label;
          case "date":
            return piece.fallback;
          case "emoji":
            return emojiFor(piece.name) ?? "";
          case "break":
            return " ";
        }
      })
      .join("");
  return paragraphs(source)
    .map((part) => (part.kind === "pre" ? part.text : flat(part.children)))
    .join(" ")
    .trim();
}
