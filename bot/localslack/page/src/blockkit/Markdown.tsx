/** The markdown block: standard markdown drawn as elements, so HTML in it stays text. */

import { Fragment, type ComponentChildren } from "preact";
import { type Token, type Tokens, lexer } from "marked";
import { angleAt, decode, isSafeHref } from "./mrkdwn";
import { Link, Piece, withEmoji } from "./Text";

export function Markdown({ source }: { source: string }) {
  return (
    <div class="markdown">
      <Tree tokens={lexer(source, { gfm: true, breaks: true })} />
    </div>
  );
}

function Tree({ tokens }: { tokens: Token[] | undefined }) {
  return (
    <>
      {(tokens ?? []).map((token, index) => (
        <Fragment key={index}>{drawn(token)}</Fragment>
      ))}
    </>
  );
}

function drawn(token: Token): ComponentChildren {
  switch (token.type) {
    case "space":
    case "def":
      return null;
    case "heading":
      // One level for all: a message's headings stand below the page's, wherever they begin.
      return (
        <h3 class={`depth-${(token as Tokens.Heading).depth}`}>
          <Tree tokens={token["tokens"]} />
        </h3>
      );
    case "paragraph":
      return (
        <p>
          <Tree tokens={token["tokens"]} />
        </p>
      );
    case "blockquote":
      return (
        <blockquote>
          <Tree tokens={token["tokens"]} />
        </blockquote>
      );
    case "code":
      return <pre>{token["text"]}</pre>;
    case "hr":
      return <hr />;
    case "list":
      return <List list={token as Tokens.List} />;
    case "table":
      return <MarkdownTable table={token as Tokens.Table} />;
    case "strong":
      return (
        <strong>
          <Tree tokens={token["tokens"]} />
        </strong>
      );
    case "em":
      return (
        <em>
          <Tree tokens={token["tokens"]} />
        </em>
      );
    case "del":
      return (
        <s>
          <Tree tokens={token["tokens"]} />
        </s>
      );
    case "codespan":
      return <code>{token["text"]}</code>;
    case "br":
      return <br />;
    case "link":
      return isSafeHref(token["href"]) ? (
        <Link href={token["href"]}>
          <Tree tokens={token["tokens"]} />
        </Link>
      ) : (
        <Tree tokens={token["tokens"]} />
      );
    case "image":
      // Slack shows images of a markdown block as links; nothing is fetched from elsewhere.
      return isSafeHref(token["href"]) ? <Link href={token["href"]}>{token["text"] || token["href"]}</Link> : token["text"];
    case "text":
      return token["tokens"] ? <Tree tokens={token["tokens"]} /> : <Specials text={token["text"]} />;
    case "escape":
      return token["text"];
    default:
      return token.raw;
  }
}

function List({ list }: { list: Tokens.List }) {
  const items = list.items.map((item, index) => (
    <li key={index} class={item.task ? "todo" : undefined}>
      {item.task && <input type="checkbox" checked={item.checked ?? false} disabled aria-label="task" />}
      <Tree tokens={item.tokens.filter((token) => (token.type as string) !== "checkbox")} />
    </li>
  ));
  return list.ordered ? <ol start={list.start === "" ? 1 : list.start}>{items}</ol> : <ul>{items}</ul>;
}

function MarkdownTable({ table }: { table: Tokens.Table }) {
  return (
    <div class="table-scroll" tabIndex={0} role="group" aria-label="Table">
      <table>
        <thead>
          <tr>
            {table.header.map((cell, index) => (
              <th key={index} scope="col" style={{ textAlign: cell.align ?? "left" }}>
                <Tree tokens={cell.tokens} />
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {table.rows.map((row, at) => (
            <tr key={at}>
              {row.map((cell, index) => (
                <td key={index} style={{ textAlign: cell.align ?? "left" }}>
                  <Tree tokens={cell.tokens} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

// Slack also understands <@U…>, <#C…> and emoji names inside markdown.
function Specials({ text }: { text: string }) {
  const parts: ComponentChildren[] = [];
  let rest = 0;
  for (let at = text.indexOf("<"); at >= 0; at = text.indexOf("<", at + 1)) {
    const piece = angleAt(text, at);
    if (!piece) continue;
    parts.push(withEmoji(decode(text.slice(rest, at))), <Piece piece={piece.inline} />);
    rest = piece.end;
  }
  parts.push(withEmoji(decode(text.slice(rest))));
  return (
    <>
      {parts.map((part, index) => (
        <Fragment key={index}>{part}</Fragment>
      ))}
    </>
  );
}
