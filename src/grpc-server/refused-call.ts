import { encodeFields } from "../h2/hpack/encode-fields.js";
import type { Stream, StreamConsumer } from "../h2/stream.js";
import { statusOnly } from "./answer-blocks.js";
import type { CallStatus } from "./status.js";

/** How much of a request that is no gRPC is waited for before it is answered all the same, bytes. */
const MAX_AWAITED_BYTES = 65_536;

const HTTP_ANSWERS = {
  405: httpAnswer("405", "gRPC calls are POST requests\n"),
  415: httpAnswer("415", "this server speaks gRPC: content-type must be application/grpc\n"),
} as const;

interface HttpAnswer {
  readonly headers: Buffer;
  readonly body: Buffer;
}

function httpAnswer(status: string, text: string): HttpAnswer {
  const body = Buffer.from(text, "latin1");
  const headers = encodeFields([
    [":status", status],
    ["content-type", "text/plain"],
    ["content-length", String(body.length)],
  ]);
  return { headers, body };
}

/** A request that is no gRPC. It is answered when it has ended, as any HTTP request. */
export class NotGrpc implements StreamConsumer {
  readonly #stream: Stream;
  readonly #answer: HttpAnswer;
  #isAnswered = false;
  #bytes = 0;

  constructor(stream: Stream, status: keyof typeof HTTP_ANSWERS, endOfStream: boolean) {
    this.#stream = stream;
    this.#answer = HTTP_ANSWERS[status];
    if (endOfStream) this.#send();
  }

  onData(_bytes: Buffer, start: number, end: number, endOfStream: boolean): void {
    this.#bytes += end - start;
    this.#stream.takeBytes(end - start);
    if (endOfStream || this.#bytes > MAX_AWAITED_BYTES) this.#send();
  }

  onTrailers(): void {
    this.#send();
  }

  onClosed(): void {
    this.#isAnswered = true;
  }

  onDrained(): void {}

  #send(): void {
    if (this.#isAnswered) return;
    this.#isAnswered = true;
    this.#stream.sendHeaders(this.#answer.headers);
    this.#stream.sendData(this.#answer.body, true);
  }
}

/**
 * A call that is answered with a status whatever it says. It is when it has ended, or else when the input at hand has been
 * read: a caller that streams may wait for the status before it ends, and one whose end is here already need not be reset.
 */
export class RefusedCall implements StreamConsumer {
  readonly #stream: Stream;
  readonly #status: CallStatus;
  #isAnswered = false;

  constructor(stream: Stream, status: CallStatus, endOfStream: boolean) {
    this.#stream = stream;
    this.#status = status;
    if (endOfStream) this.#send();
    else process.nextTick(() => this.#send());
  }

  onData(_bytes: Buffer, _start: number, _end: number, endOfStream: boolean): void {
    if (endOfStream) this.#send();
  }

  onTrailers(): void {
    this.#send();
  }

  onClosed(): void {
    this.#isAnswered = true;
  }

  onDrained(): void {}

  #send(): void {
    if (this.#isAnswered) return;
    this.#isAnswered = true;
    this.#stream.sendHeaders(statusOnly(this.#status), true);
  }
}
