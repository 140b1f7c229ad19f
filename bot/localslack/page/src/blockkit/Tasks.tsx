/** Plans and task cards: what an app is doing, step by step. */

import { isSafeHref } from "./mrkdwn";
import { RichText } from "./RichText";
import { Link, withEmoji } from "./Text";
import type { Block, RichElement, TaskCard } from "./types";

const SIGNS: Record<TaskCard["status"], [string, string]> = {
  pending: ["○", "waiting"],
  in_progress: ["", "in progress"],
  complete: ["✓", "done"],
  error: ["!", "failed"],
};

export function Plan({ title, tasks }: { title: string; tasks: TaskCard[] }) {
  return (
    <section class="plan" aria-label={title}>
      <strong>{title}</strong>
      {tasks.map((task, index) => (
        <Task key={task.task_id ?? index} task={task} />
      ))}
    </section>
  );
}

export function Task({ task }: { task: TaskCard }) {
  const [sign, meaning] = SIGNS[task.status] ?? SIGNS.pending;
  return (
    <div class={`task ${task.status}`}>
      <span class="task-sign" role="img" aria-label={meaning}>
        {sign}
      </span>
      <div>
        <div>{withEmoji(task.title)}</div>
        <Detail block={task.details} />
        <Detail block={task.output} />
        {task.sources && (
          <div class="sources">
            {task.sources.map((source) =>
              isSafeHref(source.url) ? (
                <Link key={source.url} href={source.url}>
                  {source.text}
                </Link>
              ) : null,
            )}
          </div>
        )}
      </div>
    </div>
  );
}

function Detail({ block }: { block: Block | undefined }) {
  if (!block) return null;
  return (
    <div class="quiet">
      <RichText elements={(block.elements ?? []) as RichElement[]} />
    </div>
  );
}
