import { createHash, createHmac } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type BucketIdentity,
  bucketIdentity,
  type IdentityStep,
  identifyBuckets,
} from "../../../src/stores/bucket-identity.js";
import { LONGEST_CLEAR_VALUE } from "../../../src/stores/value-digest.js";
import { runs } from "../../support/property-runs.js";

const MINUTE = 60_000_000;

function identity(steps: readonly IdentityStep[], others: Partial<BucketIdentity> = {}): BucketIdentity {
  return { domain: "shop", steps, algorithm: "token_bucket", periodMicros: MINUTE, limitName: "", ...others };
}

/** Texts made mostly of what separates, escapes, and looks alike. */
const text = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        "|",
        "%",
        "=",
        "~",
        "^",
        ":",
        "%7C",
        "%25",
        "%uD800",
        "1",
        "a",
        "*",
        "token_bucket:60s",
        " ",
        "\0",
      ),
      fc.constantFrom("\ud800", "\udc00", "\u{1f6a6}", "é", "e\u0301", "\ufffd", "\n", "\u0085"),
      fc.string({ unit: "binary", maxLength: 2 }),
      // Around the longest that stays as it is, alike but for their ends.
      fc.integer({ min: LONGEST_CLEAR_VALUE - 2, max: LONGEST_CLEAR_VALUE + 2 }).map((length) => "x".repeat(length)),
      fc.constantFrom("\ud800".repeat(LONGEST_CLEAR_VALUE), "\udbff".repeat(LONGEST_CLEAR_VALUE)),
    ),
    { maxLength: 4 },
  )
  .map((parts) => parts.join(""));

const step: fc.Arbitrary<IdentityStep> = fc.oneof(
  fc.record({ key: text, value: text }),
  fc.record({ key: text, pattern: text }),
  fc.record({ key: text }),
);

const arbitraryIdentity: fc.Arbitrary<BucketIdentity> = fc.record({
  domain: text,
  steps: fc.array(step, { maxLength: 3 }),
  algorithm: fc.constantFrom("token_bucket", "fixed_window", "sliding_window"),
  periodMicros: fc.constantFrom(1, 60, 60_000, MINUTE, 60 * MINUTE),
  limitName: text,
});

/** Another writing of the same that cannot be mistaken: JSON escapes whatever could be. */
function canonical({ domain, steps, algorithm, periodMicros, limitName }: BucketIdentity): string {
  const path = steps.map((each) => {
    if ("pattern" in each) return ["pattern", each.key, each.pattern];
    return each.value === undefined ? ["bare", each.key] : ["value", each.key, each.value];
  });
  return JSON.stringify([domain, path, algorithm, periodMicros, limitName]);
}

/** Moves a piece of text from one field to the next, the likeliest way to a collision. */
function shifted({ steps, ...others }: BucketIdentity, cut: number): BucketIdentity {
  const { domain } = others;
  const at = cut % (domain.length + 1);
  const moved: IdentityStep = { key: domain.slice(at) };
  return { ...others, domain: domain.slice(0, at), steps: [moved, ...steps] };
}

