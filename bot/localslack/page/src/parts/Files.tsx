/** A message's files: pictures in line, texts with how they begin, everything else as a card to download. */

import { useState } from "preact/hooks";
import { type SlackFile, api, fileAddress } from "../api";

const WIDEST = 560;
const TALLEST = 400;
// What is longer is better read in an editor.
const LARGEST_SHOWN = 512 * 1024;

export function Files({ files }: { files: SlackFile[] }) {
  return (
    <div class="files">
      {files.map((file) => {
        if (file.mimetype?.startsWith("image/")) return <Picture key={file.id} file={file} />;
        return file.preview ? <TextFile key={file.id} file={file} preview={file.preview} /> : <Card key={file.id} file={file} />;
      })}
    </div>
  );
}

function Picture({ file }: { file: SlackFile }) {
  const address = fileAddress(file.id);
  const alt = file.alt_txt || file.title || file.name;
  const { original_w: w, original_h: h } = file;
  // Known sizes are set, so that a picture that loads late moves nothing.
  const scale = w && h ? Math.min(1, WIDEST / w, TALLEST / h) : 1;
  const size = w && h ? { width: Math.round(w * scale), height: Math.round(h * scale) } : {};
  return (
    <figure>
      <figcaption>
        {file.title || file.name}
        <a href={`${address}?download=1`} download={file.name} aria-label={`Download ${file.name}`}>
          Download
        </a>
      </figcaption>
      <a href={address} target="_blank" rel="noopener noreferrer" aria-label={`Open ${file.name}`}>
        <img src={address} alt={alt} {...size} />
      </a>
    </figure>
  );
}

function Card({ file }: { file: SlackFile }) {
  return (
    <a
      class="file-card"
      href={`${fileAddress(file.id)}?download=1`}
      download={file.name}
      aria-label={`Download ${file.name}`}
      data-testid="file-card"
    >
      <Description file={file} />
    </a>
  );
}

function TextFile({ file, preview }: { file: SlackFile; preview: string }) {
  const [whole, setWhole] = useState<string | null>(null);
  const [trouble, setTrouble] = useState(false);
  const canGrow = file.preview_is_truncated && (file.size ?? 0) <= LARGEST_SHOWN;
  const more = file.lines_more ?? 0;
  const grow = async () => {
    const text = await api.fileText(file.id);
    setTrouble(text === null);
    setWhole(text);
  };
  return (
    <section class="text-file" aria-label={file.name} data-testid="file-card">
      <header>
        <Description file={file} />
        <a class="button" href={`${fileAddress(file.id)}?download=1`} download={file.name} aria-label={`Download ${file.name}`}>
          Download
        </a>
      </header>
      <pre class={whole === null ? "" : "whole"} tabIndex={0} aria-label={`Text of ${file.name}`} data-testid="file-text">
        {whole ?? preview}
      </pre>
      {file.preview_is_truncated && (
        <footer>
          {whole === null && <span>{more > 0 ? `${more.toLocaleString("en")} more ${more === 1 ? "line" : "lines"}` : "More follows"}</span>}
          {canGrow && (
            <button type="button" class="plain" data-testid="file-expand" onClick={() => (whole === null ? void grow() : setWhole(null))}>
              {whole === null ? "Show all" : "Show less"}
            </button>
          )}
          {trouble && <span role="alert">The file cannot be read now.</span>}
        </footer>
      )}
    </section>
  );
}

function Description({ file }: { file: SlackFile }) {
  const kind = (file.filetype || file.name.split(".").pop() || "file").toUpperCase();
  const facts = [
    file.title && file.title !== file.name ? file.name : kind,
    file.size === undefined ? "" : sizeText(file.size),
    file.lines ? `${file.lines.toLocaleString("en")} ${file.lines === 1 ? "line" : "lines"}` : "",
  ];
  return (
    <>
      <span class="file-kind" aria-hidden="true">
        {kind.slice(0, 4)}
      </span>
      <span class="file-facts">
        <strong>{file.title || file.name}</strong>
        <small>{facts.filter(Boolean).join(" · ")}</small>
      </span>
    </>
  );
}

function sizeText(bytes: number): string {
  if (bytes < 1000) return `${bytes} bytes`;
  if (bytes < 1_000_000) return `${(bytes / 1000).toFixed(1)} kB`;
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}
