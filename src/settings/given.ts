/** The text of a setting that may be left out; undefined where it is empty, which means so. */
export function given(text: string): string | undefined {
  return text === "" ? undefined : text;
}