describe("bucketIdentity", () => {
  it("reads like the rule's path for plain values (D12)", () => {
    const steps = [
      { key: "path", value: "/login" },
      { key: "remote_address", value: "10.0.0.1" },
    ];
    expect(bucketIdentity(identity(steps))).toBe("1|shop|path=/login|remote_address=10.0.0.1|token_bucket:60s");
  });

  it("names the pattern that is shared, the limit's name and a period under a second (D12)", () => {
    const shared = identity([{ key: "path", pattern: "/api/*" }], { periodMicros: 500, limitName: "hourly" });
    expect(bucketIdentity(shared)).toBe("1|shop|path~/api/*|token_bucket:500us:hourly");
  });

  const apart: { what: string; one: BucketIdentity; other: BucketIdentity }[] = [
    {
      what: "a shared pattern from the same text as a value",
      one: identity([{ key: "path", pattern: "a*" }]),
      other: identity([{ key: "path", value: "a*" }]),
    },
    { what: "no value from an empty one", one: identity([{ key: "a" }]), other: identity([{ key: "a", value: "" }]) },
    {
      what: "an empty pattern from an empty value",
      one: identity([{ key: "a", pattern: "" }]),
      other: identity([{ key: "a", value: "" }]),
    },
    {
      what: "separators in a value from real ones",
      one: identity([{ key: "a", value: "b|c=d" }]),
      other: identity([
        { key: "a", value: "b" },
        { key: "c", value: "d" },
      ]),
    },
    {
      what: "an equals sign in a key from the one after it",
      one: identity([{ key: "a=b", value: "c" }]),
      other: identity([{ key: "a", value: "b=c" }]),
    },
    {
      what: "an escape from what it stands for",
      one: identity([{ key: "a", value: "%7C" }]),
      other: identity([{ key: "a", value: "|" }]),
    },
    {
      what: "halves of surrogate pairs, which are the same as UTF-8",
      one: identity([{ key: "a", value: "\ud800" }]),
      other: identity([{ key: "a", value: "\udbff" }]),
    },
    {
      what: "a limit's name from no name",
      one: identity([{ key: "a" }], { limitName: "60s" }),
      other: identity([{ key: "a" }]),
    },
    { what: "domains", one: identity([{ key: "a" }]), other: identity([{ key: "a" }], { domain: "Shop" }) },
    { what: "algorithms", one: identity([]), other: identity([], { algorithm: "fixed_window" }) },
    { what: "periods", one: identity([]), other: identity([], { periodMicros: MINUTE + 1 }) },
  ];
  for (const { what, one, other } of apart) {
    it(`tells apart ${what} (D12)`, () => {
      expect(Buffer.from(bucketIdentity(one))).not.toEqual(Buffer.from(bucketIdentity(other)));
    });
  }

  it.each([
    ["as values are sent", identifyBuckets()],
    ["with all values hashed", identifyBuckets(Buffer.from("a secret of 16 b"))],
  ])(
    "gives different identities different strings, also as UTF-8, and equal ones the same, %s (D12)",
    (_, identify) => {
      const property = fc.property(arbitraryIdentity, arbitraryIdentity, fc.nat(), (one, other, cut) => {
        for (const second of [other, shifted(one, cut), structuredClone(one)]) {
          const asUtf8 = [one, second].map((each) => Buffer.from(identify(each)).toString("hex"));
          expect(asUtf8[0] === asUtf8[1]).toBe(canonical(one) === canonical(second));
        }
      });
      fc.assert(property, { numRuns: runs(5_000) });
    },
  );

  it("never collides among all identities of a few awkward texts (D12)", () => {
    const texts = ["", "|", "%", "=", "~", "^", ":", "a", "%7C", "a=a", "a|a", "token_bucket:60s", "\ud800", "\ufffd"];
    const steps = texts.flatMap((key): IdentityStep[] => [
      { key },
      ...texts.flatMap((value): IdentityStep[] => [
        { key, value },
        { key, pattern: value },
      ]),
    ]);
    const identities = [
      ...texts.flatMap((domain) => steps.map((only) => identity([only], { domain }))),
      ...texts.flatMap((limitName) => steps.map((only) => identity([only], { limitName: `${limitName}x` }))),
      ...steps.flatMap((first) => steps.slice(0, 60).map((second) => identity([first, second]))),
    ];
    const strings = new Set(identities.map((each) => Buffer.from(bucketIdentity(each)).toString("latin1")));
    expect(strings.size).toBe(identities.length);
  });

  it("has no characters that would break a line (D12)", () => {
    const odd = identity([{ key: "a\r\n", value: "\0\u007f\u0085" }], { domain: "\t", limitName: "\u001b[0m" });
    expect(bucketIdentity(odd)).toBe("1|%09|a%0D%0A=%00%7F%85|token_bucket:60s:%1B[0m");
  });
});

const SECRET = Buffer.from("0123456789abcdef");

