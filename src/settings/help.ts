import { flagOf, SETTING_ROWS, variableOf } from "./table.js";

const COLUMNS = 120;
const INDENT = "      ";

/** All settings as text for a terminal, one paragraph each. */
export function describeSettings(): string {
  const paragraphs = SETTING_ROWS.map(([, setting]) =>
    [
      `  ${flagOf(setting)}, ${variableOf(setting)}`,
      ...[setting.description, `May be ${setting.mayBe}.`, `Default: ${setting.default || "none"}`].flatMap(indented),
    ].join("\n"),
  );
  return paragraphs.join("\n\n");
}

/** The text in lines that fit; what goes on is indented further. */
function indented(text: string): string[] {
  const lines: string[] = [];
  let line = INDENT;
  for (const [index, word] of text.split(" ").entries()) {
    if (line.length + 1 + word.length > COLUMNS) {
      lines.push(line);
      line = `${INDENT}  ${word}`;
    } else {
      line += index === 0 ? word : ` ${word}`;
    }
  }
  return [...lines, line];
}
