/** The stack of open modals, of which the last is shown, and the question before a risky button. */

import { useEffect, useRef, useState } from "preact/hooks";
import { useSurfaceOf } from "../actions";
import { type View, api, sentenceFor } from "../api";
import { Blocks } from "../blockkit/Blocks";
import { SurfaceContext } from "../blockkit/surface";
import { Text, words } from "../blockkit/Text";
import type { Confirm } from "../blockkit/types";
import { Avatar } from "./Avatar";
import { usePage } from "./page";

export function Modals() {
  const { model } = usePage();
  const { views } = model.state;
  // Those below stay mounted, closed, so that what was typed there is still there.
  return (
    <>
      {views.map((view, index) => (
        <Modal key={view.id} view={view} isTop={index === views.length - 1} depth={index} />
      ))}
    </>
  );
}

function Modal({ view, isTop, depth }: { view: View; isTop: boolean; depth: number }) {
  const { model, me, workspace, ask } = usePage();
  const dialog = useRef<HTMLDialogElement>(null);
  const [errors, setErrors] = useState<Record<string, string>>({});
  const [trouble, setTrouble] = useState("");
  const [busy, setBusy] = useState(false);
  const surface = useSurfaceOf({
    kind: "modal",
    user: me.id,
    place: { view_id: view.id },
    blocks: view.blocks,
    errors,
    checked: async (request) => {
      const answer = await request;
      setTrouble(answer.ok ? "" : sentenceFor(answer));
      return answer.ok;
    },
    ask,
  });
  useDialog(dialog, isTop);
  useEffect(() => setErrors({}), [view.hash]);
  useEffect(() => {
    const wrong = dialog.current?.querySelector<HTMLElement>(".wrong");
    wrong?.querySelector<HTMLElement>(".field, input")?.focus({ preventScroll: true });
    wrong?.scrollIntoView({ block: "center" });
  }, [errors]);

  const submit = async () => {
    if (busy) return;
    setBusy(true);
    setErrors({});
    setTrouble("");
    const answer = await api.submit(me.id, view.id, surface.values);
    setBusy(false);
    if (answer.ok) return;
    if (answer.error === "validation") setErrors(answer.errors ?? {});
    else setTrouble(sentenceFor(answer));
  };
  const close = () => void workspace.checked(api.close(me.id, view.id, false));
  return (
    <dialog
      ref={dialog}
      class="modal"
      data-testid={isTop ? "modal" : undefined}
      aria-labelledby={`${view.id}-title`}
      onCancel={(event) => {
        event.preventDefault();
        close();
      }}
    >
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          if (view.submit) void submit();
        }}
      >
        <header>
          {depth > 0 ? (
            <button type="button" class="icon-button" aria-label="Back" onClick={close}>
              ‹
            </button>
          ) : (
            <Avatar user={model.state.bot} size={28} />
          )}
          <h2 id={`${view.id}-title`}>{words(view.title)}</h2>
          <button type="button" class="icon-button" aria-label="Close the form" data-testid="modal-x" onClick={close}>
            ×
          </button>
        </header>
        <div class="modal-body">
          <SurfaceContext.Provider value={surface}>
            <Blocks blocks={view.blocks} />
          </SurfaceContext.Provider>
        </div>
        {trouble && (
          <p class="trouble" role="alert" data-testid="modal-trouble">
            {trouble}
          </p>
        )}
        <footer>
          <button type="button" class="button" data-testid="modal-close" aria-label={words(view.close ?? undefined) || "Close"} onClick={close}>
            {words(view.close ?? undefined) || "Close"}
          </button>
          {view.submit && (
            <button
              type="submit"
              class={`button primary ${busy ? "pending" : ""}`}
              aria-label={words(view.submit)}
              aria-busy={busy}
              data-testid="modal-submit"
            >
              <span>{words(view.submit)}</span>
            </button>
          )}
        </footer>
      </form>
    </dialog>
  );
}

export interface Question {
  confirm: Confirm;
  answer(yes: boolean): void;
}

/** An element's own `confirm`, asked before it is sent. */
export function ConfirmDialog({ question }: { question: Question }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const { confirm, answer } = question;
  useDialog(dialog, true);
  return (
    <dialog
      ref={dialog}
      class="modal confirm"
      role="alertdialog"
      data-testid="confirm"
      aria-labelledby="confirm-title"
      onCancel={(event) => {
        event.preventDefault();
        answer(false);
      }}
    >
      <div class="confirm-inside">
        <h2 id="confirm-title">{words(confirm.title) || "Are you sure?"}</h2>
        <div class="modal-body">
          <Text text={confirm.text} />
        </div>
        <footer>
          <button type="button" class="button" data-testid="confirm-deny" aria-label={words(confirm.deny) || "Cancel"} onClick={() => answer(false)}>
            {words(confirm.deny) || "Cancel"}
          </button>
          <button
            type="button"
            class={`button ${confirm.style === "danger" ? "danger solid" : "primary"}`}
            autoFocus
            data-testid="confirm-yes"
            aria-label={words(confirm.confirm) || "OK"}
            onClick={() => answer(true)}
          >
            {words(confirm.confirm) || "OK"}
          </button>
        </footer>
      </div>
    </dialog>
  );
}

/** Show a dialog above the page while `open`; the browser keeps the focus inside. */
export function useDialog(dialog: { current: HTMLDialogElement | null }, open: boolean): void {
  const focused = useRef<Element | null>(null);
  useEffect(() => {
    const box = dialog.current;
    if (!open || !box) return;
    focused.current = document.activeElement;
    box.showModal();
    box.querySelector<HTMLElement>(".modal-body .field, .modal-body input")?.focus();
    return () => {
      box.close();
      // A dialog that is already out of the document gives the focus back to nobody.
      if (document.activeElement === document.body) (focused.current as HTMLElement | null)?.focus();
    };
  }, [open]);
}
