/** Whatever a capture lacks, has in another order or damaged: who closed first, the roles and the states tell one story. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Flow } from '../../src/report/types.ts';
import type { Packet } from '../scenarios/script.ts';
import { explained, reportOf, runs } from './analysis.ts';
import { conversations } from './conversation.ts';

function checkRoles({ initiator, kind, endpoints }: Flow): void {
  for (const [side, other] of [
    ['client', 'server'],
    ['server', 'client'],
  ] as const) {
    const { role, states } = endpoints[side];
    const names = states.map(({ state }) => state);
    const passive = names.includes('CLOSE_WAIT') || names.includes('LAST_ACK');
    if (initiator === side) expect(role).not.toBe('passive-closer');
    if (initiator === other) expect(['active-closer', 'aborter']).not.toContain(role);
    if (role === 'active-closer' || role === 'simultaneous-closer') expect(passive).toBe(false);
    if (role === 'active-closer') expect(names).not.toContain('CLOSING');
    if (role === 'passive-closer') expect(names).not.toContain('FIN_WAIT_1');
  }
  const waiting = [endpoints.client, endpoints.server].filter(({ timeWait }) => timeWait !== null);
  if (kind === 'graceful') expect(waiting.length).toBeLessThan(2);
}

/** Leaves packets out, exchanges neighbours, and bends an acknowledgement. */
function damaged(packets: readonly Packet[], chance: readonly number[]): Packet[] {
  const left = packets.filter((_, i) => chance[i % chance.length]! >= 25);
  for (let i = 1; i < left.length; i++) {
    if (chance[(i * 7) % chance.length]! >= 10) continue;
    const [a, b] = [left[i - 1]!, left[i]!];
    [left[i - 1], left[i]] = [
      { ...b, time: a.time },
      { ...a, time: b.time },
    ];
  }
  const [at = 0, by = 0] = chance;
  return left.map((packet, i) => (i === at ? { ...packet, ack: (packet.ack + (1 << (by % 20))) >>> 0 } : packet));
}

test('initiator, roles and states never contradict each other', async () => {
  const chances = fc.array(fc.nat(99), { minLength: 5, maxLength: 30 });
  const property = fc.asyncProperty(conversations, chances, async ({ packets }, chance) => {
    const left = damaged(packets, chance);
    fc.pre(left.length > 0);
    const { flows } = await reportOf(left);
    explained(flows[0]!, left, () => flows.forEach(checkRoles));
  });
  await fc.assert(property, { numRuns: runs(1000) });
});
