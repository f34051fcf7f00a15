import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";

/** Answers like a Redis of the test's making. */
export interface FakeRedis {
  readonly url: string;
  /** The names of the commands so far, in upper case, without those of the greeting. */
  readonly commands: readonly string[];
  close(): Promise<void>;
}

const GREETING = new Set(["INFO", "CLIENT", "SCRIPT"]);

/** Takes commands and replies to each with the bytes that `reply` gives, whenever it gives them. */
export async function startFakeRedis(reply: (command: string) => string | Promise<string>): Promise<FakeRedis> {
  const commands: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    let text = "";
    let replied: Promise<unknown> = Promise.resolve();
    socket.on("error", () => socket.destroy());
    socket.setEncoding("latin1").on("data", (part: string) => {
      text += part;
      const taken = takeCommands(text);
      text = taken.rest;
      for (const name of taken.names) {
        if (!GREETING.has(name)) commands.push(name);
        const answer = GREETING.has(name) ? "+OK\r\n" : reply(name);
        replied = replied.then(async () => socket.write(await answer, "latin1"));
      }
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `redis://127.0.0.1:${(server.address() as AddressInfo).port}`,
    commands,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

/** The names of the whole commands at the head of the text, each an array of bulk strings, and what is left. */
function takeCommands(text: string): { names: string[]; rest: string } {
  const names: string[] = [];
  let rest = text;
  for (;;) {
    const count = /^\*(\d+)\r\n/.exec(rest);
    if (count === null) return { names, rest };
    let at = count[0].length;
    const words: string[] = [];
    for (let i = 0; i < Number(count[1]); i++) {
      const length = /^\$(\d+)\r\n/.exec(rest.slice(at, at + 20));
      if (length === null) return { names, rest };
      const start = at + length[0].length;
      at = start + Number(length[1]) + 2;
      if (at > rest.length) return { names, rest };
      words.push(rest.slice(start, at - 2));
    }
    names.push(words[0]?.toUpperCase() ?? "");
    rest = rest.slice(at);
  }
}
