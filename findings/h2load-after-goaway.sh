#!/usr/bin/env bash
# h2load 1.52.0 (Debian nghttp2-client 1.52.0-1+deb12u3) against nginx 1.22.1: after GOAWAY it does not connect anew.
#
# nginx ends an HTTP/2 connection after `keepalive_requests` (1000 by default) with GOAWAY, in order. h2load opens no other:
# the requests that it had not begun are "failed" and "errored", as if the server had refused them, and its exit code is
# 0. A timed run falls silent and divides what it did by the whole time.
#
# Why it matters here: held against fdscope's clients it makes a server look broken. Give nginx a keepalive_requests above the
# number of requests, or use --h1.
#
# Seen: "requests: 100 total, 40 started, 40 done, 40 succeeded, 60 failed, 60 errored, 0 timeout", exit code 0
source "$(dirname "$0")/common.sh"
debian_packages nghttp2-client=1.52.0-1+deb12u3 nginx-light=1.22.1-9+deb12u11
need python3 h2load

port=$(free_port)
serve_nginx "server { listen 127.0.0.1:$port http2; keepalive_requests 20; location / { return 200 ok; } }"
wait_for "$port"
code=0
seen=$(timeout 60 h2load -n 100 -c 2 "http://127.0.0.1:$port/") || code=$?
expect 'its counts' "$(grep '^requests:' <<<"$seen")" '* 40 done, 40 succeeded, 60 failed, 60 errored, 0 timeout'
expect 'its exit code' "$code" 0
verdict
