import { flagOf, SETTING_ROWS, variableOf } from "./table.js";

/** All settings as text for a terminal, one paragraph each. */
export function describeSettings(): string {
  const paragraphs = SETTING_ROWS.map(([, setting]) =>
    [
      `  ${flagOf(setting)}, ${variableOf(setting)}`,
      `      ${setting.description}`,
      `      May be ${setting.mayBe}.`,
      `      Default: ${setting.default}`,
    ].join("\n"),
  );
  return paragraphs.join("\n\n");
}
