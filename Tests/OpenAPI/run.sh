#!/bin/sh
# Holds a running kernel against docs/openapi.yaml: boots one, deploys what the examples in it name, and lets Schemathesis ask.
#   run.sh BUILD
# BUILD is where make built, with Schemathesis in BUILD/openapi. Takes about a minute; ends the kernel, however it ends itself.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
build=$(cd "$1" && pwd)
work=$build/openapi/work
rm -rf "$work" && mkdir -p "$work" && cd "$work"

port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
export SWIFTLET_HOST="http://127.0.0.1:$port"
timeout -k 5 300 "$build/swiftlet" run --port "$port" >kernel.log 2>&1 &
kernel=$!
trap 'kill $kernel 2>/dev/null || true; wait $kernel 2>/dev/null || true' EXIT
trap 'exit 1' INT TERM

fail() {
  echo "$1 The kernel's last lines:" >&2
  tail -n 20 kernel.log >&2
  exit 1
}

serves() { [ "$(curl -s -m 5 "$SWIFTLET_HOST/healthz")" = ok ]; }

tries=0
until serves; do
  tries=$((tries + 1))
  kill -0 $kernel 2>/dev/null && [ $tries -le 100 ] || fail "The kernel did not come up."
  sleep 0.3
done

put() { curl -sS -f -m 20 -o put.json -u swiftlet:development -X PUT -H 'Content-Type: application/json' -d "$2" "$SWIFTLET_HOST/api/v1/namespaces/_/$1"; }
"$build/swiftlet" deploy "$build/actions/echo" --public --web >deploy.log
"$build/swiftlet" deploy "$build/actions/echo" --package tools >>deploy.log
put triggers/bell '{}'
put rules/ring '{"trigger": "/_/bell", "action": "/_/echo"}'

timeout -k 5 240 "$build/openapi/bin/schemathesis" --config-file "$root/Tests/OpenAPI/schemathesis.toml" \
  run "$root/docs/openapi.yaml" --warnings off || fail "The kernel and docs/openapi.yaml are not one (see above)."
serves || fail "The kernel does not answer any more."
! grep -i panic kernel.log || fail "The kernel panicked."
