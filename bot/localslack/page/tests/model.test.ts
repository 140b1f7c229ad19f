import { expect, test } from "vitest";
import type { Message, State, View } from "../src/api";
import { rows } from "../src/grouping";
import { type Model, afterNews, newModel, withConversation, withMessage, withThread } from "../src/model";
import { hashOf, routeOf } from "../src/route";

const me = { id: "U1", name: "alice", real_name: "Alice", color: "", is_bot: false };
const bot = { id: "UB", name: "cairn", real_name: "Cairn", color: "", is_bot: true, connected: true };
const away = { channel: "", thread: "", isAwake: true };

function message(ts: string, more: Partial<Message> = {}): Message {
  return { ts, channel: "C1", user: "U2", text: "hello", ...more };
}

function model(messages: Message[] = []): Model {
  const state: State = {
    team: { id: "T", name: "Team" }, me, users: [me], user_groups: [], bot, channels: [{ id: "C1", name: "general" }],
    dms: [{ id: "D1", user: "UB" }], commands: [], views: [], statuses: [], prompts: [], home: true,
  };
  return withConversation(newModel(state), "C1", { messages, hasMore: false });
}

const shown = (now: Model) => now.conversations["C1"]?.messages.map((one) => one.ts);

test("a message told twice stands once, in order", () => {
  const messages = [message("1.0"), message("3.0")];
  expect(withMessage(withMessage(messages, message("2.0")), message("2.0")).map((one) => one.ts)).toEqual(["1.0", "2.0", "3.0"]);
});

test("a reply goes to its thread only, unless it is broadcast", () => {
  const start = withThread(model([message("1.0")]), "C1", "1.0", [message("1.0")]);
  const reply = message("2.0", { thread_ts: "1.0" });
  const after = afterNews(start, { name: "message", data: { channel: "C1", message: reply } }, away);
  expect(shown(after)).toEqual(["1.0"]);
  expect(after.threads["C1/1.0"]?.map((one) => one.ts)).toEqual(["1.0", "2.0"]);
  const broadcast = { ...reply, ts: "3.0", subtype: "thread_broadcast" };
  expect(shown(afterNews(after, { name: "message", data: { channel: "C1", message: broadcast } }, away))).toEqual(["1.0", "3.0"]);
});

test("a change of an older message that was not read yet shows nothing", () => {
  const after = afterNews(model([message("5.0")]), { name: "message_changed", data: { channel: "C1", message: message("1.0") } }, away);
  expect(shown(after)).toEqual(["5.0"]);
});

test("a changed message is replaced where it stands, in the channel and in the thread", () => {
  const start = withThread(model([message("1.0")]), "C1", "1.0", [message("1.0")]);
  const after = afterNews(start, { name: "message_changed", data: { channel: "C1", message: message("1.0", { text: "new" }) } }, away);
  expect(after.conversations["C1"]?.messages[0]?.text).toBe("new");
  expect(after.threads["C1/1.0"]?.[0]?.text).toBe("new");
});

test("a message that is written while it is read grows in its thread, and is unread once", () => {
  const start = withThread(model([message("1.0", { user: "U1" })]), "C1", "1.0", [message("1.0")]);
  const reply = message("2.0", { thread_ts: "1.0", text: "One.", streaming_state: "in_progress" });
  const begun = afterNews(start, { name: "message", data: { channel: "C1", message: reply } }, away);
  const grown = { ...reply, text: "One. Two." };
  const after = afterNews(begun, { name: "message_changed", data: { channel: "C1", message: grown } }, away);
  expect(after.threads["C1/1.0"]?.map((one) => one.text)).toEqual(["hello", "One. Two."]);
  expect(after.state.channels[0]?.unread).toBe(1);
});

test("a deleted message goes from the channel and from the thread", () => {
  const start = withThread(model([message("1.0"), message("2.0")]), "C1", "1.0", [message("1.0"), message("2.0")]);
  const after = afterNews(start, { name: "message_deleted", data: { channel: "C1", ts: "2.0" } }, away);
  expect(shown(after)).toEqual(["1.0"]);
  expect(after.threads["C1/1.0"]).toHaveLength(1);
});

