import {
  type ChannelCredentials,
  type ChannelOptions,
  Client,
  type ClientDuplexStream,
  connectivityState,
  credentials,
  logVerbosity,
  type StatusObject,
  setLogVerbosity,
} from "@grpc/grpc-js";
import type { Certificates } from "../../tls/certificates.js";
import { ADS_METHOD } from "./ads-method.js";
import type { AdsOptions } from "./ads-options.js";
import { describeEnd } from "./describe-end.js";
import type { DiscoveryRequest, DiscoveryResponse } from "./discovery-messages.js";
import { OwnedConnections } from "./owned-connections.js";

/** Far more than 100,000 rules take. */
const LARGEST_RESPONSE_BYTES = 64 * 1024 * 1024;

const CONNECT_TIMEOUT_MILLIS = 10_000;

/** What is heard of a stream. Nothing follows after `ended`, nor after `close`. */
export interface AdsStreamListener {
  /** The server has been reached. */
  connected(): void;
  response(response: DiscoveryResponse): void;
  /** @param reason in words */
  ended(reason: string): void;
}

/** One stream on a connection of its own. */
export interface AdsStream {
  send(request: DiscoveryRequest): void;
  close(): void;
}

/** Connects and opens a stream. What is sent before the server was reached waits for it. */
export function openAdsStream(
  options: AdsOptions,
  certificates: Certificates | undefined,
  listener: AdsStreamListener,
): AdsStream {
  // What grpc-js prints to stderr reaches us as errors too, and would be a second line of another form.
  setLogVerbosity(logVerbosity.NONE);
  const connections = new OwnedConnections(credentialsOf(certificates));
  const client = new Client(targetOf(options), connections.credentials, channelOptions(options));
  const { path, requestSerialize, responseDeserialize } = ADS_METHOD;
  const call = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
  let [isConnected, isOver] = [false, false];
  const close = (): void => {
    if (isOver) return;
    isOver = true;
    call.cancel();
    client.close();
    connections.close(isConnected);
  };
  const end = (reason: string): void => {
    if (isOver) return;
    close();
    listener.ended(reason);
  };
  const { connectTimeoutMillis = CONNECT_TIMEOUT_MILLIS } = options;
  awaitReady(client.getChannel(), Date.now() + connectTimeoutMillis, (isReady) => {
    if (isOver) return;
    isConnected = isReady;
    if (isReady) listener.connected();
    else end(`connecting timed out after ${connectTimeoutMillis / 1_000} s`);
  });
  listen(call, (response) => !isOver && listener.response(response), end);
  return { send: (request) => void (isOver || call.write(request)), close };
}

/**
 * Calls back once, when the channel is connected or the deadline has passed. Unlike `Client.waitForReady` it only looks:
 * that one makes a channel connect again which was closed meanwhile.
 */
function awaitReady(
  channel: ReturnType<Client["getChannel"]>,
  deadline: number,
  callback: (isReady: boolean) => void,
): void {
  const look = (late?: Error): void => {
    const state = channel.getConnectivityState(false);
    if (late !== undefined || state === connectivityState.SHUTDOWN) callback(false);
    else if (state === connectivityState.READY) callback(true);
    else channel.watchConnectivityState(state, deadline, look);
  };
  look();
}

function listen(
  call: ClientDuplexStream<DiscoveryRequest, DiscoveryResponse>,
  onResponse: (response: DiscoveryResponse) => void,
  end: (reason: string) => void,
): void {
  call.on("data", onResponse);
  // The status tells the same; without a listener the error would end Weir.
  call.on("error", () => {});
  call.on("status", (ended: StatusObject) => end(describeEnd(ended)));
}

function targetOf({ server: { host, port } }: AdsOptions): string {
  return host.includes(":") ? `[${host}]:${port}` : `dns:${host}:${port}`;
}

function credentialsOf(certificates: Certificates | undefined): ChannelCredentials {
  if (certificates === undefined) return credentials.createInsecure();
  const { ca = null, cert = null, key = null } = certificates;
  return credentials.createSsl(ca, key, cert);
}

function channelOptions({ tls, keepaliveMillis, keepaliveTimeoutMillis }: AdsOptions): ChannelOptions {
  const name = tls?.serverName;
  return {
    "grpc.keepalive_time_ms": keepaliveMillis,
    "grpc.keepalive_timeout_ms": keepaliveTimeoutMillis,
    "grpc.max_receive_message_length": LARGEST_RESPONSE_BYTES,
    // Each attempt is a connection of its own, with the addresses and certificates of now, and retried by us.
    "grpc.use_local_subchannel_pool": 1,
    "grpc.enable_retries": 0,
    "grpc.service_config_disable_resolution": 1,
    "grpc.enable_http_proxy": 0,
    ...(name === undefined ? {} : { "grpc.ssl_target_name_override": name, "grpc.default_authority": name }),
  };
}
