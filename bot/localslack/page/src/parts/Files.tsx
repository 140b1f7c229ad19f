/** A message's files: pictures in line, everything else as a card to download. */

import type { SlackFile } from "../api";

export function Files({ files }: { files: SlackFile[] }) {
  return (
    <div class="files">
      {files.map((file) => (file.mimetype?.startsWith("image/") ? <Picture key={file.id} file={file} /> : <Card key={file.id} file={file} />))}
    </div>
  );
}

const WIDEST = 560;
const TALLEST = 400;

function Picture({ file }: { file: SlackFile }) {
  const address = `/_/files/${encodeURIComponent(file.id)}`;
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
  const kind = (file.filetype || file.name.split(".").pop() || "file").toUpperCase();
  return (
    <a
      class="file-card"
      href={`/_/files/${encodeURIComponent(file.id)}?download=1`}
      download={file.name}
      aria-label={`Download ${file.name}`}
    >
      <span class="file-kind" aria-hidden="true">
        {kind.slice(0, 4)}
      </span>
      <span>
        <strong>{file.title || file.name}</strong>
        <small>
          {kind}
          {file.size !== undefined && ` · ${sizeText(file.size)}`}
        </small>
      </span>
    </a>
  );
}

function sizeText(bytes: number): string {
  if (bytes < 1000) return `${bytes} bytes`;
  if (bytes < 1_000_000) return `${(bytes / 1000).toFixed(1)} kB`;
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}
