/** Rows of lifetimes: their order, their numbers, and that none is lost or doubled. */

import { describe, expect, it } from 'vitest';
import { Lifetimes } from '../../src/evidence/lifetimes.ts';
import { NameTable } from '../../src/evidence/names.ts';
import { ServiceRows } from '../../src/evidence/rows.ts';
import * as N from '../../src/evidence/summary-layout.ts';
import * as F from '../../src/teardown/facts.ts';
import { LINUX, PROFILES, WINDOWS } from '../../src/teardown/profiles.ts';

const SECOND = 1_000_000_000;

interface Row {
  id: number;
  service?: number;
  opened?: number;
  last?: number;
  kind?: number;
  /** the client's TIME_WAIT: from, to */
  timeWait?: [number, number];
  port?: number;
  /** the client is side 1 */
  turned?: boolean;
  systems?: number;
}

function add(lifetimes: Lifetimes, row: Row): void {
  const { id, service = 0, opened = 0, last = SECOND, kind = F.KIND_GRACEFUL, port = 40_000, turned = false } = row;
  const summary = new Float64Array(N.SYSTEMS + 1).fill(Number.NaN);
  const client = turned ? 1 : 0;
  summary[N.ID] = id;
  summary[N.SERVICE] = service;
  summary[N.CLIENT] = id;
  summary[N.OPENED] = opened;
  summary[N.LAST] = last;
  summary[N.KIND] = kind;
  summary[N.INITIATOR] = 0;
  summary[N.NOTES] = 0;
  summary[N.SYSTEMS] = row.systems ?? 0;
  summary[N.CLIENT_PORT] = port + (client << 16);
  if (row.timeWait !== undefined) summary.set(row.timeWait, N.TIME_WAIT + 2 * client);
  lifetimes.add(summary, 0, null, 0);
}

function rowsOf(lifetimes: Lifetimes): number[][] {
  return Array.from({ length: lifetimes.length }, (_, i) => [
    lifetimes.id(i),
    lifetimes.service(i),
    lifetimes.opened(i),
    lifetimes.clientPort(i),
  ]);
}

/** Names of services 0, 1, 2, ...: the last ones have the lowest addresses. */
function namesOf(count: number): NameTable {
  const names = new NameTable();
  for (let i = 0; i < count; i++) names.find(Int32Array.of(0, 0, 0xffff, 1000 - i), 0, 80);
  return names;
}

describe('a row', () => {
  it('says when both sockets were gone: by its timer at the earliest and at the latest', () => {
    const lifetimes = new Lifetimes(PROFILES);
    add(lifetimes, { id: 1, last: 2 * SECOND, timeWait: [2 * SECOND, 62 * SECOND], turned: true, port: 65_535 });
    expect([lifetimes.timeWaitFrom(0, 0), lifetimes.gone(0, 0)]).toEqual([2 * SECOND, 62 * SECOND]);
    expect(lifetimes.goneLatest(0, 0)).toBe(62 * SECOND + LINUX.timeWaitLatestNs - LINUX.timeWaitNs);
    expect(F.BASES[lifetimes.basis(0, 0)]).toBe('assumed');
    expect([lifetimes.timeWaitFrom(0, 1), lifetimes.gone(0, 1), lifetimes.goneLatest(0, 1)]).toEqual([
      Number.NaN,
      2 * SECOND,
      2 * SECOND,
    ]);
    expect(F.BASES[lifetimes.basis(0, 1)]).toBe('observed');
    expect([lifetimes.clientPort(0), lifetimes.last(0), lifetimes.answer(0)]).toEqual([65_535, 2 * SECOND, 'accepted']);
  });

  it('knows both systems', () => {
    const lifetimes = new Lifetimes(PROFILES);
    const windows = PROFILES.indexOf(WINDOWS);
    add(lifetimes, { id: 1, timeWait: [0, 0], systems: windows });
    add(lifetimes, { id: 2, timeWait: [0, 0], systems: windows, turned: true });
    expect([lifetimes.profile(0, 0), lifetimes.profile(0, 1)]).toEqual([WINDOWS, LINUX]);
    expect([lifetimes.profile(1, 0), lifetimes.profile(1, 1)]).toEqual([LINUX, WINDOWS]);
    expect(lifetimes.goneLatest(0, 0)).toBe(120 * SECOND);
    expect(lifetimes.goneLatest(1, 0)).toBe(2.1 * SECOND);
  });

  it('tells how a SYN was answered', () => {
    const lifetimes = new Lifetimes(PROFILES);
    const kinds = [F.KIND_REFUSED, F.KIND_UNANSWERED, F.KIND_OPEN];
    kinds.forEach((kind, i) => {
      add(lifetimes, { id: i + 1, kind });
    });
    expect(kinds.map((_, i) => lifetimes.answer(i))).toEqual(['refused', 'none', 'accepted']);
    expect(kinds.map((_, i) => lifetimes.kind(i))).toEqual(kinds);
  });
});

