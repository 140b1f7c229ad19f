/** What every part of the page may ask for, without handing it down through each of them. */

import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { User } from "../api";
import type { Confirm } from "../blockkit/types";
import type { Model } from "../model";
import type { Route } from "../route";
import type { Workspace } from "../workspace";

export interface Page {
  model: Model;
  workspace: Workspace;
  route: Route;
  me: User;
  user(id: string | undefined): User | undefined;
  go(route: Partial<Route> & { channel: string }): void;
  ask(confirm: Confirm): Promise<boolean>;
  send(text: string, channel: string, thread: string): Promise<boolean>;
}

export const PageContext = createContext<Page | null>(null);

export function usePage(): Page {
  const page = useContext(PageContext);
  if (!page) throw new Error("Parts stand inside the page.");
  return page;
}
