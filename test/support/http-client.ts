import { request } from "node:http";

/** An answer, with its headers in lower case. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface HttpOptions {
  /** Any address of 127.0.0.0/8, so that one test can be many clients. Default: 127.0.0.1. */
  readonly from?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly method?: string;
  readonly body?: string;
}

/** One request on a connection of its own. The path is sent as it is written, not normalized. */
export function http(url: string, options: HttpOptions = {}): Promise<HttpAnswer> {
  const { from, headers, method = "GET", body } = options;
  const [, host, port, path] = /^http:\/\/([^:/]+):(\d+)(.*)$/.exec(url) ?? [];
  if (host === undefined || port === undefined) throw new Error(`not http://host:port/path: ${url}`);
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        host,
        port,
        path: path === "" ? "/" : path,
        method,
        headers,
        agent: false,
        timeout: 10_000,
        localAddress: from,
      },
      (incoming) => {
        let text = "";
        incoming.setEncoding("utf8").on("data", (part: string) => {
          text += part;
        });
        incoming.on("error", reject).on("end", () => {
          const joined = Object.entries(incoming.headers).map(([name, value]) => [name, String(value)]);
          resolve({ status: incoming.statusCode ?? 0, headers: Object.fromEntries(joined), body: text });
        });
      },
    );
    outgoing.on("timeout", () => outgoing.destroy(new Error(`no answer within 10 s: ${url}`)));
    outgoing.on("error", reject).end(body);
  });
}

/** Whether a GET of this URL is answered with 200; not when nobody listens. */
export async function answersOk(url: string): Promise<boolean> {
  try {
    return (await http(url)).status === 200;
  } catch {
    return false;
  }
}
