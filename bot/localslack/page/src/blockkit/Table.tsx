/** The table block: the first row is the head, numbers stand right unless the app says otherwise. */

import { RichText } from "./RichText";
import { withEmoji } from "./Text";
import type { Block, ColumnSettings, TableCell } from "./types";

export function Table({ block }: { block: Block }) {
  const [head, ...rows] = block.rows ?? [];
  if (!head) return null;
  const style = (column: number, cell: TableCell) => {
    const settings: ColumnSettings | null | undefined = block.column_settings?.[column];
    const align = settings?.align ?? (cell.type === "raw_number" ? "right" : "left");
    return { textAlign: align, whiteSpace: settings?.is_wrapped ? "normal" : "nowrap" };
  };
  return (
    <div class="table-scroll" tabIndex={0} role="group" aria-label="Table">
      <table>
        <thead>
          <tr>
            {head.map((cell, column) => (
              <th key={column} scope="col" style={style(column, cell)}>
                <Cell cell={cell} />
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, at) => (
            <tr key={at}>
              {row.map((cell, column) => (
                <td key={column} style={style(column, cell)}>
                  <Cell cell={cell} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Cell({ cell }: { cell: TableCell }) {
  if (cell.type === "rich_text") return <RichText elements={cell.elements ?? []} />;
  return <>{withEmoji(cell.text ?? String(cell.value ?? ""))}</>;
}
