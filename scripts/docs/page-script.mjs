/** @typedef {import("./page-commands.mjs").Commands} Commands */

/** What each script begins with. Servers that it started end with it, whatever happens. */
const HEAD = `set -euo pipefail
printed=$(mktemp)
served=$(mktemp)
servers=()
end() {
  code=$?
  trap - EXIT
  for server in "\${servers[@]}"; do kill -TERM -- "-$server" 2>/dev/null && wait "$server" || true; done
  [ "$code" = 0 ] || { cat "$served" "$printed"; printf '%s: failed, exit code %s\\n' "$place" "$code"; } >&2
  rm -f "$printed" "$served"
  exit "$code"
}
trap end EXIT
fail() { printf '%s: %s\\n' "$place" "$*" >&2; exit 1; }
one_line() { tr -s '[:space:]' ' ' <"$printed" | sed 's/^ //; s/ $//'; }
serves() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
`;

/** @param {string} text */
function quoted(text) {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** A newcomer's `npm ci && npm start` on a slow machine included. */
const SERVES_WITHIN_S = 180;

/**
 * A server: the next commands run when its port is open, and it ends with the page. What it prints is shown if the page fails.
 * @param {string} text
 * @param {number} port
 */
function inBackground(text, port) {
  return `serves ${port} && fail "something listens on port ${port} already"
setsid bash -c ${quoted(text)} >>"$served" 2>&1 </dev/null &
servers+=($!)
for _ in $(seq ${SERVES_WITHIN_S * 10}); do
  serves ${port} && break
  kill -0 "\${servers[-1]}" 2>/dev/null || fail "ended before it served"
  sleep 0.1
done
serves ${port} || fail "does not serve on port ${port} within ${SERVES_WITHIN_S} s"`;
}

/**
 * In the shell of the page itself, so that later commands have its variables, unless it ends with another code than 0.
 * @param {Commands} commands
 */
function inTurn({ text, exits, prints }) {
  const run =
    exits === 0
      ? `{\n${text}\n} >"$printed" 2>&1 </dev/null`
      : `code=0; bash -c ${quoted(text)} >"$printed" 2>&1 </dev/null || code=$?
[ "$code" = ${exits} ] || fail "exit code $code, expected ${exits}"`;
  const check =
    prints === undefined
      ? []
      : [`one_line | grep -E -- ${quoted(prints)} >/dev/null || fail ${quoted(`does not print ${prints}`)}`];
  return [run, ...check, 'cat "$printed"; : >"$printed"'].join("\n");
}

/**
 * One bash script that runs the commands of a page one after the other.
 * @param {string} page its name, for messages
 * @param {readonly Commands[]} commands
 */
export function pageScript(page, commands) {
  const steps = commands.map((one) => {
    const place = `${page}:${one.line}`;
    const run = one.background === undefined ? inTurn(one) : inBackground(one.text, one.background);
    return `place=${quoted(place)}\nprintf '== %s\\n' "$place"\n${run}`;
  });
  return [HEAD, ...steps].join("\n");
}
