// @ts-check
import { ApiFailure, call, hasToken, keepToken } from "./api.js";
import { BucketPart } from "./bucket-part.js";
import { byId, setText } from "./elements.js";
import { EnforcementPart } from "./enforcement-part.js";
import { onSubmit, textOf } from "./fields.js";
import { LimitedPart } from "./limited-part.js";
import { OverridesPart } from "./overrides-part.js";
import { RulesPart } from "./rules-part.js";
import { showFigures, showReload, showStatus } from "./status-part.js";

const REFRESH_MILLIS = 2_000;

const UNAUTHORIZED = 401;

const bucket = new BucketPart();
const enforcement = new EnforcementPart(refresh);
const overrides = new OverridesPart(refresh);
const rules = new RulesPart();
const limited = new LimitedPart({
  lookUp: (domain, descriptor) => void bucket.open(domain, descriptor),
  override: (domain, descriptor) => void overrides.open(domain, descriptor),
});

/** @type {Promise<void> | undefined} */
let refreshing;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;

/** Asks for everything anew and shows it; one at a time. */
async function refresh() {
  clearTimeout(timer);
  // One that has begun before a change may not show it.
  await refreshing;
  refreshing = load().finally(() => {
    refreshing = undefined;
  });
  await refreshing;
  clearTimeout(timer);
  if (!document.hidden && byId("sign-in", HTMLElement).hidden) timer = setTimeout(refresh, REFRESH_MILLIS);
}

async function load() {
  try {
    const paths = ["status", "traffic", "limited", "overrides"];
    const [status, traffic, limitedNow, overridesNow] = await Promise.all(paths.map((path) => call("GET", path)));
    showStatus(status);
    showReload(status);
    showFigures(traffic);
    enforcement.show(status.enforcement);
    limited.show(limitedNow);
    overrides.show(overridesNow);
    showSignIn(false);
    await rules.show(status, traffic.rules);
    await bucket.refresh();
    showConnection("");
  } catch (error) {
    if (error instanceof ApiFailure && error.status === UNAUTHORIZED) showSignIn(true);
    else showConnection(`${error instanceof Error ? error.message : error}. What is below may be old.`);
  }
}

/** @param {string} words empty: all is well */
function showConnection(words) {
  const banner = byId("connection", HTMLElement);
  setText(banner, words);
  banner.hidden = words === "";
  document.body.classList.toggle("stale", words !== "");
}

/** @param {boolean} isNeeded */
function showSignIn(isNeeded) {
  const form = byId("sign-in", HTMLFormElement);
  const wasShown = !form.hidden;
  form.hidden = !isNeeded;
  byId("main", HTMLElement).hidden = isNeeded;
  byId("sign-out", HTMLElement).hidden = isNeeded || !hasToken();
  if (!isNeeded) return;
  showConnection("");
  byId("pause-banner", HTMLElement).hidden = true;
  byId("health", HTMLElement).replaceChildren();
  if (!wasShown) byId("token", HTMLInputElement).focus();
}

async function signIn() {
  const form = byId("sign-in", HTMLFormElement);
  keepToken(textOf(form, "Authorization").trim());
  try {
    await call("GET", "status");
  } catch (error) {
    keepToken(undefined);
    throw error;
  }
  form.reset();
  showSignIn(false);
  await refresh();
  byId("main", HTMLElement).focus();
}

function signOut() {
  keepToken(undefined);
  // What was shown goes with the page.
  location.reload();
}

onSubmit(byId("sign-in", HTMLFormElement), signIn);
byId("sign-out", HTMLButtonElement).addEventListener("click", signOut);
document.addEventListener("visibilitychange", () => {
  clearTimeout(timer);
  if (!document.hidden) void refresh();
});
await refresh();
