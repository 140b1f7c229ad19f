/** One element of a block, whatever its type. */

import { Button, FeedbackButtons, Overflow } from "./Buttons";
import { fileAddress } from "./Image";
import { Choices, DateField, type FieldProps, Select, TextField } from "./Inputs";
import { SearchSelect } from "./MultiSelect";
import type { BlockElement } from "./types";

export function Element(props: FieldProps) {
  const { element, blockId } = props;
  switch (element.type) {
    case "button":
    case "workflow_button":
      return <Button element={element} blockId={blockId} />;
    case "icon_button":
      return <Button element={{ ...element, text: element.text ?? element.icon ?? "" }} blockId={blockId} />;
    case "overflow":
      return <Overflow element={element} blockId={blockId} />;
    case "feedback_buttons":
      return <FeedbackButtons element={element} blockId={blockId} />;
    case "image":
      return <SmallImage element={element} />;
    case "plain_text_input":
    case "number_input":
    case "email_text_input":
    case "url_text_input":
      return <TextField {...props} />;
    case "datepicker":
    case "timepicker":
    case "datetimepicker":
      return <DateField {...props} />;
    case "static_select":
    case "users_select":
    case "channels_select":
    case "conversations_select":
      return <Select {...props} />;
    case "radio_buttons":
    case "checkboxes":
      return <Choices {...props} />;
    case "multi_static_select":
    case "multi_users_select":
    case "external_select":
    case "multi_external_select":
      return <SearchSelect {...props} />;
    default:
      return <span class="quiet">“{element.type}” is not shown in the local Slack.</span>;
  }
}

function SmallImage({ element }: { element: BlockElement }) {
  return <img src={fileAddress(element)} alt={element.alt_text ?? ""} title={element.alt_text} loading="lazy" />;
}
