import { once } from 'node:events';
import { Agent, type IncomingHttpHeaders, request } from 'node:http';
import { connect, createServer, type Socket } from 'node:net';
import * as prometheus from 'prom-client';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { explain } from '../../src/cli/errors.ts';
import {
  type MetricsServer,
  type MetricsText,
  parseMetricsAddress,
  processUsage,
  startMetricsServer,
} from '../../src/cli/metrics-server.ts';
import { Metrics } from '../../src/output/metrics.ts';
import { parseExposition } from '../output/exposition.ts';

const LOCAL = { host: '127.0.0.1', port: 0 };
const servers: MetricsServer[] = [];
const sockets: Socket[] = [];

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await Promise.all(servers.splice(0).map((server) => server.close()));
  vi.restoreAllMocks();
});

async function serve(
  metrics: MetricsText = new Metrics({ version: '1', usage: processUsage }, prometheus),
  address = LOCAL,
) {
  const server = await startMetricsServer(address, metrics);
  servers.push(server);
  return server;
}

interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
}

function ask(url: string | URL, method = 'GET', agent = new Agent()): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { method, agent }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (part) => {
        body += part;
      });
      response.on('error', reject);
      response.on('end', () => resolve({ status: response.statusCode!, headers: response.headers, body }));
    });
    asked.on('error', reject).end();
  });
}

/** A connection that speaks for itself. */
async function connected(url: string): Promise<Socket> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  sockets.push(socket);
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
}

async function answerOf(socket: Socket): Promise<string> {
  let text = '';
  for await (const part of socket) text += part;
  return text;
}

describe('an address', () => {
  test.each([
    ['9464', '127.0.0.1', 9464],
    ['127.0.0.1:9464', '127.0.0.1', 9464],
    ['0.0.0.0:80', '0.0.0.0', 80],
    ['[::1]:9464', '::1', 9464],
    ['[::]:0', '::', 0],
    ['localhost:65535', 'localhost', 65_535],
    ['my-host.example:1', 'my-host.example', 1],
  ])('%s', (text, host, port) => {
    expect(parseMetricsAddress(text)).toEqual({ host, port });
  });

  const WRONG = [
    '',
    ':9464',
    '65536',
    '127.0.0.1',
    '127.0.0.1:',
    '127.0.0.1:x',
    '127.0.0.1:-1',
    '1.2.3:9464',
    '1.2.3.400:1',
  ];
  test.each([
    ...WRONG,
    '::1:9464',
    '[127.0.0.1]:9464',
    '[::1]',
    '[]:1',
    'a b:1',
    '-a:1',
    'http://a:1',
    'a/b:1',
    'a..b:1',
    ' 1',
  ])('but not %j', (text) => {
    expect(() => parseMetricsAddress(text)).toThrow(/is no address to listen on/);
  });

  test('that is wrong is told in two lines, without control characters', () => {
    try {
      parseMetricsAddress('\x1b[31m:1');
      expect.unreachable();
    } catch (error) {
      expect(explain(error)).toBe(
        'teardown: --metrics: \\x1b[31m:1 is no address to listen on\n' +
          '  as in: --metrics 9464, --metrics 127.0.0.1:9464, --metrics [::1]:9464, --metrics 0.0.0.0:9464',
      );
    }
  });
});

