// Asks Weir's direct API whether a client may go on, and does so until it may not:
//
//   node examples/direct-api/check-limit.mjs 127.0.0.1:8081 shop api_key=trial-1
//
// What an application needs is in `createLimiter`: one channel for the whole process, a deadline for each call, and
// "go on" when there is no answer.
import { fileURLToPath } from "node:url";
import { credentials, loadPackageDefinition } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";

const PROTO = fileURLToPath(new URL("../../proto/weir/v1/rate_limiter.proto", import.meta.url));
const DEADLINE_MILLIS = 50;
const CONNECT_MILLIS = 2_000;

/** @param {string} address host:port of Weir's gRPC listener */
function createLimiter(address) {
  const loaded = loadPackageDefinition(loadSync(PROTO, { longs: Number, enums: String, defaults: true }));
  const client = new loaded.weir.v1.RateLimiter(address, credentials.createInsecure());
  /** One method, as a promise that always comes to an answer. */
  const call = (method, request) =>
    new Promise((resolve) => {
      const deadline = Date.now() + DEADLINE_MILLIS;
      client[method](request, { deadline }, (error, answer) => {
        // A limiter that is away must not be an outage of its own. A request that makes no sense shows up here too: log it.
        if (error) console.error(`${method}: ${error.message}`);
        resolve(error ? { allowed: true, degraded: true } : answer);
      });
    });
  return {
    /** Waits until there is a connection, so that the first call's deadline is for the call. */
    connect: () => new Promise((resolve) => client.waitForReady(Date.now() + CONNECT_MILLIS, resolve)),
    /** Takes hits, if they are allowed. */
    check: (domain, entries, hits = 1) => call("checkLimit", { domain, descriptors: [{ entries }], hits }),
    /** The same answer, and takes nothing. */
    status: (domain, entries, hits = 1) => call("getStatus", { domain, descriptors: [{ entries }], hits }),
    close: () => client.close(),
  };
}

/** Seconds of a google.protobuf.Duration. */
const seconds = ({ seconds: whole, nanos }) => whole + nanos / 1e9;

function describe({ allowed, remaining, retryAfter, rule, degraded }) {
  if (degraded) return `${allowed ? "allowed" : "refused"}, without the store`;
  if (allowed) return rule === "" ? "allowed, no rule" : `allowed by ${rule}, ${remaining ?? "unlimited"} left`;
  return `refused by ${rule}${retryAfter ? `, again in ${seconds(retryAfter).toFixed(1)}s` : ", for good"}`;
}

const [address = "127.0.0.1:8081", domain = "shop", ...pairs] = process.argv.slice(2);
const entries = (pairs.length > 0 ? pairs : ["api_key=trial-1"]).map((pair) => {
  const [key, ...value] = pair.split("=");
  return { key, value: value.join("=") };
});

const limiter = createLimiter(address);
await limiter.connect();
console.log(`status: ${describe(await limiter.status(domain, entries))}`);
for (let call = 1; call <= 5; call++) {
  const answer = await limiter.check(domain, entries);
  console.log(`call ${call}: ${describe(answer)}`);
  if (!answer.allowed) break;
}
limiter.close();
