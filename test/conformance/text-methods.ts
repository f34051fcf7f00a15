import type {
  ServerDuplexStream,
  ServerReadableStream,
  ServerUnaryCall,
  ServerWritableStream,
  sendUnaryData,
} from "@grpc/grpc-js";
import { Metadata, type UntypedServiceImplementation } from "@grpc/grpc-js";

/** What the methods have noticed. */
export interface Seen {
  /** Requests of calls that were told to be cancelled. */
  readonly cancelled: string[];
  /** Requests of calls that hang. */
  readonly started: string[];
}

type Call = ServerUnaryCall<string, string>;
type Send = sendUnaryData<string>;

/** Methods that do what their request says. */
export function createTextMethods(seen: Seen): UntypedServiceImplementation {
  return {
    Unary: (call: Call, send: Send) => unary(call, send, seen),
    // Found by its original name.
    collect: (call: ServerReadableStream<string, string>, send: Send) => collect(call, send),
    Spread: (call: ServerWritableStream<string, string>) => spread(call, seen),
    Talk: (call: ServerDuplexStream<string, string>) => talk(call, seen),
  } as UntypedServiceImplementation;
}

function unary(call: Call, send: Send, seen: Seen): void {
  const { request } = call;
  if (request === "throw") throw new Error("thrown by the method");
  if (request === "fail") {
    const details = Buffer.from(String(call.metadata.get("x-details")[0]), "base64").toString();
    send({ code: 9, details });
  } else if (request === "fail with metadata") {
    send({ code: 5, details: "not found", metadata: someMetadata() });
  } else if (request === "metadata") {
    const bytes = call.metadata.get("x-bytes-bin").map((value) => (value as Buffer).toString("hex"));
    send(null, JSON.stringify({ text: call.metadata.get("x-text"), bytes }));
  } else if (request === "answer with metadata") {
    const before = new Metadata();
    before.set("x-before", "first");
    call.sendMetadata(before);
    const after = new Metadata();
    after.set("x-after", "last");
    after.set("x-after-bin", Buffer.from([1, 2, 3]));
    send(null, "with metadata", after);
  } else if (request === "deadline") {
    send(null, String(Number(call.getDeadline()) - Date.now()));
  } else if (request.startsWith("hang")) {
    seen.started.push(request);
    call.on("cancelled", () => seen.cancelled.push(request));
  } else if (request.startsWith("give ")) {
    send(null, "x".repeat(Number.parseInt(request.slice(5), 10)));
  } else {
    send(null, request);
  }
}

function collect(call: ServerReadableStream<string, string>, send: Send): void {
  const texts: string[] = [];
  call.on("data", (text: string) => {
    texts.push(text);
    if (text === "enough") send(null, texts.join(","));
    if (text === "fail") send({ code: 9, details: "told to fail" });
  });
  call.on("end", () => {
    if (!texts.includes("enough") && !texts.includes("fail")) send(null, texts.join(","));
  });
}

function spread(call: ServerWritableStream<string, string>, seen: Seen): void {
  const [order = "", count = "0", size = "0"] = call.request.split(" ");
  if (order === "hang") {
    call.write("first");
    call.on("cancelled", () => seen.cancelled.push(call.request));
    return;
  }
  let sent = 0;
  const more = (): void => {
    while (sent < Number(count)) {
      sent += 1;
      if (!call.write(`${sent}`.padEnd(Number(size), "."))) {
        call.once("drain", more);
        return;
      }
    }
    if (order === "fail") call.emit("error", { code: 9, details: "told to fail", metadata: someMetadata() });
    else call.end(someMetadata());
  };
  more();
}

function talk(call: ServerDuplexStream<string, string>, seen: Seen): void {
  call.on("cancelled", () => seen.cancelled.push("talk"));
  call.on("data", (text: string) => {
    if (text === "fail") call.emit("error", { code: 9, details: "told to fail" });
    else call.write(`you said ${text}`);
  });
  call.on("end", () => {
    call.write("goodbye");
    call.end();
  });
}

function someMetadata(): Metadata {
  const metadata = new Metadata();
  metadata.set("x-text", "some text");
  metadata.set("x-bytes-bin", Buffer.from([0, 1, 254, 255]));
  return metadata;
}
