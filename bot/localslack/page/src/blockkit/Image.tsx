/** Image blocks, folded and unfolded as in Slack. */

import { useState } from "preact/hooks";
import { Text } from "./Text";
import type { Block, SlackFileRef } from "./types";

/** Return where an image's bytes are: the local Slack's copy of a file, or a web address. */
export function fileAddress(image: { image_url?: string; slack_file?: SlackFileRef }): string {
  const id = image.slack_file?.id ?? /\/(F[A-Z0-9]{6,})(?:[/?#]|$)/.exec(image.slack_file?.url ?? "")?.[1];
  return id ? `/_/files/${encodeURIComponent(id)}` : (image.image_url ?? "");
}

export function ImageBlock({ block }: { block: Block }) {
  const [shown, setShown] = useState(true);
  const [broken, setBroken] = useState(false);
  const address = fileAddress(block);
  const alt = block.alt_text ?? "";
  return (
    <figure class="image-block">
      <figcaption>
        {block.title && <Text text={block.title} />}
        <button type="button" class="fold" aria-expanded={shown} aria-label={shown ? "Hide the image" : "Show the image"} onClick={() => setShown(!shown)}>
          {shown ? "▾" : "▸"}
        </button>
      </figcaption>
      {shown && broken && <p class="broken">This image cannot be shown: {alt || address}</p>}
      {shown && !broken && (
        <a href={address} target="_blank" rel="noopener noreferrer" aria-label={`Open the image: ${alt}`}>
          <img src={address} alt={alt} loading="lazy" onError={() => setBroken(true)} />
        </a>
      )}
    </figure>
  );
}
