import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";

// Every place that names the version of Weir names that of package.json: images in manifests and in the commands of the
// documentation, the image's own label, and the chart. docs/releasing.md says how they are changed.

const ROOT = resolve(import.meta.dirname, "../../..");
const { version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { readonly version: string };

/** What names a version, by where it may stand. The first group is the version. */
const MENTIONS: readonly (readonly [path: RegExp, mention: RegExp])[] = [
  [/^(?:k8s|envoy|docs|monitoring|load)\/|^[^/]+$/, /\bweir:v?(\d[\w.+-]*)/g],
  [/^(?:k8s|docs)\//, /\bnewTag: *["']?(\d[\w.+-]*)/g],
  [/^Dockerfile$/, /^ARG VERSION=(.*)$/gm],
  [/^docs\/docker\.md$/, /--build-arg VERSION=(\S+)/g],
  [/^k8s\/chart\/Chart\.yaml$/, /^(?:version|appVersion): *"?([^"\s]*)/gm],
  [/^docs\/console\.md$/, /^weir (\d\S*)/gm],
  [/^package-lock\.json$/, /^ {2}"version": "(.*)"/gm],
];

/** Where there is a mention today: a pattern that no longer finds one would let any version pass. */
const KNOWN = [
  "Dockerfile",
  "docs/console.md",
  "docs/docker.md",
  "docs/envoy-gateway.md",
  "docs/kubernetes.md",
  "envoy/envoy-gateway/envoy-gateway.yaml",
  "k8s/base/kustomization.yaml",
  "k8s/chart/Chart.yaml",
  "k8s/overlays/production/kustomization.yaml",
  "k8s/overlays/sidecar/kustomization.yaml",
  "package-lock.json",
];

/** `file:line: version` of every mention in a file. */
function mentionsIn(path: string): readonly { readonly place: string; readonly found: string }[] {
  const patterns = MENTIONS.filter(([where]) => where.test(path)).map(([, mention]) => mention);
  if (patterns.length === 0) return [];
  const text = readFileSync(join(ROOT, path), "utf8");
  return patterns.flatMap((pattern) =>
    [...text.matchAll(pattern)].map((match) => ({
      place: `${path}:${text.slice(0, match.index).split("\n").length}`,
      found: (match[1] ?? "").replace(/[.,]+$/, ""),
    })),
  );
}

describe("the version", () => {
  const tracked = execFileSync("git", ["ls-files", "--stage"], { cwd: ROOT, encoding: "utf8" })
    .trim()
    .split("\n")
    // Links lead to files that are listed themselves.
    .filter((line) => !line.startsWith("120000 "))
    .map((line) => line.split("\t")[1] ?? "");
  const mentions = new Map(tracked.map((path) => [path, mentionsIn(path)]));

  it("is that of package.json wherever it is named", () => {
    const others = [...mentions.values()].flat().filter(({ found }) => found !== version);
    expect(others).toEqual([]);
  });

  it.each(KNOWN)("is named in %s", (path) => {
    expect(mentions.get(path) ?? []).not.toEqual([]);
  });
});
