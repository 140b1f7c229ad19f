/** Short news at the edge of the page, and the banner of a lost connection. */

import type { Workspace } from "../workspace";

export function Toasts({ workspace }: { workspace: Workspace }) {
  return (
    <div class="toasts">
      {workspace.toasts.map((toast) => (
        <div key={toast.id} class={`toast ${toast.level}`} role={toast.level === "error" ? "alert" : "status"} data-testid="toast">
          <span>{toast.text}</span>
          <button type="button" class="plain" aria-label="Dismiss" onClick={() => workspace.dismiss(toast.id)}>
            ×
          </button>
        </div>
      ))}
    </div>
  );
}

export function Banner({ link, isAppConnected, appName }: { link: Workspace["link"]; isAppConnected: boolean; appName: string }) {
  if (link === "lost") {
    return (
      <p class="banner lost" role="alert" data-testid="banner">
        The connection is lost. Trying again…
      </p>
    );
  }
  if (!isAppConnected) {
    return (
      <p class="banner" role="status" data-testid="banner">
        {appName} is not connected yet. Messages wait for it; buttons and commands do not.
      </p>
    );
  }
  return null;
}
