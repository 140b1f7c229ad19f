/** Blocks, drawn in order. */

import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";
import { Element } from "./Element";
import { fileAddress, ImageBlock } from "./Image";
import { Markdown } from "./Markdown";
import { RichText } from "./RichText";
import { useSurface } from "./surface";
import { Table } from "./Table";
import { Plan, Task } from "./Tasks";
import { MrkdwnLine, Text, withEmoji, words } from "./Text";
import type { Block, BlockElement, RichElement, TaskCard, TextObject } from "./types";

export function Blocks({ blocks }: { blocks: readonly Block[] }) {
  return (
    <div class="blocks">
      {blocks.map((block, index) => (
        <div key={block.block_id ?? index} class={`block block-${block.type.replace(/_/g, "-")}`} data-block-id={block.block_id}>
          {drawn(block)}
        </div>
      ))}
    </div>
  );
}

function drawn(block: Block): ComponentChildren {
  switch (block.type) {
    case "header":
      return (
        <h2>
          <Text text={block.text} />
        </h2>
      );
    case "section":
      return <Section block={block} />;
    case "context":
      return <Context block={block} />;
    case "divider":
      return <hr />;
    case "actions":
    case "context_actions":
      return <Actions block={block} elements={(block.elements ?? []) as BlockElement[]} />;
    case "input":
      return <Input block={block} />;
    case "image":
      return <ImageBlock block={block} />;
    case "rich_text":
      return <RichText elements={(block.elements ?? []) as RichElement[]} />;
    case "markdown":
      return <Markdown source={typeof block.text === "string" ? block.text : (block.text?.text ?? "")} />;
    case "table":
      return <Table block={block} />;
    case "alert":
      return (
        <div class={`alert ${block.level ?? "default"}`} role="note">
          <Text text={block.text} />
        </div>
      );
    case "task_card":
      return <Task task={block as unknown as TaskCard} />;
    case "plan":
      return <Plan title={words(block.title)} tasks={block.tasks ?? []} />;
    case "card":
      return <Card block={block} />;
    case "carousel":
    case "container":
      return <Container block={block} />;
    default:
      return <p class="quiet">The local Slack does not show “{block.type}” blocks.</p>;
  }
}

function Section({ block }: { block: Block }) {
  const { accessory } = block;
  return (
    <div class="section-row">
      <div class="section-text">
        {block.text && <Text text={block.text} />}
        {block.fields && (
          <div class="fields">
            {block.fields.map((field, index) => (
              <div key={index} class="field-cell">
                <Text text={field} />
              </div>
            ))}
          </div>
        )}
      </div>
      {accessory && (
        <div class={`accessory holds-${accessory.type}`}>
          <Element element={accessory} blockId={block.block_id ?? ""} acts label={words(accessory.placeholder ?? block.text)} />
        </div>
      )}
    </div>
  );
}

function Context({ block }: { block: Block }) {
  return (
    <div class="context-row">
      {(block.elements ?? []).map((candidate, index) => {
        if (candidate.type === "image") {
          const image = candidate as BlockElement;
          return <img key={index} src={fileAddress(image)} alt={image.alt_text ?? ""} title={image.alt_text} />;
        }
        const { type, text } = candidate as TextObject;
        return <span key={index}>{type === "mrkdwn" ? <MrkdwnLine source={text} /> : withEmoji(text)}</span>;
      })}
    </div>
  );
}

function Actions({ block, elements }: { block: Block; elements: BlockElement[] }) {
  return (
    <div class="actions-row">
      {elements.map((element, index) => (
        <Element
          key={element.action_id ?? index}
          element={element}
          blockId={block.block_id ?? ""}
          acts
          label={words(element.placeholder) || element.type.replace(/_/g, " ")}
        />
      ))}
    </div>
  );
}

function Input({ block }: { block: Block }) {
  const surface = useSurface();
  const id = useId();
  const { element, block_id: blockId = "" } = block;
  const error = surface.errors[blockId];
  if (!element) return null;
  const described = [error && `${id}-error`, block.hint && `${id}-hint`].filter(Boolean).join(" ");
  return (
    <div class={`input-row ${error ? "wrong" : ""}`}>
      <div class="input-label" aria-hidden="true">
        <Text text={block.label} />
        {block.optional && <span class="quiet"> (optional)</span>}
      </div>
      <Element
        element={element}
        blockId={blockId}
        acts={block.dispatch_action ?? false}
        label={words(block.label)}
        describedBy={described || undefined}
        invalid={Boolean(error)}
        optional={block.optional}
      />
      {error && (
        <p class="input-error" id={`${id}-error`} role="alert" data-testid={`error-${blockId}`}>
          {error}
        </p>
      )}
      {block.hint && (
        <p class="input-hint" id={`${id}-hint`}>
          <Text text={block.hint} />
        </p>
      )}
    </div>
  );
}

function Card({ block }: { block: Block }) {
  return (
    <div class="card">
      {block.hero_image && <img class="hero" src={fileAddress(block.hero_image)} alt={block.hero_image.alt_text ?? ""} />}
      <div class="card-body">
        {block.title && (
          <strong>
            <Text text={block.title} />
          </strong>
        )}
        {block.subtitle && (
          <div class="quiet">
            <Text text={block.subtitle} />
          </div>
        )}
        <Text text={block.body} />
        {block.actions && <Actions block={block} elements={block.actions} />}
      </div>
    </div>
  );
}

function Container({ block }: { block: Block }) {
  const inside = block.blocks ?? ((block.elements ?? []) as unknown as Block[]);
  return (
    <div class={block.type === "carousel" ? "carousel-row" : "card card-body"}>
      {block.title && (
        <strong>
          <Text text={block.title} />
        </strong>
      )}
      <Blocks blocks={inside} />
    </div>
  );
}
