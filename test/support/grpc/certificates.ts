import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** An authority that signs certificates for tests, in a folder of its own. Needs the openssl program. */
export class TestAuthority {
  readonly folder = mkdtempSync(join(tmpdir(), "weir-ca-"));
  readonly caFile = join(this.folder, "ca.crt");
  readonly #caKey = join(this.folder, "ca.key");

  constructor(name = "test authority") {
    openssl("req", "-x509", ...EC, "-keyout", this.#caKey, "-out", this.caFile, "-subj", `/CN=${name}`, "-days", "2");
  }

  /**
   * Signs a certificate.
   *
   * @param names its subject alternative names as openssl writes them
   * @returns its files
   */
  sign(commonName: string, names = "DNS:localhost,IP:127.0.0.1"): { certFile: string; keyFile: string } {
    const file = (ending: string): string => join(this.folder, `${commonName}.${ending}`);
    openssl("req", "-new", ...EC, "-keyout", file("key"), "-out", file("csr"), "-subj", `/CN=${commonName}`);
    writeFileSync(file("ext"), `subjectAltName=${names}\n`);
    const from = ["-in", file("csr"), "-CA", this.caFile, "-CAkey", this.#caKey, "-CAcreateserial"];
    openssl("x509", "-req", ...from, "-out", file("crt"), "-days", "2", "-extfile", file("ext"));
    return { certFile: file("crt"), keyFile: file("key") };
  }

  get ca(): Buffer {
    return readFileSync(this.caFile);
  }
}

/** Puts one file's content in the place of another's, at once. */
export function replaceFile(target: string, source: string): void {
  writeFileSync(`${target}.new`, readFileSync(source));
  renameSync(`${target}.new`, target);
}

const EC = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];

function openssl(...args: string[]): void {
  execFileSync("openssl", args, { stdio: "pipe" });
}
