#!/usr/bin/env bash
# wrk 4.1.0, h2load 1.52.0 --h1, ab 2.3 and hey 0.1.4 (Debian 12) against nginx 1.22.1: who resumes TLS sessions, who does not.
#
# Where the server ends the connection after each reply, all four connect anew for every request. wrk and h2load resume their
# sessions, so that all handshakes but the first of each are the short ones; ab and hey make a whole handshake each time. None
# says which: "requests per second" over TLS of one tool and of another are of different work.
#
# Why it matters here: fdscope is held against these tools. Take the number of whole handshakes from the server
# ($ssl_session_reused), not from the number of connections.
#
# Seen, whole handshakes of 100 requests over 2 connections: ab 100, hey 100, h2load 2; wrk 2 of some hundred
source "$(dirname "$0")/common.sh"
debian_packages wrk=4.1.0-3+b2 apache2-utils=2.4.71-1~deb12u1 hey=0.1.4-2+b4 nghttp2-client=1.52.0-1+deb12u3 \
  nginx-light=1.22.1-9+deb12u11
need python3 openssl wrk ab hey h2load

openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost \
  -keyout "$folder/key.pem" -out "$folder/certificate.pem" 2>/dev/null
port=$(free_port)
serve_nginx "
  server {
    listen 127.0.0.1:$port ssl; ssl_certificate certificate.pem; ssl_certificate_key key.pem;
    keepalive_timeout 0; access_log handshakes.log resumed; location / { return 200 ok; }
  }"
wait_for "$port"
url="https://127.0.0.1:$port/"
handshakes() {
  : >"$folder/handshakes.log"
  timeout 60 "$@" >/dev/null 2>&1 || true
  echo "$(grep -c '^\.$' "$folder/handshakes.log" || true) whole, $(grep -c '^r$' "$folder/handshakes.log" || true) resumed"
}
expect ab "$(handshakes ab -n 100 -c 2 "$url")" '100 whole, 0 resumed'
expect hey "$(handshakes hey -n 100 -c 2 "$url")" '100 whole, 0 resumed'
expect 'h2load --h1' "$(handshakes h2load --h1 -n 100 -c 2 "$url")" '2 whole, 98 resumed'
expect wrk "$(handshakes wrk -t 1 -c 2 -d 2 "$url")" '2 whole, [1-9]* resumed'
verdict
