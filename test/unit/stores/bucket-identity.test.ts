import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type BucketIdentity, bucketIdentity, type IdentityStep } from "../../../src/stores/bucket-identity.js";
import { runs } from "../../support/property-runs.js";

const MINUTE = 60_000_000;

function identity(steps: readonly IdentityStep[], others: Partial<BucketIdentity> = {}): BucketIdentity {
  return { domain: "shop", steps, algorithm: "token_bucket", periodMicros: MINUTE, limitName: "", ...others };
}

/** Texts made mostly of what separates, escapes, and looks alike. */
const text = fc
  .array(
    fc.oneof(
      fc.constantFrom("|", "%", "=", "~", ":", "%7C", "%25", "%uD800", "1", "a", "*", "token_bucket:60s", " ", "\0"),
      fc.constantFrom("\ud800", "\udc00", "\u{1f6a6}", "é", "e\u0301", "\ufffd", "\n", "\u0085"),
      fc.string({ unit: "binary", maxLength: 2 }),
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

  it("gives different identities different strings, also as UTF-8, and equal ones the same (D12)", () => {
    const property = fc.property(arbitraryIdentity, arbitraryIdentity, fc.nat(), (one, other, cut) => {
      for (const second of [other, shifted(one, cut), structuredClone(one)]) {
        const asUtf8 = [one, second].map((each) => Buffer.from(bucketIdentity(each)).toString("hex"));
        expect(asUtf8[0] === asUtf8[1]).toBe(canonical(one) === canonical(second));
      }
    });
    fc.assert(property, { numRuns: runs(5_000) });
  });

  it("never collides among all identities of a few awkward texts (D12)", () => {
    const texts = ["", "|", "%", "=", "~", ":", "a", "%7C", "a=a", "a|a", "token_bucket:60s", "\ud800", "\ufffd"];
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
