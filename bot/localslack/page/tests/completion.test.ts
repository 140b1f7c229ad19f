import { expect, test } from "vitest";
import { commandOf, completionAt, isWhole } from "../src/completion";

const person = (name: string, is_bot: boolean) => ({ id: name, name, real_name: name.toUpperCase(), color: "", is_bot });
const known = {
  commands: [{ command: "/cairn", description: "Decide", usage_hint: "[decide | ask NAME question | help]" }],
  users: [person("alice", false), person("cairn", true), { ...person("gone", false), deleted: true }],
  user_groups: [{ id: "S1", handle: "approvers", name: "Who approves", users: ["alice"] }],
  channels: [{ id: "C1", name: "general" }],
};
const at = (text: string) => completionAt(text, text.length, known);

test("a slash offers the commands with their usage", () => {
  expect(at("/")?.suggestions).toEqual([
    { label: "/cairn [decide | ask NAME question | help]", detail: "Decide", insert: "/cairn " },
  ]);
  expect(at("/x")).toBeNull();
});

test("after a command its usage names what may follow", () => {
  expect(at("/cairn ")?.suggestions.map((one) => one.insert)).toEqual(["decide ", "ask ", "help "]);
  expect(at("/cairn d")).toMatchObject({ from: 7, typed: "d", suggestions: [{ insert: "decide " }] });
  expect(at("/cairn decide now")).toBeNull();
});

test("the app comes first among people, groups last, and who was deactivated not at all", () => {
  expect(at("hi @")?.suggestions.map((one) => one.label)).toEqual(["@cairn", "@alice", "@approvers"]);
  expect(at("hi @app")?.suggestions.map((one) => one.insert)).toEqual(["@approvers "]);
  expect(at("mail@")).toBeNull();
});

test("a name that is already whole lets Enter send", () => {
  const whole = at("@cairn");
  const part = at("@cai");
  expect(whole && isWhole(whole)).toBe(true);
  expect(part && isWhole(part)).toBe(false);
});

test("channels and emoji are completed from the caret, not from the end", () => {
  expect(completionAt("see #gen tomorrow", 8, known)?.suggestions[0]?.insert).toBe("#general ");
  expect(at("done :tad")?.suggestions[0]?.insert).toBe("🎉 ");
});

test("a command is split from its words", () => {
  expect(commandOf("/cairn  ask handbook why?")).toEqual({ command: "/cairn", text: "ask handbook why?" });
  expect(commandOf("/cairn")).toEqual({ command: "/cairn", text: "" });
  expect(commandOf("/etc/passwd is a file")).toBeNull();
});
