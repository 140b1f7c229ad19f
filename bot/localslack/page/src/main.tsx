import { render } from "preact";
import { App } from "./parts/App";
import "./styles/page.css";
import "./styles/messages.css";
import "./styles/blocks.css";
import "./styles/dialogs.css";

const root = document.getElementById("page");
if (root) render(<App />, root);
