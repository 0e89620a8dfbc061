/** What several scenarios are made of. */

import type { Scenario } from '../rig.ts';
import { type Socket, type Stage, sleep, type Wire } from '../stage.ts';
import { closeAtOnce, closeOneByOne } from './closes.ts';

export const both = (ms: number): [number, number] => [ms, ms];
export const drop = (
  to: 'client' | 'server',
  match: 'syn' | 'fin' | 'rst' | 'data' | 'ack' | 'ack-of-fin' | 'any',
  nth?: number[],
) => ({ to, match, act: 'drop', ...(nth === undefined ? {} : { nth }) }) as const;

/** Each way to close, once, over a wire. */
export function everyClose(name: string, wire: Wire, family: 4 | 6): Scenario {
  return {
    name,
    description: `every way to close over IPv${family}`,
    wire,
    async play(stage) {
      const listener = await stage.listen({ family });
      const fresh = async () => {
        const c = await stage.connect({ family });
        const s = await listener.accept(c);
        await stage.exchange(c, s);
        return { c, s };
      };
      const closes: ((pair: { c: Socket; s: Socket }) => Promise<unknown>)[] = [
        ({ c, s }) => closeOneByOne(c, s, 100),
        ({ c, s }) => closeOneByOne(s, c, 100),
        ({ c, s }) => closeAtOnce(c, s),
        ({ c, s }) => closeAtOnce(s, c),
        ({ c, s }) => Promise.all([c.close(), s.close()]),
        ({ c }) => c.reset(),
        ({ s }) => s.reset(),
        async ({ c, s }) => {
          await c.send(300);
          await closeAtOnce(c, s);
        },
        async ({ c, s }) => {
          await s.shutdown();
          await sleep(50);
          await c.send(5000);
          await c.close();
          await s.receive();
          await s.close();
        },
        async ({ c, s }) => {
          await Promise.all([c.send(100), s.send(100)]);
          await Promise.all([c.close(), s.close()]);
        },
        async ({ c, s }) => {
          await Promise.all([s.reset(), c.close()]);
        },
      ];
      await Promise.all(closes.map(async (close) => close(await fresh())));
      await sleep(1000);
    },
  };
}

/** One connection over a wire and what happens to it. */
export function one(
  name: string,
  description: string,
  act: (ends: { c: Socket; s: Socket; listener: Socket; stage: Stage }) => Promise<unknown>,
  more: Partial<Scenario> & { family?: 4 | 6 } = {},
): Scenario {
  const { family = 4, ...rest } = more;
  return {
    name,
    description,
    async play(stage) {
      await act({ ...(await stage.connection({ family })), stage });
    },
    ...rest,
  };
}
