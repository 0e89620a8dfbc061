import { describe, expect, it } from 'vitest';
import { type Clock, ClockSamples, TO_CLIENT, TO_SERVER } from '../../src/compare/clock.ts';

const SECOND = 1e9;

interface Model {
  offset: number;
  ppm: number;
  toServer: number;
  toClient: number;
  seconds: number;
}

/** Segments every 20 ms each way; most are held up on their way, by up to 5 ms. */
function measured({ offset, ppm, toServer, toClient, seconds }: Model): Clock {
  const samples = new ClockSamples();
  let seed = 1;
  const random = () => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff;
    return seed / 0x7fffffff;
  };
  const delayed = () => random() ** 4 * 5e6;
  const serverTime = (clientTime: number) => clientTime * (1 + ppm / 1e6) + offset * SECOND;
  for (let t = 0; t < seconds * SECOND; t += 20e6) {
    samples.add(TO_SERVER, t, serverTime(t + toServer * SECOND + delayed()));
    samples.add(TO_CLIENT, t + toClient * SECOND + delayed(), serverTime(t));
  }
  return samples.fit()!;
}

describe('the offset', () => {
  it.each([
    { offset: 0, ppm: 0, toServer: 0.01, toClient: 0.01, seconds: 60 },
    { offset: 3.2, ppm: 50, toServer: 0.01, toClient: 0.01, seconds: 60 },
    { offset: -7200.5, ppm: -80, toServer: 0.02, toClient: 0.02, seconds: 300 },
    { offset: 0.001, ppm: 0, toServer: 0.01, toClient: 0.07, seconds: 60 },
    { offset: 1, ppm: 40, toServer: 0.05, toClient: 0.05, seconds: 2 },
  ])(
    'of $offset s and $ppm ppm, $toServer s there and $toClient s back in $seconds s, is within its bound',
    (model) => {
      const clock = measured(model);
      for (const at of [0, model.seconds / 2, model.seconds]) {
        const error = Math.abs(clock.offsetAt(at * SECOND) - (model.offset * SECOND + (at * SECOND * model.ppm) / 1e6));
        expect(error).toBeLessThan(clock.plusMinus);
      }
      // Half the round trip, and little more.
      const half = ((model.toServer + model.toClient) / 2) * SECOND;
      expect(clock.plusMinus).toBeGreaterThan(half * 0.99);
      expect(clock.plusMinus).toBeLessThan(half + 1e6);
    },
  );

  it('moves times of the server back to the client', () => {
    const clock = measured({ offset: 3.2, ppm: 50, toServer: 0.01, toClient: 0.01, seconds: 60 });
    expect(clock.toClient(30 * SECOND + clock.offsetAt(30 * SECOND))).toBeCloseTo(30 * SECOND, 0);
  });

  it('is not known from one direction alone', () => {
    const samples = new ClockSamples();
    samples.add(TO_SERVER, 0, 5);
    expect(samples.fit()).toBeNull();
  });
});

describe('the drift', () => {
  it.each([50, -20, 0])('of %d ppm is found in a minute', (ppm) => {
    const { driftPpm } = measured({ offset: 1, ppm, toServer: 0.01, toClient: 0.03, seconds: 60 });
    expect(driftPpm).not.toBeNull();
    expect(Math.abs(driftPpm! - ppm)).toBeLessThan(3);
  });

  it('is not told from two seconds', () => {
    expect(measured({ offset: 1, ppm: 50, toServer: 0.01, toClient: 0.01, seconds: 2 }).driftPpm).toBeNull();
  });
});

it('captures named in the wrong order have a round trip less than nothing', () => {
  expect(measured({ offset: 0, ppm: 0, toServer: -0.01, toClient: -0.01, seconds: 10 }).roundTrip).toBeCloseTo(
    -0.02 * SECOND,
    -6,
  );
});
