"""One end of connections: does with real sockets what it is told, a JSON object a line on standard input.

Each request {"id", "op", ...} is answered by {"id", "t", ...} or {"id", "t", "error": errno's name}; t is the time just before
the call, seconds since 1970. Requests run side by side, those on one socket in the order in which the caller awaits them.
The process ends when its standard input does, and its sockets with it. With an interface's name as argument it first turns
that interface's offloads off, so that segments are on the wire as they are in the capture, with whole checksums.
"""

import array
import asyncio
import errno
import fcntl
import json
import os
import socket
import struct
import sys
import time

sockets = {}
backlogs = {}
CHUNK = bytes(65536)


SIOCETHTOOL = 0x8946
# ETHTOOL_STXCSUM, SSG, STSO, SGSO, SGRO
OFFLOADS = (0x17, 0x19, 0x1F, 0x24, 0x2C)


def turn_offloads_off(interface):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        for command in OFFLOADS:
            value = array.array("I", [command, 0])
            pointer = struct.pack("16sP", interface.encode(), value.buffer_info()[0])
            try:
                fcntl.ioctl(sock, SIOCETHTOOL, pointer)
            except OSError:
                pass  # an interface without it has none to turn off


def put(sock):
    handle = len(sockets) + 1
    sockets[handle] = sock
    return handle


def address(sock, which):
    host, port = getattr(sock, which)()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def new_socket(request):
    sock = socket.socket(socket.AF_INET6 if ":" in request["address"] else socket.AF_INET)
    sock.setblocking(False)
    if request.get("reuse", True):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    set_options(sock, request.get("options", {}))
    return sock


def set_options(sock, options):
    for name, value in options.items():
        if name == "SO_LINGER":
            value = struct.pack("ii", 1, value)
        level = socket.SOL_SOCKET if name.startswith("SO_") else socket.IPPROTO_TCP
        sock.setsockopt(level, getattr(socket, name), value)


async def ready(request):
    return {}


async def listen(request):
    sock = new_socket(request)
    sock.bind((request["address"], request["port"]))
    sock.listen(request.get("backlog", 512))
    handle = put(sock)
    backlogs[handle] = {}
    return {"socket": handle}


def bind_downwards(sock, host, first, last):
    """The first free port from the highest down, or EAGAIN: what rresvport() of rsh and rlogin does."""
    for port in range(first, last - 1, -1):
        try:
            sock.bind((host, port))
            return
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
    raise OSError(errno.EAGAIN, "all ports in use")


async def connect(request):
    loop = asyncio.get_running_loop()
    sock = new_socket(request)
    if request.get("from"):
        sock.bind((request["local"], request["from"]))
    if request.get("fromDownTo"):
        bind_downwards(sock, request["local"], *request["fromDownTo"])
    handle = put(sock)
    remote = (request["address"], request["port"])
    try:
        if request.get("fastOpen"):
            data = CHUNK[: request["fastOpen"]]
            try:
                sock.sendto(data, socket.MSG_FASTOPEN, remote)
            except BlockingIOError:  # there is no cookie yet: an ordinary SYN was sent
                await loop.sock_sendall(sock, data)
        else:
            await asyncio.wait_for(loop.sock_connect(sock, remote), request.get("timeout"))
    except OSError as error:
        local = address(sock, "getsockname")
        sock.close()
        return {"error": name_of(error), "local": local}
    except asyncio.TimeoutError:
        local = address(sock, "getsockname")
        sock.close()
        return {"error": "gave up", "local": local}
    return {"socket": handle, "local": address(sock, "getsockname")}


async def probe(request):
    """bind() again and again until it works: when it did, and when it first and last failed."""
    until = time.monotonic() + request["timeout"]
    failed = []
    while time.monotonic() < until:
        t = time.time()
        with new_socket(request) as sock:
            try:
                sock.bind((request["address"], request["port"]))
                return {"free": t, "failed": failed[:1] + failed[-1:], "failures": len(failed)}
            except OSError:
                failed.append(t)
        await asyncio.sleep(request["ms"] / 1000)
    return {"error": "gave up", "failed": failed[:1] + failed[-1:], "failures": len(failed)}


