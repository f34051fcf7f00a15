import type { Fault } from "../../rules/faults.js";

/**
 * A fault as a workflow command of GitHub Actions, which shows it beside the line in a pull request:
 * `::error file=rules.yaml,line=3,col=5,title=unknown-key::message`.
 */
export function githubAnnotation({ severity, code, position: { file, line, column }, message }: Fault): string {
  return `::${severity} file=${escapeProperty(file)},line=${line},col=${column},title=${escapeProperty(code)}::${escapeText(message)}`;
}

// As the runner of GitHub Actions takes it apart again.
function escapeText(text: string): string {
  return text.replace(/%/g, "%25").replace(/\r/g, "%0D").replace(/\n/g, "%0A");
}

function escapeProperty(text: string): string {
  return escapeText(text).replace(/:/g, "%3A").replace(/,/g, "%2C");
}
