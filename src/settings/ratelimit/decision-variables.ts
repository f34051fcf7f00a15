import { anyText, goBoolean, goNumber } from "./go-kinds.js";
import { isRefused, isSame, isWarned, makesSettings } from "./rows.js";
import type { RatelimitMapping, RatelimitPart } from "./variable.js";

const HEADERS = "LIMIT_RESPONSE_HEADERS_ENABLED";

function flag(setting: RatelimitMapping["setting"], name: string): RatelimitMapping {
  return { setting, from: [name], make: (er) => String(er.isTrue(name)) };
}

function header(setting: RatelimitMapping["setting"], name: string): RatelimitMapping {
  return { setting, from: [name], make: (er) => (er.isTrue(HEADERS) ? er.text(name) : undefined) };
}

/** How ER decides, and what it answers. */
export const DECISION_VARIABLES: RatelimitPart = {
  variables: [
    makesSettings("SHADOW_MODE", goBoolean, "false"),
    makesSettings("QUOTA_MODE", goBoolean, "false"),
    makesSettings("RESPONSE_DYNAMIC_METADATA", goBoolean, "false"),
    makesSettings(HEADERS, goBoolean, "false"),
    makesSettings("LIMIT_LIMIT_HEADER", anyText, "RateLimit-Limit"),
    makesSettings("LIMIT_REMAINING_HEADER", anyText, "RateLimit-Remaining"),
    makesSettings("LIMIT_RESET_HEADER", anyText, "RateLimit-Reset"),
    isRefused(
      "USE_CALENDAR_MONTH_RATE_LIMIT",
      goBoolean,
      "false",
      "a month always has 30 days in Weir; set it to false to accept that",
    ),
    isSame("STOP_CACHE_KEY_INCREMENT_WHEN_OVERLIMIT", goBoolean, "false"),
    isWarned(
      "EXPIRATION_JITTER_MAX_SECONDS",
      goNumber,
      "300",
      "there is no jitter: a key expires when its bucket would be full",
    ),
    isWarned(
      "LOCAL_CACHE_SIZE_IN_BYTES",
      goNumber,
      "0",
      "not used; WEIR_DENY_CACHE_SIZE is how many refusals are remembered",
    ),
    isWarned(
      "NEAR_LIMIT_RATIO",
      goNumber,
      "0.8",
      "there is no near_limit metric; weir_bucket_fill_ratio shows how full buckets are",
    ),
  ],
  mappings: [
    flag("globalShadow", "SHADOW_MODE"),
    flag("globalQuota", "QUOTA_MODE"),
    flag("responseDynamicMetadata", "RESPONSE_DYNAMIC_METADATA"),
    {
      setting: "responseHeaders",
      from: [HEADERS],
      make: (er) => (er.isTrue(HEADERS) ? "limit,remaining,reset" : undefined),
    },
    header("limitHeader", "LIMIT_LIMIT_HEADER"),
    header("remainingHeader", "LIMIT_REMAINING_HEADER"),
    header("resetHeader", "LIMIT_RESET_HEADER"),
  ],
};
