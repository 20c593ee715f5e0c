#!/usr/bin/env bash
# Linux 6.18: SO_REUSEADDR on a new listener is of no use where the old one lacked it.
#
# A server that closes its connections first leaves them in TIME_WAIT on its port. bind() of the next server is refused
# unless both have SO_REUSEADDR: the new socket, and the connections in TIME_WAIT, which have it from the listener that
# accepted them. The option is mostly told of the new socket alone.
#
# Why it matters here: a program that is started anew in a lab after one without the option gets EADDRINUSE for a minute,
# whatever it sets itself. Every listener of the engine sets it, and its bench shows the option of both sockets.
#
# Seen with Python 3.11 on Linux 6.18:
#   old without, new without: EADDRINUSE    old without, new with: EADDRINUSE
#   old with, new without: EADDRINUSE       old with, new with: bound
source "$(dirname "$0")/common.sh"
need python3

seen=$(timeout 60 python3 - <<'END'
import errno, socket

def listener(reuse, address):
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, reuse)
    made.bind(address)
    made.listen()
    return made

def left_in_time_wait(reuse):
    old = listener(reuse, ('127.0.0.1', 0))
    client = socket.create_connection(old.getsockname())
    served = old.accept()[0]
    served.close()  # first
    client.recv(1)
    client.close()
    address = old.getsockname()
    old.close()
    return address

for old in (0, 1):
    for new in (0, 1):
        try:
            listener(new, left_in_time_wait(old)).close()
            print('bound')
        except OSError as error:
            print(errno.errorcode[error.errno])
END
) || untried "Python did not get to its end"
mapfile -t line <<<"$seen"
expect 'old without, new without' "${line[0]}" EADDRINUSE
expect 'old without, new with' "${line[1]}" EADDRINUSE
expect 'old with, new without' "${line[2]}" EADDRINUSE
expect 'old with, new with' "${line[3]}" bound
verdict
