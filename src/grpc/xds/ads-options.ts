import type { FaultTexts } from "../../rules/fault-texts.js";
import type { ResourceUpdate } from "../../rules/sources/pushed-source.js";
import type { PemFiles } from "../../tls/certificates.js";

/** What happens on the way to the control plane, told to whoever observes it. The methods must not throw. */
export interface AdsEvents {
  /** There is a connection, and the rules have been asked for. */
  connected(): void;
  /** There is none, or no longer; the next is tried after so long. */
  disconnected(reason: string, retryMillis: number): void;
  /** An update is in force. */
  acknowledged(version: string): void;
  /** An update was refused: its faults in words. */
  refused(version: string, faults: FaultTexts): void;
  /** An update was not looked at since a newer one had come already. */
  superseded(version: string): void;
}

export interface AdsOptions {
  readonly server: { readonly host: string; readonly port: number };
  readonly nodeId: string;
  /** Empty: none is told. */
  readonly nodeCluster: string;
  readonly nodeMetadata: readonly (readonly [key: string, text: string])[];
  /** Absent: plain connections. Without authorities, those that Node knows. */
  readonly tls?: PemFiles & {
    /** The name that the server's certificate must carry. Absent: the host. */
    readonly serverName?: string | undefined;
  };
  readonly keepaliveMillis: number;
  readonly keepaliveTimeoutMillis: number;
  /** How often certificate files are looked at, milliseconds. Default: 5 s. */
  readonly certificateCheckMillis?: number;
  /** How long it may take until the control plane speaks HTTP/2 with us, milliseconds. Default: 10 s. */
  readonly connectTimeoutMillis?: number;
  /** A connection that held so long was a good one: the next attempt is a first one again. Default: 30 s. */
  readonly healthyMillis?: number;
  /**
   * Puts an update in force, one at a time.
   * @returns what is wrong with it, in words for the control plane; nothing: it is acknowledged
   */
  onResources(update: ResourceUpdate): Promise<FaultTexts>;
  readonly events: AdsEvents;
}

/** How things stand with the control plane. */
export interface AdsStatus {
  readonly connected: boolean;
  /** Since when. */
  readonly since: Date;
  /** Why there was no connection the last time there was none. */
  readonly lastError?: string;
  /** The last version that was acknowledged. */
  readonly version?: string;
  readonly acks: number;
  readonly nacks: number;
}

/** Rules kept as a control plane has them. */
export interface AdsSubscription {
  /** Connects, and keeps at it until `close`. */
  start(): void;
  /** Hangs up. No update is handed on after it. */
  close(): Promise<void>;
  readonly status: AdsStatus;
}
