#!/usr/bin/env bash
# Linux 6.18: the bytes of tcp_info are sequence numbers, in which SYN and FIN are one each.
#
# tcpi_bytes_acked of who connected is 1 before a byte was sent, that of who accepted is 0; tcpi_bytes_received grows by
# one when the peer's FIN comes. `ss -i` prints the same. Of a connection that has 5 bytes sent and closed, one side says
# 7 acknowledged, the other 6 received.
#
# Why it matters here: what the bench and a watched server tell of bytes comes from there. fdscope shows tcp_info's figures
# by their names, and counts what a call read by what the call returned.
#
# Seen with Python 3.11 on Linux 6.18: acked 1 6 7 at the client, received 0 5 6 at the server
source "$(dirname "$0")/common.sh"
need python3

seen=$(timeout 60 python3 - <<'END'
import socket, struct, time

listener = socket.create_server(('127.0.0.1', 0))
client = socket.create_connection(listener.getsockname())
server = listener.accept()[0]

def told():
    acked = lambda s: struct.unpack_from('=QQ', s.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 240), 120)
    return acked(client)[0], acked(server)[1]

def after(step, done):
    step()
    # Until both ends know; what never comes is seen as it is.
    for _ in range(100):
        if told() == done:
            break
        time.sleep(0.05)
    return told()

steps = [told(), after(lambda: client.sendall(b'hello'), (6, 5)), after(lambda: client.shutdown(socket.SHUT_WR), (7, 6))]
print(*[acked for acked, _ in steps])
print(*[received for _, received in steps])
print(len(server.recv(100)))
END
) || untried "Python did not get to its end"
mapfile -t line <<<"$seen"
expect 'tcpi_bytes_acked of the client: connected, 5 bytes sent, closed' "${line[0]}" '1 6 7'
expect 'tcpi_bytes_received of the server' "${line[1]}" '0 5 6'
expect 'bytes that the server could read' "${line[2]}" 5
verdict
