/** Remedies that several rules name. Each was read in the runtime's documentation or source. */

export const REUSEADDR = [
  '`SO_REUSEADDR` before `bind()`, in every version of the program that may run. By runtime: C `setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, ...)`; Python `sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)` (`socketserver`: `allow_reuse_address = True`; asyncio sets it on Unix).',
  'Node (libuv), Go (`net.Listen`), nginx and, on Unix, Java (`ServerSocket`) set it on their listeners by themselves: with these look for another program on the port, or for sockets that outlived the old process.',
] as const;

export const FIRST_RESTART =
  'The first restart after the change still has to wait: on Linux the sockets of the old process lack the option, and both need it.';

export const WRONG_ADVICE = {
  finTimeout: [
    '`net.ipv4.tcp_fin_timeout = 5` frees TIME_WAIT sooner',
    "It does not touch TIME_WAIT: it is the timer of a FIN_WAIT_2 that no process owns any more. TIME_WAIT is 60 s on Linux and can't be set in mainline kernels.",
  ],
  recycle: [
    '`net.ipv4.tcp_tw_recycle = 1`',
    'It is gone since Linux 4.12. While it existed it dropped the connections of clients behind the same NAT.',
  ],
  reuse: [
    '`net.ipv4.tcp_tw_reuse = 1` lets the server bind again',
    'It concerns connect() with a port chosen by the kernel, on the client: neither bind() nor accept().',
  ],
  thirty: [
    'TIME_WAIT is 30 s, or 2 minutes, everywhere',
    '60 s on Linux and FreeBSD, 30 s on macOS, 120 s on Windows by most reports, 240 s in RFC 9293.',
  ],
  newOnly: [
    'set SO_REUSEADDR on the new socket',
    'On Linux both the old socket (or its listener) and the new one need it, so the first restart after adding it still fails. On FreeBSD and macOS the new one is enough.',
  ],
  onlyTimeWait: ['SO_REUSEADDR helps against TIME_WAIT only', 'On Linux it helps against every state but LISTEN.'],
  linger: [
    'SO_LINGER with 0 s avoids TIME_WAIT',
    'It does, by an RST: data on its way is thrown away, and the peer sees "connection reset".',
  ],
  clientWaits: [
    'the client must wait too: connect() says "Address already in use"',
    "A client gets EADDRNOTAVAIL (Can't assign requested address); EADDRINUSE comes from bind(). On Windows connect() says WSAEADDRINUSE.",
  ],
  listener: [
    'closing a listener with pending connections gives TIME_WAIT',
    'Linux sends an RST to each of them; there is no TIME_WAIT.',
  ],
  remoteDies: [
    "when the remote end dies, TIME_WAIT at our end can't be avoided",
    'A process that dies makes its own end the active closer: TIME_WAIT is there, not here.',
  ],
  ctrlZ: [
    'Ctrl-Z left the port in TIME_WAIT',
    'The stopped process still listens: the port is busy until it is continued and ends, or is killed, whatever the options.',
  ],
} as const satisfies Record<string, readonly [string, string]>;
