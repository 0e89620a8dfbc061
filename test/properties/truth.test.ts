/**
 * The states that the report gives each end are those that it was in, and the initiator is whose close() came first.
 * Checked where the wire can tell: nobody gave up in silence; nothing was lost before the capture point; behind it
 * nothing overtook anything, and where an RST ends the flow nothing was lost there either, since an end that is gone
 * does not show what it lacked, and nothing came late, since the order of an RST and a segment that it crossed rests on
 * the round trip, which a late answer makes too long.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { explained, flowOf, runs } from './analysis.ts';
import { conversationsOf, initiatorOf, type Plan, plans, play } from './conversation.ts';

const RST = 4;

function without(plan: Plan, ...excluded: Plan['fates']): Plan {
  return { ...plan, fates: plan.fates.map((fate) => (excluded.includes(fate) ? 'arrives' : fate)) };
}

function hasReset(plan: Plan): boolean {
  return play(plan).packets.some(({ flags }) => (flags & RST) !== 0);
}

const knowable = conversationsOf(
  plans.map((plan) => {
    const visible = without(plan, 'lost before the capture point', 'late behind it');
    return hasReset(visible) ? without(visible, 'lost behind it', 'late before it') : visible;
  }),
).filter((made) => !made.gaveUp);

test('the states are those that both ends went through', async () => {
  const property = fc.asyncProperty(knowable, async ({ packets, states }) => {
    const flow = await flowOf(packets);
    const [client, server] = states.map((names) => names.slice(1));
    explained(flow, packets, () => {
      expect(flow.endpoints.client.states.map(({ state }) => state)).toEqual(client);
      expect(flow.endpoints.server.states.map(({ state }) => state)).toEqual(server);
    });
  });
  await fc.assert(property, { numRuns: runs(800) });
});

test('the initiator is the end, or both, whose close came before it knew of the other', async () => {
  const unbroken = knowable.filter(({ plan }) => !hasReset(plan));
  const property = fc.asyncProperty(unbroken, async (made) => {
    const flow = await flowOf(made.packets);
    // An ACK that overtook data before the capture looks like one behind bytes, or a FIN, that the capture missed.
    const overtook = flow.kind === 'half-closed' && made.plan.fates.includes('late before it');
    if (overtook && flow.initiator === 'unknown') return;
    explained(flow, made.packets, () => expect(flow.initiator).toBe(initiatorOf(made)));
  });
  await fc.assert(property, { numRuns: runs(300) });
});
