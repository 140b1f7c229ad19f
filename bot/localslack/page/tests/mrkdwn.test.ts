import { expect, test } from "vitest";
import { inlines, isSafeHref, paragraphs, plainText } from "../src/blockkit/mrkdwn";

const name = (id: string) => id.toLowerCase();

test("styles nest and need a word boundary", () => {
  expect(inlines("*bold _both_* a*b*c 2 * 3 * 4")).toEqual([
    { kind: "bold", children: [{ kind: "text", text: "bold " }, { kind: "italic", children: [{ kind: "text", text: "both" }] }] },
    { kind: "text", text: " a*b*c 2 * 3 * 4" },
  ]);
});

test("snake_case and times stay text", () => {
  expect(inlines("my_var_name at 10:30:45")).toEqual([{ kind: "text", text: "my_var_name at 10:30:45" }]);
});

test("code keeps its marks and shows links as addresses", () => {
  expect(inlines("`a *b* <https://x.org>`")).toEqual([{ kind: "code", text: "a *b* https://x.org" }]);
});

test("preformatted text and quotes are paragraphs of their own", () => {
  expect(paragraphs("before\n```\nx &lt; 1\n```\n&gt; said\nafter")).toEqual([
    { kind: "lines", children: [{ kind: "text", text: "before" }] },
    { kind: "pre", text: "x < 1" },
    { kind: "quote", children: [{ kind: "text", text: "said" }] },
    { kind: "lines", children: [{ kind: "text", text: "after" }] },
  ]);
});

test("an open fence is text", () => {
  expect(plainText("see ``` here", name)).toBe("see ``` here");
});

test("links, people, channels, broadcasts and dates are recognised", () => {
  expect(inlines("<https://x.org/?a=1&amp;b=2|the page>")).toEqual([{ kind: "link", href: "https://x.org/?a=1&b=2", label: "the page" }]);
  expect(inlines("<@U1><#C1|general><!here>")).toEqual([
    { kind: "user", id: "U1" },
    { kind: "channel", id: "C1", label: "general" },
    { kind: "broadcast", label: "@here" },
  ]);
  expect(inlines("<!subteam^S1> <!subteam^S2|@team>")).toEqual([
    { kind: "group", id: "S1", label: "" },
    { kind: "text", text: " " },
    { kind: "group", id: "S2", label: "@team" },
  ]);
  expect(plainText("<!subteam^S1> <!subteam^S2|@team>", name)).toBe("@s1 @team");
  expect(inlines("<!date^1700000000^{date_short}|then>")).toEqual([
    { kind: "date", instant: 1700000000, format: "{date_short}", fallback: "then", href: "" },
  ]);
});

test("a typed address becomes a link without the full stop behind it", () => {
  expect(inlines("see https://x.org/a.")).toEqual([
    { kind: "text", text: "see " },
    { kind: "link", href: "https://x.org/a", label: "https://x.org/a" },
    { kind: "text", text: "." },
  ]);
});

test.each(["javascript:alert(1)", "data:text/html,x", "//evil.example", "/\\evil.example", "vbscript:x"])(
  "%s is no link",
  (href) => {
    expect(isSafeHref(href)).toBe(false);
    expect(inlines(`<${href}|press>`).some((piece) => piece.kind === "link")).toBe(false);
  },
);

test("escaped angle brackets are text", () => {
  expect(inlines("&lt;script&gt;")).toEqual([{ kind: "text", text: "<script>" }]);
});

test("unknown emoji names stay text", () => {
  expect(plainText(":tada: :no_such_thing: :constructor:", name)).toBe("🎉 :no_such_thing: :constructor:");
});

test.each(["", "*", "<", "```", ":", "<@", "*_~`", "<!date^x^y|z>", "&gt;", "_*_*_", "\n\n"])("%j does not break the reader", (source) => {
  expect(() => plainText(source, name)).not.toThrow();
});

test("no text is lost", () => {
  let seed = 7;
  const next = (most: number) => (seed = (seed * 1103515245 + 12345) % 2147483648) % most;
  const parts = ["a", "*", "_", "~", "`", " ", "\n", "<", ">", ":", "b", "```", "&amp;", "é"];
  for (let round = 0; round < 400; round += 1) {
    const source = Array.from({ length: next(24) }, () => parts[next(parts.length)]).join("");
    const letters = (text: string) => text.replace(/[^abé]/g, "");
    expect(letters(plainText(source.replaceAll("&amp;", "+"), name))).toBe(letters(source.replaceAll("&amp;", "+")));
  }
});
