// @ts-check
/** @typedef {{ key: string, value?: string, digest?: string }} Entry */
/** @typedef {{ unlimited: true, name?: string }} UnlimitedLimit */
/**
 * @typedef {object} RateLimit
 * @property {false} [unlimited]
 * @property {string} [name]
 * @property {string} [algorithm]
 * @property {number} requestsPerUnit
 * @property {string} unit
 * @property {number} [unitMultiplier]
 * @property {number} [burst]
 */
/** @typedef {{ tokens: number, fullInSeconds: number | null, pending: number, burst: number } & RateLimit} Bucket */
/** @typedef {{ who: string, why: string, since: string, until: string }} Decree */
/** @typedef {{ id: string, domain: string, descriptor: Entry[], limit: UnlimitedLimit | RateLimit } & Decree} Override */
/** @typedef {{ domain: string, rule: string, okPerSecond: number, overLimitPerSecond: number }} MetRule */
/** @typedef {{ at: string, decisions: Record<string, number>, rules: MetRule[], moreRules: number }} Traffic */
/**
 * @typedef {object} Rule
 * @property {string} domain
 * @property {string} rule
 * @property {string[]} flags
 * @property {{ file: string, line: number, column: number }} source
 * @property {(UnlimitedLimit | RateLimit)[]} limits
 */
/**
 * @typedef {object} Limited
 * @property {string} domain
 * @property {Entry[]} descriptor
 * @property {string} rule
 * @property {number} refusedPerSecond
 * @property {number} refused
 */
/**
 * @typedef {object} Status
 * @property {string} version
 * @property {string} startedAt
 * @property {{ kind: string, ready: boolean, breakerOpen: boolean }} store
 * @property {{ source: string, version?: string, domains: number, rules: number, loadedAt: string,
 *   lastReload?: { result: string, at: string, faults: string[] } }} rules
 * @property {{ paused: boolean, reach: string } & Partial<Decree>} enforcement
 * @property {number} overrides
 */

/** What is gone when the tab is closed, and never sent but as a header. */
const TOKEN_KEY = "weir-admin-token";

/** A server that is stuck must not stop the refreshing. */
const TIMEOUT_MILLIS = 10_000;

/** The API said no, or nothing. */
export class ApiFailure extends Error {
  /**
   * @param {string} message
   * @param {number} status 0 where there was no answer
   * @param {string} [field] such as `limit.burst`
   */
  constructor(message, status, field) {
    super(message);
    this.status = status;
    this.field = field;
  }
}

export function hasToken() {
  return sessionStorage.getItem(TOKEN_KEY) !== null;
}

/** @param {string | undefined} token undefined: forgets it */
export function keepToken(token) {
  if (token === undefined) sessionStorage.removeItem(TOKEN_KEY);
  else sessionStorage.setItem(TOKEN_KEY, token);
}

/**
 * One call of the admin API.
 * @param {"GET" | "POST" | "PUT" | "DELETE"} method
 * @param {string} path below /api/v1/
 * @param {unknown} [body]
 * @returns {Promise<any>} what it answers
 * @throws {ApiFailure}
 */
export async function call(method, path, body) {
  const token = sessionStorage.getItem(TOKEN_KEY);
  /** @type {Record<string, string>} */
  const headers = { accept: "application/json" };
  if (token !== null) headers.authorization = `Bearer ${token}`;
  if (body !== undefined) headers["content-type"] = "application/json";
  const signal = AbortSignal.timeout(TIMEOUT_MILLIS);
  const content = body === undefined ? null : JSON.stringify(body);
  /** @type {Response} */
  let response;
  /** @type {any} */
  let answer;
  try {
    response = await fetch(`/api/v1/${path}`, { method, headers, body: content, signal, cache: "no-store" });
    answer = await response.json();
  } catch (error) {
    throw new ApiFailure(error instanceof TypeError ? "Weir does not answer" : String(error), 0);
  }
  if (response.ok) return answer;
  throw new ApiFailure(answer?.error?.message ?? `status ${response.status}`, response.status, answer?.error?.field);
}
