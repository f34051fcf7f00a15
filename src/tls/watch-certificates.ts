import { type Certificates, type PemFiles, readCertificates } from "./certificates.js";

/** Who is told of certificate files. */
export interface CertificateWatcher {
  /** They hold something else, which is good. */
  onChanged(certificates: Certificates): void;
  /** They are not good, such as half of a rotation: told at each look. */
  onFault(error: unknown): void;
}

/**
 * Looks at certificate files now and then, by what they hold: those that Kubernetes mounts are links to folders which are
 * swapped.
 * @param first what they held when they were read
 * @returns stops it
 */
export function watchCertificates(
  files: PemFiles,
  first: Certificates,
  everyMillis: number,
  { onChanged, onFault }: CertificateWatcher,
): () => void {
  let current = first;
  let timer: NodeJS.Timeout | undefined;
  let isStopped = false;
  const look = async (): Promise<void> => {
    const found = await readCertificates(files).catch(asError);
    if (isStopped) return;
    if (found instanceof Error) {
      onFault(found);
    } else if (!isSame(found, current)) {
      current = found;
      onChanged(found);
    }
    wait();
  };
  const wait = (): void => {
    if (!isStopped) timer = setTimeout(() => void look(), everyMillis).unref();
  };
  wait();
  return () => {
    isStopped = true;
    clearTimeout(timer);
  };
}

function asError(error: unknown): Error {
  return error as Error;
}

function isSame(a: Certificates, b: Certificates): boolean {
  return (["ca", "cert", "key"] as const).every((part) => {
    const [first, second] = [a[part], b[part]];
    return first === undefined ? second === undefined : second !== undefined && first.equals(second);
  });
}
