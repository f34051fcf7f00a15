import { expect, it } from "vitest";
import { isRefusedAgain } from "../../../../src/grpc/xds/refused-update.js";

const TYPE = "type.googleapis.com/some.Type";
const RESPONSE = {
  version_info: "1",
  nonce: "a",
  type_url: TYPE,
  resources: [{ type_url: TYPE, value: Uint8Array.of(1, 2) }],
};
const FAULTS = { texts: ["bad"], more: 0 };
const refused = (secondsAgo: number) => ({
  response: RESPONSE,
  faults: FAULTS,
  at: performance.now() - secondsAgo * 1_000,
});

it("an update is the same that was refused just now, whatever its nonce", async () => {
  expect(await isRefusedAgain(undefined, RESPONSE)).toBe(false);
  expect(await isRefusedAgain(refused(0), { ...RESPONSE, nonce: "b" })).toBe(true);
  expect(await isRefusedAgain(refused(29), RESPONSE)).toBe(true);
  // What was wrong may have been with us.
  expect(await isRefusedAgain(refused(31), RESPONSE)).toBe(false);
});

it("an update is the same in whatever order its resources come, as from maps of Go", async () => {
  const [one, two, three] = [[1, 2], [1, 3], [9]].map((bytes) => ({ type_url: TYPE, value: Uint8Array.from(bytes) }));
  const before = { ...refused(0), response: { ...RESPONSE, resources: [one, two, three] as never } };
  const is = (...resources: unknown[]): Promise<boolean> =>
    isRefusedAgain(before, { ...RESPONSE, resources: resources as never });
  expect(await Promise.all([is(one, two, three), is(three, one, two), is(two, one, three)])).toEqual([
    true,
    true,
    true,
  ]);
  // As many, and each of them among those before.
  expect(await Promise.all([is(one, one, three), is(three, three, three)])).toEqual([false, false]);
});

it.each([
  { version_info: "2" },
  { resources: [] },
  { resources: [{ type_url: TYPE, value: Uint8Array.of(1, 3) }] },
  { resources: [{ type_url: "other", value: Uint8Array.of(1, 2) }] },
  { resources: [...RESPONSE.resources, ...RESPONSE.resources] },
])("an update is another one with %j", async (other) => {
  expect(await isRefusedAgain(refused(0), { ...RESPONSE, ...other })).toBe(false);
});

it("thousands of resources are compared between other things to do", async () => {
  const resources = Array.from({ length: 100_000 }, (_, at) => {
    return { type_url: TYPE, value: Uint8Array.of(at, at >> 8, at >> 16, ...new Uint8Array(250)) };
  });
  const before = { ...refused(0), response: { ...RESPONSE, resources } };
  let turns = 0;
  const counting = setInterval(() => turns++, 0);
  expect(await isRefusedAgain(before, { ...RESPONSE, resources: resources.toReversed() })).toBe(true);
  clearInterval(counting);
  expect(turns).toBeGreaterThan(1);
});
