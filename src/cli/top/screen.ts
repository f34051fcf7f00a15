import type { ReadStream, WriteStream } from "node:tty";
import type { Line, Size } from "./frame-text.js";

const ESCAPE = "\u001b[";

/** Another screen, without a cursor, where what is too long is cut and not continued below. */
const ENTER = `${ESCAPE}?1049h${ESCAPE}?25l${ESCAPE}?7l`;
const LEAVE = `${ESCAPE}?7h${ESCAPE}?25h${ESCAPE}?1049l`;

const STYLES = { heading: `${ESCAPE}2m`, alarm: `${ESCAPE}1;7m` } as const;
const PLAIN = `${ESCAPE}0m`;

/** Ctrl-C and Ctrl-D, which are no signals while keys are read one by one. */
const QUIT_KEYS: readonly string[] = ["q", "Q", "\u0003", "\u0004"];

/** A terminal while it shows something that changes; as it was before after `close`. */
export class Screen {
  readonly #input: ReadStream;
  readonly #output: WriteStream;
  readonly #onKeys: (keys: string) => void;
  readonly #onResize: () => void;
  readonly #hasKeys: boolean;

  constructor(input: ReadStream, output: WriteStream, on: { quit(): void; resize(): void }) {
    this.#input = input;
    this.#output = output;
    this.#hasKeys = input.isTTY === true;
    this.#onKeys = (keys) => {
      if ([...keys].some((key) => QUIT_KEYS.includes(key))) on.quit();
    };
    this.#onResize = on.resize;
    output.write(ENTER);
    output.on("resize", this.#onResize);
    if (!this.#hasKeys) return;
    input.setRawMode(true);
    input.setEncoding("utf8").on("data", this.#onKeys).resume();
  }

  get size(): Size {
    return { columns: this.#output.columns, rows: this.#output.rows };
  }

  /** Draws over what was there, so that nothing flickers. */
  draw(lines: readonly Line[]): void {
    const drawn = lines.map(({ text, style }) => {
      const styled = style === undefined ? text : `${STYLES[style]}${text}${PLAIN}`;
      return `${styled}${ESCAPE}K`;
    });
    this.#output.write(`${ESCAPE}H${drawn.join("\r\n")}${ESCAPE}J`);
  }

  close(): void {
    this.#output.off("resize", this.#onResize);
    if (this.#hasKeys) {
      this.#input.off("data", this.#onKeys).pause();
      this.#input.setRawMode(false);
    }
    this.#output.write(LEAVE);
  }
}
