/** The app's Home tab. */

import { useEffect, useState } from "preact/hooks";
import { useSurfaceOf } from "../actions";
import type { View } from "../api";
import { Blocks } from "../blockkit/Blocks";
import { SurfaceContext } from "../blockkit/surface";
import { usePage } from "./page";

export function HomeTab() {
  const { model, workspace, me } = usePage();
  const [asked, setAsked] = useState(false);
  useEffect(() => {
    void workspace.openHome().then(() => setAsked(true));
  }, [me.id]);
  return (
    <div class="home" data-testid="home">
      {model.home ? (
        <HomeView view={model.home} />
      ) : (
        <p class="nothing">{asked ? `${model.state.bot.real_name} shows nothing here yet.` : "Opening…"}</p>
      )}
    </div>
  );
}

function HomeView({ view }: { view: View }) {
  const { me, workspace, ask } = usePage();
  const surface = useSurfaceOf({
    kind: "home",
    user: me.id,
    place: { view_id: view.id },
    blocks: view.blocks,
    checked: workspace.checked,
    ask,
  });
  return (
    <SurfaceContext.Provider value={surface}>
      <Blocks blocks={view.blocks} />
    </SurfaceContext.Provider>
  );
}
