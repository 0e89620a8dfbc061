"""A wire between two interfaces that delays, loses, repeats, holds back and forges TCP segments as it is told.

relay.py CLIENT_INTERFACE SERVER_INTERFACE; a JSON object a line on standard input, each answered by one line:
  {"op": "path", "port", ...}    how segments of connections to a server's port travel: "delay" [to server, to client] in ms,
      "jitter" (the same; order is kept), "loss", "twice", "overtaken" (probabilities), "seed", and "rules":
      [{"to": "server"|"client", "match", "nth": [1, ...] or null for all, "act": "drop"|"twice"|"hold", "ms", "from": client port}]
  {"op": "inject", "port", "from", "to", "flags", "offset", "ttl"}   a forged segment, its number `offset` from what is expected
  {"op": "replay", "port", "from", "to", "match"}     the last "fin" or "data" segment once more
  {"op": "log", "port"}       what was done to segments
All else (and every port without a path) passes at once. Ends when its standard input does.
"""

import heapq
import json
import os
import random
import select
import socket
import struct
import sys
import time

PACKET_IGNORE_OUTGOING = 23
FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
WAYS = ("server", "client")
MASK = 0xFFFFFFFF


def open_interface(name):
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    sock.bind((name, 3))
    sock.setsockopt(263, PACKET_IGNORE_OUTGOING, 1)
    sock.setsockopt(socket.SOL_SOCKET, 33, 16 << 20)  # SO_RCVBUFFORCE
    sock.setblocking(False)
    return sock


class Segment:
    """The TCP header of a frame; `tcp` is its offset, or None for another protocol."""

    def __init__(self, frame):
        self.frame = frame
        self.tcp = None
        kind = frame[12:14]
        if kind == b"\x08\x00" and frame[23] == 6:
            self.tcp = 14 + (frame[14] & 15) * 4
            end = 14 + int.from_bytes(frame[16:18], "big")
        elif kind == b"\x86\xdd" and frame[20] == 6:
            self.tcp = 54
            end = 54 + int.from_bytes(frame[18:20], "big")
        if self.tcp is None:
            return
        at = self.tcp
        self.source, self.target, self.seq, self.ack, offset, self.flags = struct.unpack_from(">HHIIBB", frame, at)
        self.length = end - at - (offset >> 4) * 4
        self.next = (self.seq + self.length + (self.flags & FIN) + (self.flags >> 1 & 1)) & MASK


class Flow:
    """What a forger has to know of a connection, by way."""

    def __init__(self):
        self.next = [0, 0]
        self.acked = [0, 0]
        self.fin = [None, None]
        self.data = [None, None]
        self.seen = [None, None]
        self.counts = {}

    def note(self, way, segment):
        self.seen[way] = segment.frame
        if not segment.flags & RST:
            self.next[way] = segment.next
            if segment.flags & ACK:
                self.acked[way] = segment.ack
        if segment.flags & FIN:
            self.fin[way] = segment
        if segment.length:
            self.data[way] = segment.frame

    def matches(self, what, way, segment):
        flags = segment.flags
        if what == "any":
            return True
        if what == "syn":
            return bool(flags & SYN)
        if what == "fin":
            return bool(flags & FIN)
        if what == "rst":
            return bool(flags & RST)
        if what == "data":
            return segment.length > 0
        plain = not segment.length and not flags & (SYN | FIN | RST)
        if what == "ack-of-fin":
            fin = self.fin[1 - way]
            return plain and fin is not None and segment.ack == fin.next
        return what == "ack" and plain


