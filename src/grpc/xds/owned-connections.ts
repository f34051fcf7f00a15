import type { Socket } from "node:net";
import type { ChannelCredentials } from "@grpc/grpc-js";

/** What a connection that has served may still say, such as that it ends, before it is cut. */
const GOODBYE_MILLIS = 1_000;

type SecureConnector = ReturnType<ChannelCredentials["_createSecureConnector"]>;

/**
 * The TCP connections of one channel, which end when it is closed. A closed channel of grpc-js 1.14 keeps a connection on
 * which nobody has spoken HTTP/2 yet, and makes another one when it closes between two attempts. All connections pass
 * through the credentials, so that is where they are seen.
 */
export class OwnedConnections {
  readonly credentials: ChannelCredentials;
  readonly #sockets = new Set<Socket>();
  #isClosed = false;

  /** @param credentials which nobody else uses */
  constructor(credentials: ChannelCredentials) {
    this.credentials = credentials;
    const create = credentials._createSecureConnector.bind(credentials);
    credentials._createSecureConnector = (...channel) => this.#owning(create(...channel));
  }

  /** Ends them, and all that the channel makes from now on. @param isGraceful lets those that are open take their leave */
  close(isGraceful: boolean): void {
    this.#isClosed = true;
    const cut = (): void => {
      for (const socket of this.#sockets) socket.destroy();
    };
    if (isGraceful) setTimeout(cut, GOODBYE_MILLIS).unref();
    else cut();
  }

  #owning(connector: SecureConnector): SecureConnector {
    return {
      connect: (socket) => {
        // It was being made when we closed.
        if (this.#isClosed) return Promise.reject(channelIsClosed());
        this.#sockets.add(socket);
        socket.once("close", () => this.#sockets.delete(socket));
        return connector.connect(socket);
      },
      // Asked before there is a socket.
      waitForReady: () => (this.#isClosed ? Promise.reject(channelIsClosed()) : connector.waitForReady()),
      getCallCredentials: () => connector.getCallCredentials(),
      destroy: () => connector.destroy(),
    };
  }
}

/** What an attempt fails with; whoever made the socket destroys it then. */
function channelIsClosed(): Error {
  return new Error("the channel is closed");
}
