#!/usr/bin/env bash
# Starts the book shop from a copy of this folder, asserts what its README promises, and ends all that it started.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd -P)
root=$(cd "$here/../.." && pwd -P)
work=$(cd "$(mktemp -d)" && pwd -P)
cp -r "$here/." "$work/mesh"
url=http://127.0.0.1:8080

# The routing tests of the example, before anything runs.
"$root/bin/sampan" test "$here/tests" --config "$here" --coverage >&2 || exit 1

"$root/bin/sampan" up "$work/mesh" >"$work/log" 2>&1 &
up=$!
finish() {
  kill -TERM "$up" 2>/dev/null || true
  wait "$up" 2>/dev/null || true
  rm -rf "$work"
}
trap finish EXIT

fail() {
  echo "bookinfo: $1" >&2
  cat "$work/log" >&2
  exit 1
}
# No proxy of the environment may stand between us and the mesh.
ask() { curl --noproxy '*' -sf -m 5 "$@"; }
# The processes that work in the mesh's folder, one id a line: the programs that it runs do not name it on their command lines.
running() {
  for process in /proc/[0-9]*; do
    [ "$(readlink "$process/cwd" 2>/dev/null)" = "$work/mesh" ] && echo "${process#/proc/}"
  done
  return 0
}
# Counts the instances of reviews that answered $1 requests, one "count name" a line.
who() {
  for _ in $(seq "$1"); do ask "$url/api/v1/products/0/reviews" || echo '"podname":"failed"'; done |
    grep -o '"podname":"[^"]*"' | sort | uniq -c
}

for _ in $(seq 300); do
  grep -q '^Ready after' "$work/log" && break
  kill -0 "$up" 2>/dev/null || fail "the mesh ended before it was ready"
  sleep 0.1
done
ready=$(grep -o 'Ready after [0-9.]* s' "$work/log") || fail "the mesh was not ready after 30 s"

[ "$(running | wc -l)" -ge 15 ] || fail "fewer processes than a pilot, 6 programs and 8 proxies"

# The three versions take turns.
split=$(who 90)
[ "$(wc -l <<<"$split")" = 3 ] && ! grep -q failed <<<"$split" || fail "not all three versions answered: $split"
awk '$1 < 25 || $1 > 35 { exit 1 }' <<<"$split" || fail "the versions did not take turns: $split"

# The page is HTML with stars or without, and names who made it.
ask "$url/productpage" | grep -q 'Page served by productpage-v1-1' || fail "the page did not come"

# A task is in force within a second, and gone as quickly.
cp "$work/mesh/tasks/all-v1.yaml" "$work/mesh/"
sleep 1
[ "$(who 20 | tr -s ' ')" = ' 20 "podname":"reviews-v1-1"' ] || fail "all-v1 was not in force after 1 s"
rm "$work/mesh/all-v1.yaml"
sleep 1
[ "$(who 30 | wc -l)" = 3 ] || fail "all-v1 was still in force 1 s after it was removed"

# Ctrl-C (here SIGTERM) leaves nothing behind.
kill -TERM "$up"
wait "$up" || fail "up ended with status $?"
[ -z "$(running)" ] || fail "processes were left: $(running | tr '\n' ' ')"
trap - EXIT
rm -rf "$work"
shares=$(awk '{ gsub(/"podname":|"/, "", $2); printf "%s%s %s", (NR > 1 ? ", " : ""), $2, $1 }' <<<"$split")
echo "bookinfo: ok: ${ready,,}; of 90 requests $shares; a task in force within 1 s; nothing left"
