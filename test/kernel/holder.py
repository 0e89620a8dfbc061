"""Holds sockets in every state on loopback, and tries bind() beside them: a JSON object a line on standard input.

{"id", "op": "hold", "reuse", "v6only"} opens them and answers their ports by name; {"id", "op": "bind", "address", "port", "reuse"}
answers errno's name, or null. The process ends when its standard input does, and what it holds with it.
"""

import errno
import json
import socket
import sys
import time

held = []


def opened(address, reuse, v6only=0):
    sock = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, reuse)
    if ":" in address:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, v6only)
    return sock


def listening(address, reuse, v6only=0):
    sock = opened(address, reuse, v6only)
    sock.bind((address, 0))
    sock.listen(8)
    return sock, sock.getsockname()[1]


def connection(listener, port, peer):
    client = socket.create_connection((peer, port))
    return client, listener.accept()[0]


def left(ending, address, peer, reuse, v6only=0):
    """A connection on a port where nobody listens any more."""
    listener, port = listening(address, reuse, v6only)
    client, server = connection(listener, port, peer)
    listener.close()
    ending(client, server)
    return port


def time_wait(client, server):
    server.close()
    client.close()


def fin_wait_2(client, server):
    server.close()
    held.append(client)


def half_closed(client, server):
    server.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    server.shutdown(socket.SHUT_WR)
    held.extend([client, server])


def close_wait(client, server):
    client.close()
    held.append(server)


def established(client, server):
    held.extend([client, server])


def hold(reuse, v6only):
    four, six = "127.0.0.1", "::1"
    ports = {}
    for name, address in [("listen", four), ("listen_any", "0.0.0.0"), ("listen_six", six), ("listen_any_six", "::")]:
        sock, ports[name] = listening(address, reuse, v6only)
        held.append(sock)
    for ending in [established, half_closed, close_wait, fin_wait_2, time_wait]:
        ports[ending.__name__] = left(ending, four, four, reuse)
    ports["time_wait_any"] = left(time_wait, "0.0.0.0", four, reuse)
    ports["time_wait_six"] = left(time_wait, six, six, reuse)
    ports["time_wait_any_six"] = left(time_wait, "::", six, reuse, v6only)
    ports["established_any_six"] = left(established, "::", six, reuse, v6only)
    if not v6only:
        ports["time_wait_mapped"] = left(time_wait, "::", four, reuse)
    time.sleep(0.1)
    return ports


def bind(address, port, reuse):
    sock = opened(address, reuse)
    try:
        sock.bind((address, port))
        sock.listen(1)
        return None
    except OSError as error:
        return errno.errorcode[error.errno]
    finally:
        sock.close()


for line in sys.stdin:
    request = json.loads(line)
    if request["op"] == "hold":
        result = hold(request["reuse"], request["v6only"])
    else:
        result = bind(request["address"], request["port"], request["reuse"])
    print(json.dumps({"id": request["id"], "t": time.time(), "result": result}), flush=True)
