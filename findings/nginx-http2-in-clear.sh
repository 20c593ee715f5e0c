#!/usr/bin/env bash
# nginx 1.22.1 (Debian nginx-light 1.22.1-9+deb12u11): `listen PORT http2` without TLS is HTTP/2 and nothing else.
#
# A client of HTTP/1.1, also one that asks for an upgrade to h2c, is answered with frames of HTTP/2 (its SETTINGS, then
# GOAWAY) and the end of the connection: no status line, no 426. Over TLS the same word lets the client choose, so that
# people expect both.
#
# Why it matters here: a load engine of HTTP/1.1 that is pointed there gets no reply at all. fdscope says "no HTTP/1 reply"
# with the first bytes.
#
# Seen: 57 bytes, of which the first frame is SETTINGS (type 4) on stream 0, and the end
source "$(dirname "$0")/common.sh"
debian_packages nginx-light=1.22.1-9+deb12u11
need python3

port=$(free_port)
serve_nginx "server { listen 127.0.0.1:$port http2; location / { return 200 ok; } }"
wait_for "$port"
answer_to() {
  timeout 60 python3 - "$port" "$1" <<'END'
import socket, sys
connection = socket.create_connection(('127.0.0.1', int(sys.argv[1])))
connection.sendall(sys.argv[2].encode().decode('unicode_escape').encode())
answer = b''
while part := connection.recv(4096):
    answer += part
frames = []
at = 0
while at + 9 <= len(answer):
    frames.append({4: 'SETTINGS', 7: 'GOAWAY', 8: 'WINDOW_UPDATE'}.get(answer[at + 3], answer[at + 3]))
    at += 9 + int.from_bytes(answer[at:at + 3], 'big')
print(len(answer), *frames)
END
}
get='GET / HTTP/1.1\r\nHost: localhost\r\nConnection:'
expect 'an HTTP/1.1 client' "$(answer_to "$get close\r\n\r\n")" '57 SETTINGS WINDOW_UPDATE GOAWAY'
upgrade="$get Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n\r\n"
expect 'one that asks for h2c' "$(answer_to "$upgrade")" '57 SETTINGS WINDOW_UPDATE GOAWAY'
verdict
