/** The parts of Block Kit this page draws. Fields nobody reads here are left out. */

export interface TextObject {
  type: "plain_text" | "mrkdwn";
  text: string;
  emoji?: boolean;
}

export interface Option {
  text: TextObject;
  value: string;
  description?: TextObject;
  url?: string;
}

export interface OptionGroup {
  label: TextObject;
  options: Option[];
}

export interface Confirm {
  title?: TextObject;
  text?: TextObject;
  confirm?: TextObject;
  deny?: TextObject;
  style?: "primary" | "danger";
}

export interface SlackFileRef {
  id?: string;
  url?: string;
}

export interface BlockElement {
  type: string;
  action_id?: string;
  text?: TextObject | string;
  value?: string;
  url?: string;
  style?: "primary" | "danger";
  confirm?: Confirm;
  accessibility_label?: string;
  placeholder?: TextObject;
  options?: Option[];
  option_groups?: OptionGroup[];
  initial_option?: Option;
  initial_options?: Option[];
  initial_value?: string;
  initial_date?: string;
  initial_time?: string;
  initial_date_time?: number;
  initial_user?: string;
  initial_users?: string[];
  initial_channel?: string;
  initial_conversation?: string;
  max_selected_items?: number;
  multiline?: boolean;
  min_length?: number;
  max_length?: number;
  min_value?: string;
  max_value?: string;
  is_decimal_allowed?: boolean;
  focus_on_load?: boolean;
  min_query_length?: number;
  image_url?: string;
  slack_file?: SlackFileRef;
  alt_text?: string;
  icon?: string;
  positive_button?: { text: TextObject; value: string; accessibility_label?: string };
  negative_button?: { text: TextObject; value: string; accessibility_label?: string };
}

export interface RichStyle {
  bold?: boolean;
  italic?: boolean;
  strike?: boolean;
  underline?: boolean;
  code?: boolean;
}

export interface RichElement {
  type: string;
  elements?: RichElement[];
  text?: string;
  url?: string;
  name?: string;
  unicode?: string;
  user_id?: string;
  channel_id?: string;
  usergroup_id?: string;
  range?: string;
  timestamp?: number;
  format?: string;
  fallback?: string;
  value?: string;
  style?: RichStyle | "bullet" | "ordered";
  indent?: number;
  offset?: number;
  border?: number;
}

export interface TableCell extends Omit<RichElement, "value"> {
  value?: number | string;
}

export interface ColumnSettings {
  align?: "left" | "center" | "right";
  is_wrapped?: boolean;
}

export interface TaskCard {
  task_id?: string;
  title: string;
  status: "pending" | "in_progress" | "complete" | "error";
  details?: Block;
  output?: Block;
  sources?: { type: string; url: string; text: string }[];
}

export interface Block {
  type: string;
  block_id?: string;
  text?: TextObject | string;
  fields?: TextObject[];
  accessory?: BlockElement;
  elements?: (BlockElement | TextObject | RichElement)[];
  element?: BlockElement;
  label?: TextObject;
  hint?: TextObject;
  optional?: boolean;
  dispatch_action?: boolean;
  image_url?: string;
  slack_file?: SlackFileRef;
  alt_text?: string;
  title?: TextObject | string;
  subtitle?: TextObject | string;
  body?: TextObject | string;
  hero_image?: BlockElement;
  actions?: BlockElement[];
  rows?: TableCell[][];
  column_settings?: (ColumnSettings | null)[];
  level?: string;
  tasks?: TaskCard[];
  status?: TaskCard["status"];
  details?: Block;
  output?: Block;
  sources?: TaskCard["sources"];
  blocks?: Block[];
}

/** What a person put into one element, in the shape of Slack's `state.values`. */
export interface ElementValue {
  type: string;
  value?: string | null;
  selected_option?: Option | null;
  selected_options?: Option[];
  selected_date?: string | null;
  selected_time?: string | null;
  selected_date_time?: number | null;
  selected_user?: string | null;
  selected_users?: string[];
  selected_channel?: string | null;
  selected_conversation?: string | null;
}

export type Values = Record<string, Record<string, ElementValue>>;

/** One use of an element, as the server's `action` wants it. */
export interface ElementAction extends ElementValue {
  action_id: string;
  block_id: string;
}
