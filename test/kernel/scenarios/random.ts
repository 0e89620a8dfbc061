/** Many connections that end in one of many ways, over wires that lose, repeat and overtake; the same seed makes the same. */

import type { Scenario } from '../rig.ts';
import { type Socket, type Stage, sleep, type Wire } from '../stage.ts';

type Draw = () => number;

/** mulberry32 */
export function randomOf(seed: number): Draw {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** How a connection may end; `a` is the end that begins. */
const ENDS: Record<string, (a: Socket, b: Socket, draw: Draw) => Promise<unknown>> = {
  async oneByOne(a, b, draw) {
    await a.close();
    await b.receive();
    await sleep(draw() * 200);
    await b.close();
  },
  async atOnce(a, b) {
    const end = b.receive();
    await a.close();
    await end;
    await b.close();
  },
  together: (a, b) => Promise.all([a.close(), b.close()]),
  async almostTogether(a, b, draw) {
    await a.close();
    await sleep(draw() * 30);
    await b.close();
  },
  async halfClose(a, b, draw) {
    await a.shutdown();
    await b.receive();
    await sleep(draw() * 100);
    await b.send(1 + Math.floor(draw() * 8000));
    await b.close();
    await a.receive();
    await a.close();
  },
  async dataThenClose(a, b, draw) {
    await a.send(1 + Math.floor(draw() * 20_000));
    await a.close();
    await b.receive();
    await b.close();
  },
  async bothSendAndClose(a, b, draw) {
    await Promise.all([a.send(1 + Math.floor(draw() * 3000)), b.send(1 + Math.floor(draw() * 3000))]);
    await a.shutdown();
    await b.receive();
    await b.shutdown();
    await a.receive();
    await Promise.all([a.close(), b.close()]);
  },
  reset: (a) => a.reset(),
  async shutdownThenReset(a, b, draw) {
    await a.shutdown();
    await sleep(draw() * 60);
    await b.reset();
  },
  async unread(a, b, draw) {
    await b.send(100);
    await sleep(draw() * 60);
    await a.close();
    await sleep(100);
    await b.close();
  },
  async dataAfterClose(a, b, draw) {
    await a.close();
    await sleep(draw() * 100);
    await b.send(200);
    await sleep(20);
    await b.close();
  },
};

async function one(stage: Stage, listener: Socket, family: 4 | 6, draw: Draw): Promise<void> {
  const c = await stage.tryConnect({ family, timeout: 12 });
  if (typeof c === 'string') return;
  // With SYN cookies nothing is ever accepted if the acknowledgement of the handshake is lost.
  const s = await listener.accept(c).catch(() => null);
  if (s === null) {
    await c.close();
    return;
  }
  if (draw() < 0.8) await stage.exchange(c, s);
  const names = Object.keys(ENDS);
  const end = ENDS[names[Math.floor(draw() * names.length)]!]!;
  const [a, b] = draw() < 0.5 ? [c, s] : [s, c];
  await end(a, b, draw);
}

interface Crowd {
  name: string;
  description: string;
  wire: Wire;
  family?: 4 | 6;
  connections?: number;
}

export function crowd({ name, description, wire, family = 4, connections = 100 }: Crowd): Scenario {
  return {
    name,
    description,
    wire,
    limit: 90,
    async play(stage) {
      const listener = await stage.listen({ family });
      const seed = wire.seed ?? 1;
      await Promise.all(
        Array.from({ length: connections }, async (_, i) => {
          await sleep(i * 60);
          // Whatever an end meets (a reset, say) is what it shall be.
          await one(stage, listener, family, randomOf(seed * 1000 + i));
        }),
      );
      // Retransmissions of a FIN come up to this much later.
      await sleep(4000);
    },
  };
}
