import { readSecretFile, readSecretFileSync } from "./secret-file.js";

/** What AUTH takes. */
export interface Login {
  /** Absent: the default user. */
  readonly user?: string;
  readonly password: string;
}

export interface CredentialsOptions {
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  /** In place of the password: the file that holds it, and may hold another one later. */
  readonly passwordFile?: string | undefined;
  /** Told in words why the file cannot be used any more. */
  readonly onWarning: (message: string) => void;
}

/** How often the file is read to see whether it has changed. */
const POLL_MILLIS = 1_000;

/** How to log in, now: a password in a file may be replaced at any time. A file that goes bad leaves the last good. */
export class Credentials {
  readonly #options: CredentialsOptions;
  readonly #listeners: ((login: Login) => void)[] = [];
  readonly #timer: NodeJS.Timeout | undefined;
  #password: string | undefined;
  #complaint = "";

  /** @throws TypeError when the file cannot be used */
  constructor(options: CredentialsOptions) {
    this.#options = options;
    const { passwordFile, password } = options;
    this.#password = passwordFile === undefined ? password : readSecretFileSync(passwordFile);
    if (passwordFile !== undefined) this.#timer = setInterval(() => void this.read(), POLL_MILLIS).unref();
  }

  /** `listener` hears of every other login from now on. */
  onChange(listener: (login: Login) => void): void {
    this.#listeners.push(listener);
  }

  /** As the file says now. Undefined: nobody needs to log in. */
  async read(): Promise<Login | undefined> {
    const { passwordFile } = this.#options;
    if (passwordFile !== undefined) {
      try {
        this.#use(await readSecretFile(passwordFile));
      } catch (error) {
        this.#complain(`the password's file ${(error as Error).message}: the last good one stays in use`);
      }
    }
    return this.#login();
  }

  close(): void {
    clearInterval(this.#timer);
    this.#listeners.length = 0;
  }

  #use(password: string): void {
    this.#complaint = "";
    if (password === this.#password) return;
    this.#password = password;
    const login = this.#login();
    if (login !== undefined) for (const listener of this.#listeners) listener(login);
  }

  #complain(complaint: string): void {
    if (complaint !== this.#complaint) this.#options.onWarning(complaint);
    this.#complaint = complaint;
  }

  #login(): Login | undefined {
    const { user } = this.#options;
    if (this.#password === undefined) return undefined;
    return { password: this.#password, ...(user === undefined ? {} : { user }) };
  }
}
