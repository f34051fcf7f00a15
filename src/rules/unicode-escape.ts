/** A character of the Basic Multilingual Plane as JSON can write it, such as `\u000a`. */
export function unicodeEscape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
