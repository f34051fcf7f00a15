const LONGEST_SHOWN = 60;

/** Text from a rules file as a message shows it: in double quotes, on one line, cut when it is long. */
export function quote(text: string): string {
  return JSON.stringify(text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}…` : text);
}