describe('the server', () => {
  test('serves what Prometheus can read, to GET and HEAD', async () => {
    const { url } = await serve();
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/metrics$/);
    const { status, headers, body } = await ask(`${url}?name=x`);
    expect(status).toBe(200);
    expect(headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
    const families = parseExposition(body);
    expect(families.get('process_resident_memory_bytes')!.samples[0]!.value).toBeGreaterThan(1e6);
    expect(families.get('process_start_time_seconds')!.samples[0]!.value).toBeCloseTo(
      Date.now() / 1000 - process.uptime(),
      0,
    );
    const head = await ask(url, 'HEAD');
    expect([head.status, head.body]).toEqual([200, '']);
    expect(Number(head.headers['content-length'])).toBeGreaterThan(1000);
  });

  test('says in its headers only what is needed', async () => {
    const { headers } = await ask((await serve()).url);
    expect(Object.keys(headers).sort()).toEqual([
      'cache-control',
      'connection',
      'content-length',
      'content-type',
      'date',
      'x-content-type-options',
    ]);
  });

  test('points to them from /, and has nothing else', async () => {
    const { url } = await serve();
    const at = async (path: string, method?: string) => {
      const { status, body, headers } = await ask(new URL(path, url), method);
      return { status, body, allow: headers.allow };
    };
    expect(await at('/')).toEqual({ status: 200, body: 'teardown: the metrics are at /metrics\n', allow: undefined });
    for (const path of ['/favicon.ico', '/metrics/', '/a/metrics', '/METRICS']) {
      expect(await at(path), path).toMatchObject({ status: 404, body: 'the metrics are at /metrics\n' });
    }
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'TRACE']) {
      expect(await at('/metrics', method), method).toEqual({
        status: 405,
        body: 'only GET and HEAD\n',
        allow: 'GET, HEAD',
      });
    }
  });

  test('says that metrics failed, not why, and goes on', async () => {
    const texts = [() => Promise.reject(new Error('secret')), () => Promise.resolve('a 1\n')];
    const { url } = await serve({ contentType: 'text/plain', text: () => texts.shift()!() });
    expect(await ask(url)).toMatchObject({ status: 500, body: 'the metrics could not be written\n' });
    expect(await ask(url)).toMatchObject({ status: 200, body: 'a 1\n' });
  });

  test('keeps a connection for the next request, longer than a minute', async () => {
    const { url } = await serve();
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const local = new Set<number | undefined>();
    agent.on('free', (socket: Socket) => local.add(socket.localPort));
    try {
      for (let i = 0; i < 3; i++) {
        const { headers } = await ask(url, 'GET', agent);
        expect(headers['keep-alive']).toBe('timeout=130');
      }
      expect(local.size).toBe(1);
    } finally {
      agent.destroy();
    }
  });

  test('cuts off who does not finish a request', async () => {
    const { url } = await serve();
    const begun = Date.now();
    const silent = await connected(url);
    const slow = await connected(url);
    slow.write('GET /metrics HTTP/1.1\r\nHost: x\r\n');
    expect(await answerOf(slow)).toContain('408 Request Timeout');
    await answerOf(silent);
    expect(Date.now() - begun).toBeGreaterThan(4_000);
    expect(Date.now() - begun).toBeLessThan(20_000);
  });

  test('cuts off who does not take its answer', async () => {
    const huge = '# x\n'.repeat(8 << 20);
    const { url } = await serve({ contentType: 'text/plain', text: () => Promise.resolve(huge) });
    const lazy = await connected(url);
    lazy.pause();
    const begun = Date.now();
    lazy.write('GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n');
    await new Promise((resolve) => setTimeout(resolve, 10_500));
    lazy.resume();
    const text = await answerOf(lazy).catch(() => '');
    expect(text.length).toBeLessThan(huge.length);
    expect(Date.now() - begun).toBeLessThan(20_000);
  });

  test('has a bounded number of connections, of which those that only wait make room', async () => {
    const { url } = await serve();
    const waiting = await Promise.all(Array.from({ length: 32 }, () => connected(url)));
    for (const each of waiting) {
      each.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
      await once(each, 'data');
      each.resume();
    }
    const closed = Promise.all(waiting.map((each) => once(each, 'close')));
    const refused = await connected(url); // by the kernel; then dropped
    refused.resume();
    await once(refused, 'close');
    await closed;
    expect((await ask(url)).status).toBe(200);
  });

  test('takes no headers without end', async () => {
    const { url } = await serve();
    const socket = await connected(url);
    socket.write(`GET /metrics HTTP/1.1\r\nHost: x\r\nX-Long: ${'a'.repeat(20_000)}\r\n\r\n`);
    expect(await answerOf(socket)).toMatch(/^HTTP\/1\.1 431 /);
  });

  test('closes with its connections, in the middle of an answer too', async () => {
    const server = await startMetricsServer(LOCAL, {
      contentType: 'text/plain',
      text: () => new Promise(() => undefined),
    });
    const asked = ask(server.url).catch((error: NodeJS.ErrnoException) => error.code);
    await connected(server.url);
    await server.close();
    expect(await asked).toBe('ECONNRESET');
    await expect(ask(server.url)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });
});

describe('listening', () => {
  /** Standard error while a server listens there. */
  async function said(host: string): Promise<{ text: string; url: string }> {
    let text = '';
    vi.spyOn(process.stderr, 'write').mockImplementation((part) => {
      text += String(part);
      return true;
    });
    const { url } = await serve(undefined, { host, port: 0 });
    return { text, url };
  }

  test('on loopback says nothing', async () => {
    for (const host of ['127.0.0.1', '127.9.9.9', 'localhost']) expect((await said(host)).text).toBe('');
  });

  test('where others can ask says so in one line', async () => {
    const { text, url } = await said('0.0.0.0');
    expect(text).toMatch(/^teardown: the metrics on 0\.0\.0\.0:\d+ can be read by everybody who can reach it\n$/);
    expect((await ask(url)).status).toBe(200);
  });

  const failure = (address: { host: string; port: number }) =>
    serve(undefined, address).then(
      () => expect.unreachable(),
      (error: unknown) => explain(error),
    );

  test('on a port in use names the command that tells who has it', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as { port: number };
    try {
      expect(await failure({ host: '127.0.0.1', port })).toBe(
        `teardown: can't serve metrics on 127.0.0.1:${port}: the port is in use\n` +
          `  teardown port 127.0.0.1:${port} tells who has it; or name another`,
      );
      expect(await failure({ host: '0.0.0.0', port })).toContain(`\n  teardown port ${port} tells who has it`);
    } finally {
      other.close();
    }
  });

  test('on an address of another machine, or of none, is refused', async () => {
    expect(await failure({ host: '192.0.2.1', port: 9464 })).toMatch(
      /^teardown: can't serve metrics on 192\.0\.2\.1:9464: this machine has no such address\n {2}as in: .*; ip addr/,
    );
    expect(await failure({ host: 'no-such-host.invalid', port: 9464 })).toContain(': no such host\n');
  });
});