/** As the format says: the first 18 bytes in base64url. */
function short(digest: Buffer): string {
  return digest.subarray(0, 18).toString("base64url");
}

describe("a value that is too long for a key", () => {
  const longest = "v".repeat(LONGEST_CLEAR_VALUE);
  const digest = (value: string) => short(createHash("sha256").update(Buffer.from(value, "utf16le")).digest());

  it("is there as a digest, and a shorter one as it is", () => {
    for (const identify of [bucketIdentity, identifyBuckets()]) {
      expect(identify(identity([{ key: "a", value: longest }]))).toBe(`1|shop|a=${longest}|token_bucket:60s`);
      const longer = `${longest}v`;
      expect(identify(identity([{ key: "a", value: longer }]))).toBe(`1|shop|a^${digest(longer)}|token_bucket:60s`);
    }
  });

  it("is never mistaken for a value or a key that reads like its digest (D12)", () => {
    const longer = `${longest}v`;
    const all = [
      identity([{ key: "a", value: longer }]),
      identity([{ key: "a", value: digest(longer) }]),
      identity([{ key: "a", value: `^${digest(longer)}` }]),
      identity([{ key: `a^${digest(longer)}` }]),
      identity([{ key: "a", pattern: longer }]),
    ];
    expect(new Set(all.map((each) => bucketIdentity(each))).size).toBe(all.length);
  });

  it("makes keys of a bounded length, whatever it is", () => {
    const identify = identifyBuckets();
    for (const length of [129, 512, 513, 4_000_000]) {
      const huge = identity([{ key: "a", value: "v".repeat(length) }]);
      expect(identify(huge)).toHaveLength(1 + "|shop|a^".length + 24 + "|token_bucket:60s".length);
      expect(identify(huge)).toBe(bucketIdentity(huge));
    }
  });

  it("keeps its identity when it was forgotten in between, among a million others", () => {
    const identify = identifyBuckets();
    const long = (i: number) => identity([{ key: "a", value: `${longest}${i}` }]);
    const first = identify(long(0));
    for (let i = 0; i < 50_000; i++) identify(long(i));
    expect(identify(long(0))).toBe(first);
  });
});

describe("hashed keys", () => {
  const steps: IdentityStep[] = [
    { key: "api_key", value: "sk-live-hunter2" },
    { key: "path", pattern: "/api/*" },
    { key: "bare" },
    { key: "empty", value: "" },
  ];
  const hmac = (value: string) => short(createHmac("sha256", SECRET).update(Buffer.from(value, "utf16le")).digest());

  it("hold every value as a digest under the secret, and all else as it is", () => {
    const text = identifyBuckets(SECRET)(identity(steps, { limitName: "hourly" }));
    const path = `api_key^${hmac("sk-live-hunter2")}|path~/api/*|bare|empty^${hmac("")}`;
    expect(text).toBe(`1|shop|${path}|token_bucket:60s:hourly`);
  });

  it("are the same for all who have the secret, again and again, and others with another", () => {
    const [one, two] = [identifyBuckets(SECRET), identifyBuckets(Buffer.from(SECRET))];
    const other = identifyBuckets(Buffer.from("0123456789abcdeF"));
    for (let i = 0; i < 3; i++) expect(two(identity(steps))).toBe(one(identity(steps)));
    expect(other(identity(steps))).not.toBe(one(identity(steps)));
    expect(other(identity([{ key: "bare" }]))).toBe(one(identity([{ key: "bare" }])));
  });

  it("never are those of a value that is not hashed (D12)", () => {
    const hashed = identifyBuckets(SECRET);
    const property = fc.property(arbitraryIdentity, arbitraryIdentity, (one, other) => {
      const hasValue = one.steps.some((each) => "value" in each);
      if (hasValue) expect(hashed(one)).not.toBe(bucketIdentity(one));
      if (hasValue) expect(hashed(one)).not.toBe(bucketIdentity(other));
    });
    fc.assert(property, { numRuns: runs(2_000) });
  });
});
