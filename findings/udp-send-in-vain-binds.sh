#!/usr/bin/env bash
# Linux 6.18: a send that fails gives a datagram socket an address all the same, and it is 0.0.0.0.
#
# A UDP socket without an address gets a port when it first sends, before the kernel looks whether it can. So write() and send()
# on one that was never connected fail with EDESTADDRREQ, and connect() to an address of the other family fails too; behind each
# the socket is bound to a port on all addresses of the machine, and receives what anybody sends there. connect() that succeeds
# leaves it on the one address that leads to the peer.
#
# Why it matters here: the bench lets its readers make calls in a wrong order, and nothing of it may be reached by other machines.
# fdscope binds a datagram socket to loopback before each of these calls, also before a ring with sends is handed over.
#
# Seen with Python 3.11 on Linux 6.18:
#   write EDESTADDRREQ 0.0.0.0 bound, connect EAFNOSUPPORT 0.0.0.0 bound, connect well 127.0.0.1 bound
source "$(dirname "$0")/common.sh"
need python3

seen=$(timeout 60 python3 - <<'END'
import ctypes, errno, os, socket, struct

libc = ctypes.CDLL(None, use_errno=True)

def after(name, call):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        try:
            call(udp)
            outcome = 'well'
        except OSError as error:
            outcome = errno.errorcode[error.errno]
        host, port = udp.getsockname()
        return f'{name} {outcome} {host} {"bound" if port else "not bound"}'

def connect_to_ipv6(udp):
    address = struct.pack('=HHI16sI', socket.AF_INET6, socket.htons(9), 0, socket.inet_pton(socket.AF_INET6, '::1'), 0)
    if libc.connect(udp.fileno(), address, len(address)) != 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))

print(', '.join([
    after('write', lambda udp: os.write(udp.fileno(), b'x')),
    after('connect', connect_to_ipv6),
    after('connect', lambda udp: udp.connect(('127.0.0.1', 9))),
]))
END
) || untried "Python did not get to its end"
expect 'where a datagram socket is behind each call' "$seen" \
  'write EDESTADDRREQ 0.0.0.0 bound, connect EAFNOSUPPORT 0.0.0.0 bound, connect well 127.0.0.1 bound'
verdict
