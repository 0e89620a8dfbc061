/** What this machine's kernel knew of a flow, in words. */
import { describe, expect, test } from 'vitest';
import { ladder } from '../../src/output/ladder.ts';
import type { Endpoint, Flow, Holder } from '../../src/report/types.ts';
import { at, endpoint, exampleFlow, openSpan, span, timeWait } from './example.ts';
import { count, lanesOf, text, view } from './html/flow-page.ts';

const holder = (more: Partial<Holder> = {}): Holder => ({
  side: 'server',
  pid: 812,
  name: 'nginx',
  socket: 'connection',
  state: 'CLOSE_WAIT',
  at: at(9),
  ...more,
});

/** On a terminal, lines joined, and on a page. */
function said(flow: Flow): string[] {
  return [ladder(flow, [], { color: false, width: 100 }).replace(/\s+/g, ' '), text(view(flow))];
}

function withServer(server: Partial<Endpoint>, more: Partial<Flow> = {}): Flow {
  const flow = exampleFlow(more);
  return { ...flow, endpoints: { ...flow.endpoints, server: { ...flow.endpoints.server, ...server } } };
}

describe('holders', () => {
  const holders = [
    holder(),
    holder({ socket: 'listener', state: 'LISTEN', pid: 811, name: 'nginx: \u001b[2Jmaster' }),
    holder({ socket: 'listener', state: 'LISTEN' }),
  ];

  test('are named beside their end', () => {
    for (const page of said(exampleFlow({ holders }))) {
      expect(page).toContain('Held by nginx (pid 812).');
      expect(page).toMatch(/On its port listens nginx: .*master \(pid 811\) and nginx \(pid 812\)\./);
      expect(page).not.toContain('\u001b');
    }
  });

  test('are not spoken of where there are none', () => {
    for (const page of said(exampleFlow({ holders: [] }))) expect(page).not.toMatch(/Held by|listens/);
  });

  test('are told of an end without states, too', () => {
    for (const page of said(withServer({ states: [], timeWait: null }, { holders }))) {
      expect(page).toContain('Its states are not known from these packets.');
      expect(page).toContain('Held by nginx (pid 812).');
    }
  });
});

describe('where the kernel differs', () => {
  const kernel: Endpoint['kernel'] = [
    { state: 'CLOSE_WAIT', from: at(5), to: at(9), until: null },
    { state: 'TIME_WAIT', from: at(10), to: at(10), until: at(70) },
  ];

  test('its states stand beside those of the packets, and the note says why', () => {
    for (const page of said(withServer({ kernel }, { notes: ['kernel-differs'] }))) {
      expect(page).toContain(
        'By looks at the kernel: CLOSE_WAIT from 12:00:05 to 12:00:09, TIME_WAIT at 12:00:10 (its timer ends at 12:01:10).',
      );
      expect(page).toContain("kernel-differs: this machine's kernel had its socket in other states");
    }
    for (const page of said(withServer({ kernel: [] }, { notes: ['kernel-differs'] })))
      expect(page).toContain('By looks at the kernel there was no such socket.');
  });

  test('and only there', () => {
    for (const page of said(withServer({ kernel }))) expect(page).not.toContain('By looks at the kernel');
  });
});

describe('what the kernel tells', () => {
  const early = timeWait(10.06, { basis: 'kernel', endedBy: 'kernel', until: at(30), untilLatest: at(31) });

  test('of a TIME_WAIT that ended early is when, and that nobody knows why', () => {
    for (const page of said(withServer({ timeWait: early })))
      expect(page).toContain('TIME_WAIT ended between 12:00:30.000 and 12:00:31.000, before its timer');
  });

  test('is as sure as what was seen: nothing is hatched, no end is about', () => {
    const states = [span('FIN_WAIT_1', 0, 10.06, [1, 2]), openSpan('TIME_WAIT', 10.06, 60, 2)].map(
      (each) => ({ ...each, basis: 'kernel' }) as const,
    );
    const server = endpoint('active-closer', states, { timeWait: timeWait(10.06, { basis: 'kernel', until: at(70) }) });
    const flow = exampleFlow();
    const page = view({ ...flow, endpoints: { client: endpoint('passive-closer', []), server } });
    expect(count(lanesOf(page), 'class="hatch')).toBeLessThanOrEqual(1);
    expect(text(lanesOf(page))).toContain('until 12:01:10');
    expect(text(page)).toContain('read from the kernel');
    for (const words of said({ ...flow, endpoints: { client: endpoint('passive-closer', []), server } }))
      expect(words).toContain('(read from the kernel)');
  });
});
