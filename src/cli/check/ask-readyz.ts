import { get } from "node:http";
import type { ServingAnswer } from "./serving-answer.js";

/** What is kept of an answer. */
const MOST_CHARACTERS = 1_000;

/**
 * Asks `/readyz`.
 * @param address host:port
 * @throws Error (as a promise) whose message says why there is no answer
 */
export function askReadyz(address: string, timeoutMillis: number): Promise<ServingAnswer> {
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(timeoutMillis);
    const failed = (error: Error): void =>
      reject(signal.aborted ? new Error(`timed out after ${timeoutMillis} ms`) : error);
    const request = get(`http://${address}/readyz`, { agent: false, signal }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (part: string) => {
        text = (text + part).slice(0, MOST_CHARACTERS);
      });
      response.on("error", failed);
      response.on("end", () => {
        const { statusCode } = response;
        if (statusCode === 200) resolve({ isServing: true, reasons: "" });
        else if (statusCode === 503) resolve({ isServing: false, reasons: reasonsOf(text) });
        else reject(new Error(`/readyz answered with HTTP status ${statusCode}: is this Weir's HTTP port?`));
      });
    });
    request.on("error", failed);
  });
}

/** The lines below the first, which says `not ready`. */
function reasonsOf(text: string): string {
  return text.trim().split("\n").slice(1).join("; ");
}