describe('rows of services', () => {
  /** Rows as flows end: in no order of ids; of service -1 too. */
  function filled(count: number, services: number, gap = 1): Lifetimes {
    const lifetimes = new Lifetimes(PROFILES);
    for (let i = 0; i < count; i++) {
      const id = ((i * 7919) % count) + 1;
      add(lifetimes, { id: id * gap, opened: id * SECOND, service: (id % (services + 1)) - 1, port: 1000 + id });
    }
    return lifetimes;
  }

  it.each([
    ['ids one after the other', 1],
    ['ids far apart', 4000],
  ])('each once, in the order in which the flows were opened: %s', (_, gap) => {
    const [count, services] = [1000, 3];
    const lifetimes = filled(count, services, gap);
    const before = rowsOf(lifetimes).sort((a, b) => a[0]! - b[0]!);
    const rows = new ServiceRows(lifetimes, namesOf(services));
    expect(rowsOf(lifetimes).sort((a, b) => a[0]! - b[0]!)).toEqual(before);
    expect(rows.services).toEqual([2, 1, 0]);
    let told = 0;
    for (const service of rows.services) {
      const own = [...rows.of(service)];
      expect(own.length).toBe(rows.count(service));
      expect(own.every((row) => lifetimes.service(row) === service)).toBe(true);
      const ids = own.map((row) => lifetimes.id(row));
      expect(ids).toEqual(before.filter(([, each]) => each === service).map(([id]) => id));
      told += own.length;
    }
    expect(told).toBe(before.filter(([, service]) => service! >= 0).length);
  });

  it('has none of a service without flows, and of an empty capture none', () => {
    const lifetimes = new Lifetimes(PROFILES);
    add(lifetimes, { id: 1, service: 1 });
    const rows = new ServiceRows(lifetimes, namesOf(3));
    expect([rows.services, rows.count(0), [...rows.of(2)]]).toEqual([[1], 0, []]);
    expect(new ServiceRows(new Lifetimes(PROFILES), new NameTable()).services).toEqual([]);
  });

  it('of several threads are those of one', () => {
    const names = namesOf(3);
    const one = filled(1000, 3);
    const [first, second] = [new Lifetimes(PROFILES), new Lifetimes(PROFILES)];
    // Each thread numbers its flows, services and clients for itself: here the other way round.
    const ids: [number[], number[]] = [[], []];
    for (let i = 0; i < one.length; i++) {
      const share = one.id(i) % 2;
      ids[share]!.push(one.id(i));
      const service = share === 0 || one.service(i) < 0 ? one.service(i) : 2 - one.service(i);
      const row = { id: ids[share]!.length, service, opened: one.opened(i), port: one.clientPort(i) };
      add(share === 0 ? first : second, row);
    }
    for (let i = 0; i < first.length; i++) first.renumber(i, Int32Array.from(ids[0]), null, null);
    const clients = Int32Array.from({ length: second.length + 1 }, (_, i) => i);
    first.merge(structuredClone({ ...second }), Int32Array.from(ids[1]), Int32Array.of(2, 1, 0), clients);
    expect([first.length, first.left]).toEqual([1000, 0]);
    new ServiceRows(one, names);
    new ServiceRows(first, names);
    expect(rowsOf(first)).toEqual(rowsOf(one));
  });
});
