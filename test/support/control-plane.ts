import { Server, ServerCredentials, type ServerDuplexStream, type status } from "@grpc/grpc-js";
import { freePort } from "./free-port.js";
import { until } from "./until.js";
import {
  type ConfigObject,
  decodeRequest,
  encodeConfig,
  encodeResponse,
  RATE_LIMIT_CONFIG_TYPE,
  type ReceivedRequest,
  type SentResponse,
} from "./xds-messages.js";

const PATH = "/envoy.service.discovery.v3.AggregatedDiscoveryService/StreamAggregatedResources";

/** Certificates in PEM; clients must show one of the authority. */
export interface ControlPlaneTls {
  readonly ca: Buffer;
  readonly cert: Buffer;
  readonly key: Buffer;
}

/** A request, and which of all streams it came by, from 1. */
export interface RecordedRequest extends ReceivedRequest {
  readonly stream: number;
  /** The common name of the client's certificate, if it showed one. */
  readonly client: string | undefined;
}

type Stream = ServerDuplexStream<Buffer, Buffer>;

/** What is known of a stream. */
interface Client {
  readonly number: number;
  /** Of the response that was sent last; empty: none was. */
  nonce: string;
  /** It has asked since, and is answered when there is another version than this. Undefined: it has not. */
  has: string | undefined;
}

/**
 * A control plane that serves rules over xDS as Envoy Gateway does: aggregated discovery, the state of the world. It
 * counts versions from 1 whenever it starts, does not send what a client says that it has, sends nothing more before
 * the last response was answered, and sends again at once what was refused, its resources in another order.
 */
export class ControlPlane {
  readonly port: number;
  readonly #host: string;
  /** All requests since it was made, in the order in which they came. */
  readonly requests: RecordedRequest[] = [];
  /** Takes streams and requests, and answers none. */
  isSilent = false;
  readonly #streams = new Map<Stream, Client>();
  #server: Server | undefined;
  #streamsMade = 0;
  #version = 0;
  #nonce = 0;
  #resources: SentResponse["resources"] | undefined;

  private constructor(host: string, port: number) {
    this.#host = host;
    this.port = port;
  }

  /** Starts one on a free port. It has no resources, and sends none until it has been given some. */
  static async start(tls?: ControlPlaneTls, host = "127.0.0.1"): Promise<ControlPlane> {
    const plane = new ControlPlane(host, await freePort());
    await plane.start(tls);
    return plane;
  }

  get address(): string {
    return `${this.#host}:${this.port}`;
  }

  /** How many streams are open. */
  get streams(): number {
    return this.#streams.size;
  }

  get streamsMade(): number {
    return this.#streamsMade;
  }

  /** Starts again after `stop`, on the same port, with no resources and the first version to come. */
  async start(tls?: ControlPlaneTls): Promise<void> {
    const credentials =
      tls === undefined
        ? ServerCredentials.createInsecure()
        : ServerCredentials.createSsl(tls.ca, [{ cert_chain: tls.cert, private_key: tls.key }], true);
    const server = new Server();
    const same = (bytes: Buffer): Buffer => bytes;
    const codec = {
      requestSerialize: same,
      requestDeserialize: same,
      responseSerialize: same,
      responseDeserialize: same,
    };
    const method = { path: PATH, requestStream: true, responseStream: true, ...codec };
    server.addService({ Stream: method }, { Stream: (stream: Stream) => this.#take(stream) });
    await new Promise<void>((resolve, reject) => {
      server.bindAsync(this.address, credentials, (error) => (error === null ? resolve() : reject(error)));
    });
    this.#server = server;
    this.#version = 0;
    this.#noncesOf.clear();
    this.#resources = undefined;
  }

  /** Breaks all connections and listens no longer. */
  stop(): void {
    this.#server?.forceShutdown();
    this.#server = undefined;
    this.#streams.clear();
  }

  /** These are all the rules there are from now on: sent to whoever is here, as a new version. @returns the version */
  set(...configs: readonly ConfigObject[]): string {
    return this.setBytes(...configs.map(encodeConfig));
  }

  /** The same with resources that are these bytes. */
  setBytes(...values: readonly Uint8Array[]): string {
    this.#resources = values.map((value) => ({ type_url: RATE_LIMIT_CONFIG_TYPE, value }));
    this.#version += 1;
    for (const stream of this.#streams.keys()) this.#sendNews(stream);
    return String(this.#version);
  }

  /** Sends a response of any kind to whoever is here. @returns its nonce */
  send(response: Partial<SentResponse>): string {
    const nonce = this.#nextNonce();
    const whole = { version_info: "v", resources: [], type_url: RATE_LIMIT_CONFIG_TYPE, nonce, ...response };
    this.sendBytes(encodeResponse(whole));
    return nonce;
  }

  /** Sends bytes as a response, whatever they are. */
  sendBytes(bytes: Buffer): void {
    for (const stream of this.#streams.keys()) stream.write(bytes);
  }

  /** Ends all streams in good order, or with a status. */
  endStreams(fault?: { readonly code: status; readonly details: string }): void {
    for (const stream of this.#streams.keys()) {
      if (fault === undefined) stream.end();
      else stream.emit("error", fault);
    }
  }

  /** Waits for the answer to a version that `set` gave, on any stream: an ACK, or a NACK with its words. */
  answerTo(version: string): Promise<{ readonly ack: boolean; readonly message: string }> {
    return until(`version ${version} is answered`, () => {
      const nonces = this.#noncesOf.get(version) ?? [];
      const answer = this.requests.findLast(({ response_nonce: nonce }) => nonces.includes(nonce));
      if (answer === undefined) return undefined;
      return { ack: answer.error_detail === null, message: answer.error_detail?.message ?? "" };
    });
  }

  /** By which nonces each version was sent since the last start. */
  readonly #noncesOf = new Map<string, string[]>();

  #take(stream: Stream): void {
    this.#streamsMade += 1;
    const client: Client = { number: this.#streamsMade, nonce: "", has: undefined };
    this.#streams.set(stream, client);
    const names = stream.getAuthContext().sslPeerCertificate?.subject.CN;
    const name = typeof names === "string" ? names : names?.[0];
    const leave = (): void => void this.#streams.delete(stream);
    stream.on("data", (bytes: Buffer) => {
      const request = decodeRequest(bytes);
      this.requests.push({ ...request, stream: client.number, client: name });
      if (request.response_nonce !== client.nonce) return;
      client.has = request.version_info;
      this.#sendNews(stream);
    });
    stream.on("end", () => stream.end());
    stream.on("close", leave).on("cancelled", leave).on("error", leave);
  }

  /** Sends the state to a stream that has asked and has another one. */
  #sendNews(stream: Stream): void {
    const client = this.#streams.get(stream);
    const version_info = String(this.#version);
    if (this.isSilent || this.#resources === undefined || client?.has === undefined) return;
    if (client.has === version_info) return;
    client.nonce = this.#nextNonce();
    client.has = undefined;
    const noncesBefore = this.#noncesOf.get(version_info) ?? [];
    this.#noncesOf.set(version_info, [...noncesBefore, client.nonce]);
    const [first, ...others] = this.#resources;
    const isOtherWay = noncesBefore.length % 2 === 1 && first !== undefined;
    const resources = isOtherWay ? [...others, first] : this.#resources;
    const { nonce } = client;
    stream.write(encodeResponse({ version_info, resources, type_url: RATE_LIMIT_CONFIG_TYPE, nonce }));
  }

  #nextNonce(): string {
    this.#nonce += 1;
    return `nonce-${this.#nonce}`;
  }
}
