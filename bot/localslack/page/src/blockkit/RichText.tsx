/** The rich_text block. */

import { Fragment, type ComponentChildren } from "preact";
import { filledDate } from "./dates";
import { isSafeHref } from "./mrkdwn";
import { ChannelMention, Emoji, GroupMention, Link, UserMention } from "./Text";
import type { RichElement, RichStyle } from "./types";

export function RichText({ elements }: { elements: RichElement[] }) {
  return (
    <div class="rich-text">
      {nested(elements).map((element, index) => (
        <Part key={index} element={element} />
      ))}
    </div>
  );
}

interface ListTree extends RichElement {
  items: { content: RichElement[]; below: ListTree[] }[];
}

// Slack sends nested lists flat, one per run of the same indent; here they become a tree.
function nested(elements: RichElement[]): (RichElement | ListTree)[] {
  const found: (RichElement | ListTree)[] = [];
  const open: ListTree[] = [];
  for (const element of elements) {
    if (element.type !== "rich_text_list") {
      open.length = 0;
      found.push(element);
      continue;
    }
    const depth = Math.min(element.indent ?? 0, open.length);
    const items = (element.elements ?? []).map((item) => ({ content: item.elements ?? [item], below: [] }));
    const same = open[depth];
    if (same && same.style === element.style) same.items.push(...items);
    else {
      const tree: ListTree = { ...element, items };
      const parent = depth > 0 ? open[depth - 1]?.items.at(-1) : undefined;
      if (parent) parent.below.push(tree);
      else found.push(tree);
      open[depth] = tree;
    }
    open.length = depth + 1;
  }
  return found;
}

function Part({ element }: { element: RichElement | ListTree }): ComponentChildren {
  const children = element.elements ?? [];
  switch (element.type) {
    case "rich_text_section":
      return (
        <div class="lines">
          <Runs runs={children} />
        </div>
      );
    case "rich_text_quote":
      return (
        <blockquote>
          <Runs runs={children} />
        </blockquote>
      );
    case "rich_text_preformatted":
      return <pre>{children.map((run) => run.text ?? run.url ?? "").join("")}</pre>;
    case "rich_text_list":
      return <ListPart list={element as ListTree} />;
    default:
      return <Runs runs={[element]} />;
  }
}

function ListPart({ list }: { list: ListTree }) {
  const items = list.items.map((item, index) => (
    <li key={index}>
      <Runs runs={item.content} />
      {item.below.map((below, at) => (
        <ListPart key={at} list={below} />
      ))}
    </li>
  ));
  return list.style === "ordered" ? <ol start={(list.offset ?? 0) + 1}>{items}</ol> : <ul>{items}</ul>;
}

function Runs({ runs }: { runs: RichElement[] }) {
  return (
    <>
      {runs.map((run, index) => (
        <Fragment key={index}>{styled(content(run), (run.style ?? {}) as RichStyle)}</Fragment>
      ))}
    </>
  );
}

function content(run: RichElement): ComponentChildren {
  switch (run.type) {
    case "text":
      return <Lines text={run.text ?? ""} />;
    case "link": {
      const label = run.text || run.url || "";
      return run.url && isSafeHref(run.url) ? <Link href={run.url}>{label}</Link> : label;
    }
    case "emoji":
      return <Emoji name={run.name ?? ""} />;
    case "user":
      return <UserMention id={run.user_id ?? ""} />;
    case "channel":
      return <ChannelMention id={run.channel_id ?? ""} label="" />;
    case "usergroup":
      return <GroupMention id={run.usergroup_id ?? ""} label="" />;
    case "broadcast":
      return <span class="mention broadcast">@{run.range}</span>;
    case "date":
      return <time>{filledDate(run.timestamp ?? 0, run.format ?? run.fallback ?? "", new Date())}</time>;
    case "color":
      return <code>{run.value}</code>;
    default:
      return run.text ?? run.fallback ?? "";
  }
}

function Lines({ text }: { text: string }) {
  return (
    <>
      {text.split("\n").map((line, index) => (
        <Fragment key={index}>
          {index > 0 && <br />}
          {line}
        </Fragment>
      ))}
    </>
  );
}

function styled(node: ComponentChildren, style: RichStyle): ComponentChildren {
  let styledNode = node;
  if (style.code) styledNode = <code>{styledNode}</code>;
  if (style.bold) styledNode = <strong>{styledNode}</strong>;
  if (style.italic) styledNode = <em>{styledNode}</em>;
  if (style.strike) styledNode = <s>{styledNode}</s>;
  if (style.underline) styledNode = <u>{styledNode}</u>;
  return styledNode;
}
