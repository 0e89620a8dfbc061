"""
Real connections to 10.77.0.1. `serve`: listens on the ports below, as a process called td-server, and says "ready".
`call PORT[:FROM]...`: a connection to each of these ports, one after the other, from a port of its own or that one. Both send SECRET again and again.
"""
import socket
import struct
import sys
import threading
import time

HOST = '10.77.0.1'
# Who closes first; on 8003 the server does not close at all, on 8004 the client ends it with an RST.
SERVER, CLIENT, KEPT, ABORTED = 8001, 8002, 8003, 8004
SECRET = b'GEHEIMNIS-4711 ' * 20

kept = []


def drain(s):
    try:
        while s.recv(4096):
            pass
    except ConnectionResetError:
        pass


def answer(s, port):
    s.recv(1)
    s.sendall(SECRET)
    if port == SERVER:
        s.shutdown(socket.SHUT_WR)
    drain(s)
    if port == KEPT:
        kept.append(s)
    else:
        s.close()


def accept(listener, port):
    while True:
        s, _ = listener.accept()
        threading.Thread(target=answer, args=(s, port), daemon=True).start()


def serve():
    with open('/proc/self/comm', 'w') as name:
        name.write('td-server')
    for port in (SERVER, CLIENT, KEPT, ABORTED):
        listener = socket.create_server((HOST, port), backlog=64)
        threading.Thread(target=accept, args=(listener, port), daemon=True).start()
    print('ready', flush=True)
    sys.stdin.read()


def call(port, own=0):
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(('', own))
    s.connect((HOST, port))
    s.sendall(SECRET)
    if port == SERVER:
        drain(s)
        # The last ACK of the server's FIN and our own FIN are two segments.
        time.sleep(0.06)
    else:
        got = 0
        while got < len(SECRET):
            got += len(s.recv(4096))
    if port == ABORTED:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
    if port == CLIENT:
        s.shutdown(socket.SHUT_WR)
        drain(s)
    s.close()


if sys.argv[1] == 'serve':
    serve()
else:
    for each in sys.argv[2:]:
        call(*map(int, each.split(':')))
