import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { createSecureContext } from "node:tls";
import { nameOfSetting } from "./setting-name.js";
import type { SettingKey, Settings } from "./table.js";

/** Files in PEM for one side of TLS. */
export interface PemFiles {
  readonly caFile?: string | undefined;
  /** With its key or not at all. */
  readonly certFile?: string | undefined;
  readonly keyFile?: string | undefined;
}

type Part = "ca" | "cert" | "key";

const PEM_FAULTS: Readonly<Record<Part, string>> = {
  ca: "holds no certificate in PEM",
  cert: "holds no certificate in PEM",
  key: "holds no key in PEM without a passphrase that belongs to the certificate",
};

/** What to tell about the file that a setting names. @param words that go on from "the file" */
export function fileFault(settings: Settings, key: SettingKey, words: string): string {
  return `${nameOfSetting(settings, key)}: the file ${words}`;
}

/**
 * What is wrong with each file now, for people who know it by its setting.
 * @param keys of the setting that names each
 */
export function findTlsFileFaults(settings: Settings, files: PemFiles, keys: Record<Part, SettingKey>): string[] {
  const { caFile, certFile, keyFile } = files;
  const faults: string[] = [];
  const look = (part: Part, path: string | undefined, check: (pem: Buffer) => void): void => {
    if (path === undefined) return;
    try {
      check(readFileSync(path));
    } catch (error) {
      const { code, syscall } = error as NodeJS.ErrnoException;
      const isUnread = syscall !== undefined;
      faults.push(fileFault(settings, keys[part], isUnread ? `cannot be read (${code})` : PEM_FAULTS[part]));
    }
  };
  let cert: Buffer | undefined;
  look("ca", caFile, (pem) => void new X509Certificate(pem));
  look("cert", certFile, (pem) => {
    createSecureContext({ cert: pem });
    cert = pem;
  });
  look("key", keyFile, (pem) => void createSecureContext(cert === undefined ? { key: pem } : { key: pem, cert }));
  return faults;
}
