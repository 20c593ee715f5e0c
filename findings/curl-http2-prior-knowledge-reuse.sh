#!/usr/bin/env bash
# curl 7.88.1 (Debian 7.88.1-10+deb12u14) against nginx 1.22.1: a connection with HTTP/2 by prior knowledge is good for one
# request.
#
# The first request of `curl --http2-prior-knowledge URL URL` is answered; the second goes over the same connection and ends
# with "(16) Error in the HTTP2 framing layer". With HTTP/1.1 two requests share a connection as they should.
#
# Why it matters here: the way to try a server's HTTP/2 in clear by hand fails with a fault that looks like the server's. One
# URL a call works.
#
# Seen: two URLs: "200 000", exit code 16; HTTP/1.1: "200 200", exit code 0
source "$(dirname "$0")/common.sh"
debian_packages curl=7.88.1-10+deb12u14 nginx-light=1.22.1-9+deb12u11
need python3 curl

clear=$(free_port)
plain=$(free_port)
serve_nginx "
  server { listen 127.0.0.1:$clear http2; location / { return 200; } }
  server { listen 127.0.0.1:$plain; location / { return 200; } }"
wait_for "$clear"
twice() {
  local code=0 url="http://127.0.0.1:$2/"
  timeout 60 curl --silent "$1" --write-out '%{http_code} ' --output /dev/null --output /dev/null "$url" "$url" || code=$?
  echo "exit $code"
}
expect 'HTTP/2 by prior knowledge, two URLs' "$(twice --http2-prior-knowledge "$clear")" '200 000 exit 16'
expect 'HTTP/1.1, two URLs' "$(twice --http1.1 "$plain")" '200 200 exit 0'
verdict