class Path:
    def __init__(self, settings):
        self.settings = settings
        self.random = random.Random(settings.get("seed", 1))
        self.flows = {}
        self.last_due = {}
        self.log = []
        self.late = 0  # seconds: how much later than it was due a segment went on at most

    def flow(self, port):
        return self.flows.setdefault(port, Flow())

    def write(self, act, way, segment):
        flags = "".join(c for i, c in enumerate("FSRPA") if segment.flags >> i & 1)
        self.log.append({"t": time.time(), "act": act, "dir": ("c2s", "s2c")[way], "sp": segment.source, "dp": segment.target,
                         "flags": flags, "seq": segment.seq, "ack": segment.ack, "len": segment.length})

    def ruling(self, way, port, flow, segment):
        """What the first rule that counts for this segment says."""
        found = None
        for i, rule in enumerate(self.settings.get("rules", [])):
            if rule["to"] != WAYS[way] or rule.get("from", port) != port or not flow.matches(rule["match"], way, segment):
                continue
            count = flow.counts[i] = flow.counts.get(i, 0) + 1
            if found is None and (rule.get("nth") is None or count in rule["nth"]):
                found = rule
        return found

    def departures(self, way, segment):
        """When the segment goes on, on the monotonic clock: never if it is lost, at two times if it is doubled."""
        port = segment.target if way else segment.source
        flow = self.flow(port)
        flow.note(way, segment)
        settings = self.settings
        now = time.monotonic()
        draw = self.random.random
        delay = settings.get("delay", [0, 0])[way] / 1000
        extra = draw() * settings.get("jitter", [0, 0])[way] / 1000
        lost, twice, overtaken = (draw() < settings.get(x, 0) for x in ("loss", "twice", "overtaken"))
        rule = self.ruling(way, port, flow, segment)
        act = rule["act"] if rule else "drop" if lost else "twice" if twice else "hold" if overtaken else None
        if act:
            self.write(act, way, segment)
        if act == "drop":
            return []
        if act == "hold":
            return [now + delay + (rule["ms"] if rule else settings.get("hold", 3)) / 1000]
        due = max(now + delay + extra, self.last_due.get((way, port), 0))
        if extra:
            self.last_due[(way, port)] = due
        return [due, due + 0.001] if act == "twice" else [due]


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def forge(template, seq, ack, flags, ttl):
    """A segment without payload and options on the way on which `template` went."""
    six = template[12:14] == b"\x86\xdd"
    at = Segment(template).tcp
    ip = bytearray(template[14 : 54 if six else 34])
    tcp = bytearray(template[at : at + 4]) + struct.pack(">IIBBHHH", seq, ack, 0x50, flags, 500, 0, 0)
    if six:
        struct.pack_into(">H", ip, 4, len(tcp))
        if ttl:
            ip[7] = ttl
        pseudo = bytes(ip[8:40]) + struct.pack(">II", len(tcp), 6)
    else:
        ip[0] = 0x45
        struct.pack_into(">HH", ip, 2, 20 + len(tcp), random.randrange(65536))
        if ttl:
            ip[8] = ttl
        struct.pack_into(">H", ip, 10, 0)
        struct.pack_into(">H", ip, 10, checksum(bytes(ip)))
        pseudo = bytes(ip[12:20]) + struct.pack(">HH", 6, len(tcp))
    struct.pack_into(">H", tcp, 16, checksum(pseudo + bytes(tcp)))
    return template[:14] + bytes(ip) + bytes(tcp)


class Relay:
    def __init__(self, interfaces):
        self.sockets = [open_interface(name) for name in interfaces]
        self.paths = {}
        self.waiting = []
        self.order = 0
        self.input = b""

    def send(self, way, frame):
        try:
            self.sockets[1 - way].send(frame)
        except OSError:
            pass  # the interface goes away with its namespace

    def carry(self, way):
        for _ in range(64):
            try:
                frame = self.sockets[way].recv(65536)
            except OSError:
                return
            segment = Segment(frame)
            path = segment.tcp and self.paths.get(segment.source if way else segment.target)
            if not path:
                self.send(way, frame)
                continue
            for due in path.departures(way, segment):
                self.order += 1
                heapq.heappush(self.waiting, (due, self.order, way, frame, path))
            self.forward()

    def forward(self):
        while self.waiting and self.waiting[0][0] <= time.monotonic():
            due, _, way, frame, path = heapq.heappop(self.waiting)
            self.send(way, frame)
            path.late = max(path.late, time.monotonic() - due)

    def obey(self, request):
        op, path = request["op"], self.paths.get(request["port"])
        if op == "path":
            self.paths[request["port"]] = path = path or Path(request)
            path.settings = request
            return {}
        if op == "log":
            return {"log": path.log if path else [], "late": path.late if path else 0}
        way = WAYS.index(request["to"])
        flow = path.flow(request["from"])
        if op == "replay":
            frame = flow.fin[way].frame if request["match"] == "fin" else flow.data[way]
        else:
            flags = sum(1 << "FSRPA".index(c) for c in request["flags"])
            seq = (flow.acked[1 - way] + request.get("offset", 0)) & MASK
            ack = flow.acked[way] if flags & ACK else 0
            frame = forge(flow.seen[way], seq, ack, flags, request.get("ttl"))
        path.write(op, way, Segment(frame))
        self.send(way, frame)
        return {}

    def run(self):
        while True:
            wait = max(0, self.waiting[0][0] - time.monotonic()) if self.waiting else None
            ready = select.select([0, *self.sockets], [], [], wait)[0]
            self.forward()
            for way in (0, 1):
                if self.sockets[way] in ready:
                    self.carry(way)
            if 0 in ready:
                data = os.read(0, 65536)
                if not data:
                    return
                *lines, self.input = (self.input + data).split(b"\n")
                for line in lines:
                    request = json.loads(line)
                    reply = {"id": request["id"], "t": time.time(), **self.obey(request)}
                    sys.stdout.write(json.dumps(reply) + "\n")
                    sys.stdout.flush()


try:
    os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(10))  # a wire is never busy with something else
except OSError:
    pass
Relay(sys.argv[1:]).run()
