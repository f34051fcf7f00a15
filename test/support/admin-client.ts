import { type HttpAnswer, http } from "./http-client.js";

/** An answer of the admin API. */
export interface AdminAnswer extends Omit<HttpAnswer, "body"> {
  readonly text: string;
  /** The body, where it is JSON; undefined where it is not. */
  // biome-ignore lint/suspicious/noExplicitAny: whatever the API says, tests say what it should be
  readonly body: any;
}

/** One call of the admin API at `url`, such as `POST /api/v1/reload`. A body is sent as JSON, a text as it is. */
export async function callAdmin(
  url: string,
  call: string,
  body?: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<AdminAnswer> {
  const [method = "", path = ""] = call.split(" ", 2);
  const text = body === undefined || typeof body === "string" ? body : JSON.stringify(body);
  const type = text === undefined ? {} : { "content-type": "application/json" };
  const more = text === undefined ? {} : { body: text };
  const answer = await http(`${url}${path}`, { method, headers: { ...type, ...headers }, ...more });
  return { ...answer, text: answer.body, body: parsed(answer.body) };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What Weir answers to a request of one descriptor, by POST /json: `OK` or `OVER_LIMIT`. */
export async function overallCode(httpUrl: string, domain: string, entries: Record<string, string>): Promise<string> {
  const descriptor = { entries: Object.entries(entries).map(([key, value]) => ({ key, value })) };
  const { body } = await http(`${httpUrl}/json`, {
    method: "POST",
    body: JSON.stringify({ domain, descriptors: [descriptor] }),
  });
  return (JSON.parse(body) as { overallCode: string }).overallCode;
}

/** A descriptor as the admin API takes it. */
export function entriesOf(entries: Record<string, string>): { key: string; value: string }[] {
  return Object.entries(entries).map(([key, value]) => ({ key, value }));
}
