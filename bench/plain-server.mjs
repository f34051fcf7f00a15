// What @grpc/grpc-js alone costs: answers OK to every call and decodes nothing. `node bench/plain-server.mjs PORT`
import { Server, ServerCredentials } from "@grpc/grpc-js";

const OK = Buffer.from([8, 1]);
/** @param {Buffer} bytes */
const asIs = (bytes) => bytes;

const server = new Server();
server.addService(
  {
    shouldRateLimit: {
      path: "/envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit",
      requestStream: false,
      responseStream: false,
      requestSerialize: asIs,
      requestDeserialize: asIs,
      responseSerialize: asIs,
      responseDeserialize: asIs,
    },
  },
  {
    /**
     * @param {unknown} _call
     * @param {(error: null, answer: Buffer) => void} callback
     */
    shouldRateLimit: (_call, callback) => callback(null, OK),
  },
);
server.bindAsync(`127.0.0.1:${process.argv[2]}`, ServerCredentials.createInsecure(), (error) => {
  if (error !== null) throw error;
});
process.once("SIGTERM", () => server.forceShutdown());
