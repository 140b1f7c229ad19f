/** Text objects: plain text with emoji names, and mrkdwn. */

import { Fragment, type ComponentChildren } from "preact";
import { filledDate } from "./dates";
import { emojiFor } from "./emoji";
import { type Inline, inlines, paragraphs } from "./mrkdwn";
import { useDirectory } from "./surface";
import type { TextObject } from "./types";

export function Text({ text }: { text: TextObject | string | undefined }) {
  if (text === undefined) return null;
  if (typeof text === "string") return <>{withEmoji(text)}</>;
  return text.type === "mrkdwn" ? <Mrkdwn source={text.text} /> : <>{withEmoji(text.text)}</>;
}

/** Return a text object's words, for labels. */
export function words(text: TextObject | string | undefined): string {
  if (text === undefined) return "";
  return withEmoji(typeof text === "string" ? text : text.text);
}

/** Return plain text with the emoji names in it replaced. */
export function withEmoji(text: string): string {
  return text.replace(/:([a-z0-9_+'-]+):/g, (whole, name: string) => emojiFor(name) ?? whole);
}

export function Mrkdwn({ source }: { source: string }) {
  return (
    <>
      {paragraphs(source).map((part, index) => {
        if (part.kind === "pre") return <pre key={index}>{part.text}</pre>;
        const children = <Inlines pieces={part.children} />;
        return part.kind === "quote" ? (
          <blockquote key={index}>{children}</blockquote>
        ) : (
          <div key={index} class="lines">
            {children}
          </div>
        );
      })}
    </>
  );
}

export function MrkdwnLine({ source }: { source: string }) {
  return <Inlines pieces={inlines(source)} />;
}

function Inlines({ pieces }: { pieces: Inline[] }) {
  return (
    <>
      {pieces.map((piece, index) => (
        <Fragment key={index}>
          <Piece piece={piece} />
        </Fragment>
      ))}
    </>
  );
}

export function Piece({ piece }: { piece: Inline }): ComponentChildren {
  switch (piece.kind) {
    case "text":
      return piece.text;
    case "bold":
      return (
        <strong>
          <Inlines pieces={piece.children} />
        </strong>
      );
    case "italic":
      return (
        <em>
          <Inlines pieces={piece.children} />
        </em>
      );
    case "strike":
      return (
        <s>
          <Inlines pieces={piece.children} />
        </s>
      );
    case "code":
      return <code>{piece.text}</code>;
    case "link":
      return <Link href={piece.href}>{withEmoji(piece.label)}</Link>;
    case "user":
      return <UserMention id={piece.id} />;
    case "channel":
      return <ChannelMention id={piece.id} label={piece.label} />;
    case "group":
      return <GroupMention id={piece.id} label={piece.label} />;
    case "broadcast":
      return <span class="mention broadcast">{piece.label}</span>;
    case "date": {
      const text = filledDate(piece.instant, piece.format, new Date());
      const time = <time dateTime={new Date(piece.instant * 1000).toISOString()}>{text}</time>;
      return piece.href ? <Link href={piece.href}>{time}</Link> : time;
    }
    case "emoji":
      return <Emoji name={piece.name} />;
    case "break":
      return <br />;
  }
}

export function Emoji({ name }: { name: string }) {
  const character = emojiFor(name);
  if (!character) return <>{`:${name}:`}</>;
  return (
    <span class="emoji" role="img" aria-label={name.replace(/_/g, " ")} title={`:${name}:`}>
      {character}
    </span>
  );
}

export function Link({ href, children }: { href: string; children: ComponentChildren }) {
  const here = new URL(href, location.href).origin === location.origin && !href.includes("/_/files/");
  return here ? (
    <a href={href}>{children}</a>
  ) : (
    <a href={href} target="_blank" rel="noopener noreferrer">
      {children}
    </a>
  );
}

export function UserMention({ id }: { id: string }) {
  const directory = useDirectory();
  return <span class={`mention${id === directory.me ? " me" : ""}`}>@{directory.userName(id)}</span>;
}

export function GroupMention({ id, label }: { id: string; label: string }) {
  const directory = useDirectory();
  const group = directory.group(id);
  const people = group?.users.map((user) => directory.userName(user)).join(", ");
  return (
    <span class={`mention${group?.users.includes(directory.me) ? " me" : ""}`} title={group && `${group.name}: ${people || "nobody"}`}>
      {group ? `@${group.handle}` : label || `@${id}`}
    </span>
  );
}

export function ChannelMention({ id, label }: { id: string; label: string }) {
  const directory = useDirectory();
  const name = directory.channelName(id) ?? (label || id);
  return (
    <button type="button" class="mention link" onClick={() => directory.openChannel(id)}>
      #{name}
    </button>
  );
}
