/** `--metrics [HOST:]PORT`: metrics over HTTP. Whoever can reach the address can read them; nothing can be changed by it. */

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, isIP } from 'node:net';
import { errorCode, InputError } from '../input/errors.ts';
import type { ProcessUsage } from '../output/metrics.ts';
import { UsageError } from './errors.ts';

export interface MetricsAddress {
  /** an address without brackets, or a name */
  host: string;
  /** 0: one that is free */
  port: number;
}

export interface MetricsServer {
  /** with the port that it has: http://127.0.0.1:9464/metrics */
  url: string;
  /** ends every connection */
  close(): Promise<void>;
}

/** What is served: output/metrics.ts. */
export interface MetricsText {
  readonly contentType: string;
  text(): Promise<string>;
}

const LOOPBACK = '127.0.0.1';
const EXAMPLES = 'as in: --metrics 9464, --metrics 127.0.0.1:9464, --metrics [::1]:9464, --metrics 0.0.0.0:9464';
const PLAIN = 'text/plain; charset=utf-8';

/** ms. A request is a few hundred bytes, and its answer goes out at once: who takes longer holds a connection. */
const REQUEST = 5_000;
const ANSWER = 10_000;
/** ms, longer than servers wait between two requests: then theirs is the TIME_WAIT, should they close. */
const IDLE = 130_000;
const MOST_CONNECTIONS = 32;
const HEADER_BYTES = 8_192;

/**
 * `[HOST:]PORT`; without a host 127.0.0.1, so that nobody listens to a network by mistake.
 * @throws UsageError
 */
export function parseMetricsAddress(text: string): MetricsAddress {
  const [, bracketed, named, digits = ''] = /^(?:\[([^\]]*)\]:|([^:]*):)?(\d{1,5})$/.exec(text) ?? [];
  const host = bracketed ?? named ?? LOOPBACK;
  const port = Number(digits);
  const isHost = bracketed === undefined ? isIP(host) === 4 || isName(host) : isIP(host) === 6;
  if (digits === '' || port > 65_535 || !isHost) {
    throw new UsageError(`--metrics: ${text} is no address to listen on`, EXAMPLES);
  }
  return { host, port };
}

/** RFC 1123 section 2.1: letters, digits, hyphens; the last label is no number, lest an address with a mistake be a name. */
function isName(text: string): boolean {
  const labels = text.split('.');
  return (
    text.length <= 253 &&
    labels.every((label) => /^[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?$/i.test(label)) &&
    !/^\d+$/.test(labels.at(-1)!)
  );
}

/**
 * Listens, and answers GET and HEAD of /metrics until it is closed. Says on standard error if others than this machine can ask.
 * @throws InputError where the address can't be listened on
 */
export async function startMetricsServer(address: MetricsAddress, metrics: MetricsText): Promise<MetricsServer> {
  const server = createServer(
    {
      headersTimeout: REQUEST,
      requestTimeout: REQUEST,
      connectionsCheckingInterval: 1_000,
      keepAliveTimeout: IDLE,
      maxHeaderSize: HEADER_BYTES,
    },
    (request, response) => {
      // A reader that takes the answer byte by byte is never idle.
      const deadline = setTimeout(() => response.destroy(), ANSWER);
      response.once('close', () => clearTimeout(deadline));
      answer(request, response, metrics).catch(() => refuse(response, 500, 'the metrics could not be written'));
    },
  );
  server.maxConnections = MOST_CONNECTIONS;
  // Who only waits makes room for the next that come.
  server.on('drop', () => server.closeIdleConnections());
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: address.host, port: address.port }, resolve);
  }).catch((error: unknown) => {
    throw listenError(address, error);
  });
  // A connection that can't be accepted, as without file descriptors left, does not end the capture.
  server.on('error', () => undefined);
  const bound = server.address() as AddressInfo;
  if (!isLoopback(bound.address)) {
    const where = written({ host: bound.address, port: bound.port });
    process.stderr.write(`teardown: the metrics on ${where} can be read by everybody who can reach it\n`);
  }
  return {
    url: `http://${written({ host: address.host, port: bound.port })}/metrics`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** What this process takes. */
export function processUsage(): ProcessUsage {
  const { user, system } = process.cpuUsage();
  return {
    residentBytes: process.memoryUsage.rss(),
    cpuSeconds: (user + system) / 1e6,
    startedAt: Math.round(Date.now() - process.uptime() * 1000) / 1000,
  };
}

async function answer(request: IncomingMessage, response: ServerResponse, metrics: MetricsText): Promise<void> {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('Allow', 'GET, HEAD');
    response.setHeader('Connection', 'close'); // its body need not be read
    refuse(response, 405, 'only GET and HEAD');
    return;
  }
  const path = request.url?.split('?', 1)[0];
  if (path === '/metrics') send(response, 200, metrics.contentType, await metrics.text());
  else if (path === '/') send(response, 200, PLAIN, 'teardown: the metrics are at /metrics\n');
  else refuse(response, 404, 'the metrics are at /metrics');
}

function refuse(response: ServerResponse, status: number, why: string): void {
  send(response, status, PLAIN, `${why}\n`);
}

/** Of HEAD Node leaves the body out. */
function send(response: ServerResponse, status: number, type: string, body: string): void {
  const headers = { 'Content-Type': type, 'Content-Length': Buffer.byteLength(body), 'Cache-Control': 'no-store' };
  response.writeHead(status, { ...headers, 'X-Content-Type-Options': 'nosniff' }).end(body);
}

function isLoopback(address: string): boolean {
  return address === '::1' || /^(?:::ffff:)?127\./i.test(address);
}

/** As in URLs, and as `teardown port` takes it. */
function written({ host, port }: MetricsAddress): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

function listenError(address: MetricsAddress, error: unknown): InputError {
  const where = written(address);
  const { port } = address;
  const what = `can't serve metrics on ${where}`;
  switch (errorCode(error)) {
    case 'EADDRINUSE': {
      const asked = isIP(address.host) === 0 || /^[0.:]+$/.test(address.host) ? port : where;
      return new InputError(what, 'the port is in use', `teardown port ${asked} tells who has it; or name another`);
    }
    case 'EACCES':
    case 'EPERM':
      return new InputError(
        what,
        'permission denied',
        port < 1024 ? `ports below 1024 are root's: ${EXAMPLES}` : EXAMPLES,
      );
    case 'EADDRNOTAVAIL':
      return new InputError(what, 'this machine has no such address', `${EXAMPLES}; ip addr lists its addresses`);
    case 'EAFNOSUPPORT':
      return new InputError(what, 'this machine has no such kind of address', EXAMPLES);
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new InputError(what, 'no such host', EXAMPLES);
    default:
      return new InputError(what, error instanceof Error ? error.message : String(error), EXAMPLES);
  }
}