async def accept(request):
    """The connection that comes from a certain address, whichever of several is first."""
    loop = asyncio.get_running_loop()
    waiting = backlogs[request["socket"]]
    wanted = request["from"]
    until = time.monotonic() + request.get("timeout", 1e9)
    while wanted not in waiting:
        if time.monotonic() > until:
            return {"error": "gave up"}
        try:
            sock, _ = await asyncio.wait_for(loop.sock_accept(sockets[request["socket"]]), 0.2)
        except asyncio.TimeoutError:
            continue
        sock.setblocking(False)
        try:
            waiting[address(sock, "getpeername")] = sock
        except OSError:
            sock.close()
    return {"socket": put(waiting.pop(wanted))}


async def send(request):
    await asyncio.get_running_loop().sock_sendall(sockets[request["socket"]], bytes(request["bytes"]))
    return {}


async def send_some(request):
    """As much as the kernel takes at once."""
    return {"bytes": sockets[request["socket"]].send(bytes(request["bytes"]))}


async def send_urgent(request):
    sockets[request["socket"]].send(bytes(request["bytes"]), socket.MSG_OOB)
    return {}


async def receive(request):
    """A number of bytes, or without one all until the end; no longer than `timeout` seconds for each piece of it."""
    loop = asyncio.get_running_loop()
    wanted = request.get("bytes")
    got = 0
    while wanted is None or got < wanted:
        limit = 65536 if wanted is None else min(65536, wanted - got)
        try:
            data = await asyncio.wait_for(loop.sock_recv(sockets[request["socket"]], limit), request.get("timeout"))
        except asyncio.TimeoutError as error:
            if getattr(error, "errno", None) is not None:
                raise  # ETIMEDOUT, of the connection
            return {"error": "gave up", "bytes": got}
        if not data:
            break
        got += len(data)
    return {"bytes": got}


async def shutdown(request):
    sockets[request["socket"]].shutdown(socket.SHUT_WR)
    return {}


async def options(request):
    set_options(sockets[request["socket"]], request["options"])
    return {}


async def close(request):
    sockets[request["socket"]].close()
    return {}


def tables():
    """The namespace's TCP sockets: (local, remote) -> state's number. Listeners are left out."""
    found = {}
    for name, size in (("tcp", 4), ("tcp6", 16)):
        with open(f"/proc/self/net/{name}") as table:
            for line in table.readlines()[1:]:
                _, local, remote, state = line.split(None, 4)[:4]
                if state != "0A":
                    found[(readable(local, size), readable(remote, size))] = int(state, 16)
    return found


def readable(end, size):
    host, port = end.split(":")
    words = struct.pack(f"={size // 4}I", *(int(host[i : i + 8], 16) for i in range(0, 2 * size, 8)))
    text = socket.inet_ntop(socket.AF_INET if size == 4 else socket.AF_INET6, words)
    return f"[{text}]:{int(port, 16)}" if size == 16 else f"{text}:{int(port, 16)}"


async def watch(request):
    """Looks at the tables every few milliseconds from now on."""
    watched["changes"] = changes = []
    watched["task"] = asyncio.get_running_loop().create_task(keep_watching(changes, request["ms"] / 1000))
    return {}


async def keep_watching(changes, interval):
    before = {}
    while True:
        t = time.time()
        now = tables()
        changes += [[t, *ends, state] for ends, state in now.items() if before.get(ends) != state]
        changes += [[t, *ends, 7] for ends in before if ends not in now]
        before = now
        await asyncio.sleep(interval)


async def changes(request):
    """What `watch` saw: [t, local, remote, state's number], 7 for one that has gone."""
    return {"changes": watched["changes"]}


watched = {}

OPERATIONS = {
    f.__name__: f
    for f in (ready, listen, connect, probe, accept, send, send_some, send_urgent, receive, shutdown, options, close, watch, changes)
}


def name_of(error):
    return errno.errorcode.get(error.errno, str(error))


async def answer(request):
    reply = {"id": request["id"], "t": time.time()}
    try:
        reply.update(await OPERATIONS[request["op"]](request))
    except OSError as error:
        reply["error"] = name_of(error)
    sys.stdout.write(json.dumps(reply) + "\n")
    sys.stdout.flush()


async def main():
    loop = asyncio.get_running_loop()
    lines = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    running = set()
    while line := await lines.readline():
        task = loop.create_task(answer(json.loads(line)))
        running.add(task)
        task.add_done_callback(running.discard)
    os._exit(0)


for name in sys.argv[1:]:
    turn_offloads_off(name)
asyncio.run(main())
