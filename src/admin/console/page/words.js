// @ts-check
/** @typedef {import("./api.js").RateLimit} RateLimit */
/** @typedef {import("./api.js").UnlimitedLimit} UnlimitedLimit */

/** Values beyond this are cut where they are shown. */
const LONGEST_SHOWN = 160;

/** What cannot be seen, or changes how the rest is seen: controls, directions, lone halves of characters. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/**
 * Text of strangers as it can be shown: what cannot be seen is escaped.
 * @param {string} text
 */
export function printable(text) {
  return text.replace(UNSEEN, (character) => {
    const code = /** @type {number} */ (character.codePointAt(0)).toString(16);
    return code.length > 4 ? `\\u{${code}}` : `\\u${code.padStart(4, "0")}`;
  });
}

/**
 * The same, and not too long.
 * @param {string} text
 */
export function shown(text) {
  if (text.length <= LONGEST_SHOWN) return printable(text);
  return `${printable(text.slice(0, LONGEST_SHOWN))}… (${text.length.toLocaleString()} characters)`;
}

/**
 * @param {number} amount
 * @param {string} one
 */
export function countOf(amount, one) {
  return `${amount.toLocaleString()} ${amount === 1 ? one : `${one}s`}`;
}

/** @param {number} perSecond */
export function rateText(perSecond) {
  if (perSecond === 0) return "0";
  if (perSecond >= 100) return Math.round(perSecond).toLocaleString();
  return perSecond.toFixed(1);
}

/**
 * A limit, such as `30 per minute, burst 5`.
 * @param {RateLimit | UnlimitedLimit} limit
 */
export function limitText(limit) {
  const name = limit.unlimited !== true && limit.name !== undefined ? `${limit.name}: ` : "";
  if (limit.unlimited === true) return "unlimited";
  const { requestsPerUnit, unit, unitMultiplier = 1, burst, algorithm } = limit;
  if (requestsPerUnit === 0) return `${name}every request refused`;
  const rate = `${requestsPerUnit.toLocaleString()} per ${unitMultiplier === 1 ? unit : `${unitMultiplier} ${unit}s`}`;
  const kind = algorithm === undefined || algorithm === "token_bucket" ? "" : `, ${algorithm.replace("_", " ")}`;
  const hasBurst = burst !== undefined && burst !== requestsPerUnit && kind === "";
  return `${name}${rate}${hasBurst ? `, burst ${burst.toLocaleString()}` : ""}${kind}`;
}

/**
 * How long, in the two largest units: `2 h 5 min`.
 * @param {number} seconds
 */
export function durationText(seconds) {
  if (seconds < 60) return `${Math.ceil(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  if (minutes < 48 * 60) return `${Math.floor(minutes / 60)} h${minutes % 60 === 0 ? "" : ` ${minutes % 60} min`}`;
  return countOf(Math.round(minutes / 1_440), "day");
}

/**
 * A time of this day as a time, of others with the date.
 * @param {string} iso
 */
export function timeText(iso) {
  const time = new Date(iso);
  const isToday = time.toDateString() === new Date().toDateString();
  return isToday ? time.toLocaleTimeString() : time.toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
}

/**
 * How long until then; nothing once it is past.
 * @param {string} iso
 */
export function untilText(iso) {
  const seconds = (Date.parse(iso) - Date.now()) / 1_000;
  return seconds <= 0 ? "" : `in ${durationText(seconds)}`;
}
