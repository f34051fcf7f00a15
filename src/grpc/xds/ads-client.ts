import { pause } from "../../pause.js";
import { type Certificates, readCertificates } from "../../tls/certificates.js";
import { watchCertificates } from "../../tls/watch-certificates.js";
import type { AdsOptions, AdsStatus, AdsSubscription } from "./ads-options.js";
import type { openAdsStream } from "./ads-stream.js";
import { type DiscoveryRequest, RATE_LIMIT_CONFIG } from "./discovery-messages.js";
import { retryDelayMillis } from "./retry-delay.js";
import { UpdateQueue } from "./update-queue.js";

const CERTIFICATE_CHECK_MILLIS = 5_000;

const HEALTHY_MILLIS = 30_000;

/** How a connection ended. */
interface End {
  readonly reason: string;
  /** How long it held; 0: there was none. */
  readonly heldMillis: number;
  /** We hung up because the certificates are new. */
  readonly isRenewal: boolean;
}

/** Follows the rules of a control plane. It does nothing, and loads no gRPC, before it is started. */
export function createAdsClient(options: AdsOptions): AdsSubscription {
  return new AdsClient(options);
}

class AdsClient implements AdsSubscription {
  readonly #options: AdsOptions;
  readonly #queue: UpdateQueue;
  readonly #closing = new AbortController();
  #running: Promise<void> = Promise.resolve();
  #isConnected = false;
  #since = new Date();
  #lastError: string | undefined;

  constructor(options: AdsOptions) {
    this.#options = options;
    this.#queue = new UpdateQueue(options);
  }

  start(): void {
    this.#running = this.#run();
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#queue.close();
    await this.#running;
  }

  get status(): AdsStatus {
    const { accepted, counts } = this.#queue;
    return {
      connected: this.#isConnected,
      since: this.#since,
      ...(this.#lastError === undefined ? {} : { lastError: this.#lastError }),
      ...(counts.acks === 0 ? {} : { version: accepted }),
      ...counts,
    };
  }

  async #run(): Promise<void> {
    const { openAdsStream } = await import("./ads-stream.js");
    const { signal } = this.#closing;
    const { healthyMillis = HEALTHY_MILLIS } = this.#options;
    for (let attempt = 1; !signal.aborted; attempt += 1) {
      const { reason, heldMillis, isRenewal } = await this.#followOnce(openAdsStream);
      if (signal.aborted) return;
      if (heldMillis >= healthyMillis) attempt = 1;
      const retryMillis = isRenewal ? 0 : retryDelayMillis(attempt);
      this.#lost(reason, retryMillis);
      await pause(retryMillis, signal);
    }
  }

  /** One connection, from its beginning to its end. */
  async #followOnce(open: typeof openAdsStream): Promise<End> {
    const { tls } = this.#options;
    try {
      return await this.#follow(open, tls === undefined ? undefined : await readCertificates(tls));
    } catch (error) {
      return { reason: (error as Error).message, heldMillis: 0, isRenewal: false };
    }
  }

  #follow(open: typeof openAdsStream, certificates: Certificates | undefined): Promise<End> {
    const { signal } = this.#closing;
    return new Promise((resolve) => {
      let connectedAt = Number.POSITIVE_INFINITY;
      const end = (reason: string, isRenewal = false): void => {
        stopWatching();
        signal.removeEventListener("abort", hangUp);
        resolve({ reason, heldMillis: Math.max(0, performance.now() - connectedAt), isRenewal });
      };
      const hangUp = (): void => {
        stream.close();
        end("Weir is stopping");
      };
      const renew = (): void => {
        stream.close();
        end("the certificate files have changed", true);
      };
      const stream = open(this.#options, certificates, {
        connected: () => {
          connectedAt = performance.now();
          this.#connected();
        },
        response: (response) => this.#queue.add(response, (request) => stream.send(request)),
        ended: (reason) => end(reason),
      });
      const stopWatching = this.#awaitRotation(certificates, renew);
      signal.addEventListener("abort", hangUp);
      // Closed while the certificates were read.
      if (signal.aborted) hangUp();
      else stream.send(this.#firstRequest());
    });
  }

  /** Calls back when the certificate files are others, after a moment that differs between replicas. @returns stops it */
  #awaitRotation(certificates: Certificates | undefined, onRotated: () => void): () => void {
    const { tls, certificateCheckMillis = CERTIFICATE_CHECK_MILLIS } = this.#options;
    if (tls === undefined || certificates === undefined) return () => {};
    let timer: NodeJS.Timeout | undefined;
    const stopLooking = watchCertificates(tls, certificates, certificateCheckMillis, {
      onChanged: () => {
        timer ??= setTimeout(onRotated, Math.random() * certificateCheckMillis);
      },
      // The open connection need not suffer from them.
      onFault: () => {},
    });
    return () => {
      stopLooking();
      clearTimeout(timer);
    };
  }

  /**
   * Asks for all there is, without the version in force: control planes that count versions from 1 whenever they start,
   * as Envoy Gateway does, would hold what they have back as known if its number is by chance the same.
   */
  #firstRequest(): DiscoveryRequest {
    const { nodeId: id, nodeCluster: cluster, nodeMetadata } = this.#options;
    const fields = Object.fromEntries(nodeMetadata.map(([key, text]) => [key, { stringValue: text }]));
    const node = { id, cluster, ...(nodeMetadata.length === 0 ? {} : { metadata: { fields } }) };
    return { version_info: "", node, type_url: RATE_LIMIT_CONFIG, response_nonce: "" };
  }

  #connected(): void {
    this.#isConnected = true;
    this.#since = new Date();
    this.#options.events.connected();
  }

  #lost(reason: string, retryMillis: number): void {
    if (this.#isConnected) this.#since = new Date();
    this.#isConnected = false;
    this.#lastError = reason;
    this.#options.events.disconnected(reason, retryMillis);
  }
}
