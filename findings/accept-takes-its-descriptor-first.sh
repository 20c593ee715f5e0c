#!/usr/bin/env bash
# Linux 6.18: accept() takes a descriptor before it looks for a connection.
#
# A thread that sleeps in accept() holds, unseen by /proc/PID/fd, the number that it will return: what another thread opens
# meanwhile gets the next one, although the lowest free number is what POSIX promises. And where no descriptor is left, a
# non-blocking accept() on an empty queue says EMFILE, not EAGAIN: a loop that takes EMFILE for "somebody waits" is wrong.
#
# Why it matters here: the bench shows descriptors by number, and servers turn clients away at EMFILE. fdscope takes a number from
# what the call returned, and Server::accept sheds a client only where one is there.
#
# Seen with Python 3.11 on Linux 6.18:
#   listener 3, opened by another thread 5, accepted 4
#   no descriptor left and nobody waits: EMFILE; one left: EAGAIN
source "$(dirname "$0")/common.sh"
need python3

seen=$(timeout 60 python3 - <<'END'
import errno, os, resource, socket, threading, time

listener = socket.create_server(('127.0.0.1', 0))
base = listener.fileno()
accepted = []
thread = threading.Thread(target=lambda: accepted.append(listener.accept()[0]), daemon=True)
thread.start()
# Until it sleeps in accept4: number 288 on x86-64, 242 on aarch64.
while open(f'/proc/self/task/{thread.native_id}/syscall').read().split()[0] not in ('288', '242'):
    time.sleep(0.01)
opened = os.open('/dev/null', os.O_RDONLY)
hidden = str(base + 1) not in os.listdir('/proc/self/fd')
client = socket.create_connection(listener.getsockname())
thread.join()
print(f'opened +{opened - base}, accepted +{accepted[0].fileno() - base}, hidden {hidden}')

listener.setblocking(False)
def accept():
    try:
        return listener.accept()[0].fileno()
    except OSError as error:
        return errno.errorcode[error.errno]
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
top = os.open('/dev/null', os.O_RDONLY)
resource.setrlimit(resource.RLIMIT_NOFILE, (top + 1, hard))
none_left = accept()
resource.setrlimit(resource.RLIMIT_NOFILE, (top + 2, hard))
print(f'none left {none_left}, one left {accept()}')
END
) || untried "Python did not get to its end"
expect 'opened while another thread sleeps in accept()' "$(head -n 1 <<<"$seen")" 'opened +2, accepted +1, hidden True'
expect 'accept() on an empty queue, by descriptors left' "$(tail -n 1 <<<"$seen")" 'none left EMFILE, one left EAGAIN'
verdict
