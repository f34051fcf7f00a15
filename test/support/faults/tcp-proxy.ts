import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { freePort } from "../free-port.js";

/** A network between Weir and Redis that a test can make slow, narrow, silent or broken. */
export interface TcpProxy {
  readonly port: number;
  /** What comes from now on is so much longer on its way; 0 again: as fast as it can. */
  delay(way: { readonly toServerMillis?: number; readonly toClientMillis?: number }): void;
  /** From now on no connection carries more than so many bytes a second each way. Infinity: as many as it can. */
  throttle(bytesPerSecond: number): void;
  /** Nothing passes any more, and nobody is told. As with TCP nothing is lost: `resume` lets through what has waited. */
  hold(): void;
  /** Breaks all connections by RST, and each new one, until `resume`. */
  cut(): void;
  /** The network is well again. */
  resume(): void;
  /** How many connections were made through it. */
  connectionsMade(): number;
  close(): Promise<void>;
}

interface Weather {
  toServerMillis: number;
  toClientMillis: number;
  bytesPerSecond: number;
  isHeld: boolean;
  isCut: boolean;
}

/** Opens a way to a port of 127.0.0.1. */
export async function startTcpProxy(targetPort: number): Promise<TcpProxy> {
  const weather: Weather = {
    toServerMillis: 0,
    toClientMillis: 0,
    bytesPerSecond: Number.POSITIVE_INFINITY,
    isHeld: false,
    isCut: false,
  };
  const sockets = new Set<Socket>();
  const ways = new Set<Way>();
  let made = 0;
  const listener = createServer((client) => {
    made += 1;
    if (weather.isCut) {
      client.on("error", () => {}).resetAndDestroy();
      return;
    }
    const server = connect({ port: targetPort, host: "127.0.0.1", noDelay: true });
    client.setNoDelay(true);
    const pair = [
      new Way(client, server, weather, "toServerMillis"),
      new Way(server, client, weather, "toClientMillis"),
    ];
    for (const way of pair) ways.add(way);
    for (const socket of [client, server]) {
      sockets.add(socket);
      socket.on("error", () => {}).on("close", () => sockets.delete(socket));
    }
  });
  const port = await freePort();
  await once(listener.listen(port, "127.0.0.1"), "listening");
  const breakAll = (): void => {
    for (const socket of sockets) socket.resetAndDestroy();
    ways.clear();
  };
  return {
    port,
    delay: (way) => void Object.assign(weather, { toServerMillis: 0, toClientMillis: 0, ...way }),
    throttle: (bytesPerSecond) => {
      weather.bytesPerSecond = bytesPerSecond;
    },
    hold: () => {
      weather.isHeld = true;
    },
    cut: () => {
      weather.isCut = true;
      breakAll();
    },
    resume: () => {
      Object.assign(weather, { toServerMillis: 0, toClientMillis: 0, bytesPerSecond: Number.POSITIVE_INFINITY });
      Object.assign(weather, { isHeld: false, isCut: false });
      for (const way of ways) way.release();
    },
    connectionsMade: () => made,
    close: async () => {
      breakAll();
      listener.close();
      await once(listener, "close");
    },
  };
}

/** One direction of a connection: what has come in, each part with the moment at which it may go on. */
class Way {
  readonly #target: Socket;
  readonly #weather: Weather;
  /** `bytes` undefined: the sender has closed. */
  #queue: { readonly bytes: Buffer | undefined; readonly dueMillis: number }[] = [];
  #lastDueMillis = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(source: Socket, target: Socket, weather: Weather, delay: "toServerMillis" | "toClientMillis") {
    this.#target = target;
    this.#weather = weather;
    const add = (bytes: Buffer | undefined): void => {
      const arrives = performance.now() + weather[delay];
      const carried = ((bytes?.length ?? 0) / weather.bytesPerSecond) * 1000;
      this.#lastDueMillis = Math.max(arrives, this.#lastDueMillis) + carried;
      this.#queue.push({ bytes, dueMillis: this.#lastDueMillis });
      this.pump();
    };
    source.on("data", add);
    source.once("close", () => add(undefined));
  }

  /** Sends on all that waits. */
  release(): void {
    this.#queue = this.#queue.map(({ bytes }) => ({ bytes, dueMillis: 0 }));
    this.#lastDueMillis = 0;
    this.pump();
  }

  /** Sends on what is due. */
  pump(): void {
    clearTimeout(this.#timer);
    while (!this.#weather.isHeld) {
      const first = this.#queue[0];
      if (first === undefined) return;
      const waitMillis = first.dueMillis - performance.now();
      if (waitMillis > 0) {
        this.#timer = setTimeout(() => this.pump(), waitMillis);
        return;
      }
      this.#queue.shift();
      if (first.bytes === undefined) this.#target.destroySoon();
      else if (this.#target.writable) this.#target.write(first.bytes);
    }
  }
}