test("what others write elsewhere is unread; a mention counts for me; mine does not", () => {
  const news = (text: string, user: string) => ({ name: "message" as const, data: { channel: "C1", message: message("2.0", { text, user }) } });
  expect(afterNews(model(), news("hi", "U2"), away).state.channels[0]).toMatchObject({ unread: 1, mentions: 0 });
  expect(afterNews(model(), news("hi <@U1>", "U2"), away).state.channels[0]).toMatchObject({ unread: 1, mentions: 1 });
  expect(afterNews(model(), news("hi", "U1"), away).state.channels[0]?.unread).toBeUndefined();
  expect(afterNews(model(), news("hi", "U2"), { ...away, channel: "C1" }).state.channels[0]?.unread).toBeUndefined();
});

test("a mention of a group counts for those who are in it", () => {
  const group = { id: "S1", handle: "approvers", name: "Approvers", users: ["U1"] };
  const mention = { name: "message" as const, data: { channel: "C1", message: message("2.0", { text: "<!subteam^S1> look" }) } };
  const people = (users: string[]) => ({ name: "people" as const, data: { users: [me], user_groups: [{ ...group, users }] } });
  expect(afterNews(afterNews(model(), people(["U1"]), away), mention, away).state.channels[0]?.mentions).toBe(1);
  expect(afterNews(afterNews(model(), people(["U9"]), away), mention, away).state.channels[0]?.mentions).toBe(0);
});

test("a reply is unread for those who take part in its thread", () => {
  const reply = { name: "message" as const, data: { channel: "C1", message: message("2.0", { thread_ts: "1.0" }) } };
  expect(afterNews(model([message("1.0", { user: "U1" })]), reply, away).state.channels[0]?.unread).toBe(1);
  expect(afterNews(model([message("1.0", { user: "U3" })]), reply, away).state.channels[0]?.unread).toBeUndefined();
});

test("modals stack, change and close as the feed says", () => {
  const view = (id: string, hash: string): View => ({ id, hash, type: "modal", blocks: [] });
  let now = afterNews(model(), { name: "modal_open", data: { view: view("V1", "a"), stack: ["V1"] } }, away);
  now = afterNews(now, { name: "modal_open", data: { view: view("V2", "a"), stack: ["V1", "V2"] } }, away);
  now = afterNews(now, { name: "modal_update", data: { view: view("V1", "b"), stack: ["V1", "V2"] } }, away);
  expect(now.state.views.map((one) => [one.id, one.hash])).toEqual([["V1", "b"], ["V2", "a"]]);
  now = afterNews(now, { name: "modal_close", data: { closed: ["V2"], stack: ["V1"] } }, away);
  expect(now.state.views.map((one) => one.id)).toEqual(["V1"]);
});

test("an empty status ends the one before", () => {
  const status = { channel: "C1", thread_ts: "1.0", status: "is thinking…" };
  const thinking = afterNews(model(), { name: "status", data: status }, away);
  expect(thinking.state.statuses).toHaveLength(1);
  expect(afterNews(thinking, { name: "status", data: { ...status, status: "" } }, away).state.statuses).toEqual([]);
});

test("messages of one author within five minutes stand together", () => {
  const [a, b, c, d] = rows([message("1000.0"), message("1200.0"), message("1600.0"), message("1610.0", { user: "U9" })], "");
  expect([a?.isFirst, b?.isFirst, c?.isFirst, d?.isFirst]).toEqual([true, false, true, true]);
});

test("addresses and routes are each other's inverse", () => {
  for (const hash of ["#/C1", "#/C1/p1700000000.000100", "#/D1/home"]) expect(hashOf(routeOf(hash, ""))).toBe(hash);
  expect(routeOf("#/C1/p1700000000000100", "").thread).toBe("1700000000.000100");
  expect(routeOf("", "?channel=C1&ts=2.0&thread_ts=1.0")).toMatchObject({ channel: "C1", thread: "1.0", focus: "2.0" });
  expect(routeOf("#/<script>", "")).toMatchObject({ channel: "", thread: "" });
});
