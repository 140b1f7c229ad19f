/** What stands above the first message: where one is, and what to say to begin. */

import { Cairn } from "./Avatar";
import { usePage } from "./page";

const FIRST_WORDS = [
  { title: "Do we need to fine-tune?", message: "Should we fine-tune, or is RAG enough? Our answers must come from our own documents." },
  { title: "What would it cost?", message: "What would 5 million queries a month cost us?" },
  { title: "What can you do?", message: "What can you do?" },
];

export function Welcome({ isEmpty }: { isEmpty: boolean }) {
  const { model, route, send, user, me } = usePage();
  const { state } = model;
  const channel = state.channels.find((one) => one.id === route.channel);
  const dm = state.dms.find((one) => one.id === route.channel);
  const isApp = dm?.user === state.bot.id;
  const offered = state.prompts.find((one) => one.channel === route.channel && !one.thread_ts);
  const prompts = [offered?.prompts, state.suggested_prompts, FIRST_WORDS].find((some) => some?.length) ?? [];
  const call = isApp ? "" : `@${state.bot.name} `;
  const say = (message: string) => void send(call + message, route.channel, "");
  return (
    <section class="welcome" data-testid={isEmpty ? "welcome" : undefined}>
      {(isApp || isEmpty) && (
        <span class="welcome-mark" aria-hidden="true">
          <Cairn />
        </span>
      )}
      <h2>{channel ? `Welcome to #${channel.name}` : isApp ? `Talk with ${state.bot.real_name}` : user(dm?.user)?.real_name}</h2>
      {isEmpty && (channel || isApp) && (
        <>
          <p>
            {state.bot.real_name} tells you which way to adapt a language model fits: a better prompt, RAG, fine-tuning or
            distillation. It prices the choice, and carries it out once somebody approves.
          </p>
          <p class="prompts-title">{(isApp && offered?.title) || `Begin with one of these, ${me.real_name.split(" ")[0]}:`}</p>
          <div class="prompts">
            {prompts.slice(0, 4).map((prompt) => (
              <button key={prompt.title} type="button" class="prompt" data-testid="prompt" onClick={() => say(prompt.message)}>
                <strong>{prompt.title}</strong>
                <span>
                  {call}
                  {prompt.message}
                </span>
              </button>
            ))}
          </div>
          {state.commands.length > 0 && (
            <p class="quiet">
              Or type <code>/</code> to see the commands{isApp ? "" : <>, and <code>@{state.bot.name}</code> to ask in your own words</>}.
            </p>
          )}
        </>
      )}
      {!isEmpty && <p class="quiet">This is the beginning{channel ? ` of #${channel.name}` : ""}.</p>}
    </section>
  );
}
