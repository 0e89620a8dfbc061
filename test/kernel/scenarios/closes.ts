import { type Socket, sleep } from '../stage.ts';

/** The first closes, the other one some time (ms) after it saw that. */
export async function closeOneByOne(first: Socket, second: Socket, pause: number): Promise<void> {
  await first.close();
  await second.receive();
  await sleep(pause);
  await second.close();
}

/** The second closes at once: Linux delays the acknowledgement of a FIN by up to 40 ms, and so it goes with the second FIN. */
export async function closeAtOnce(first: Socket, second: Socket): Promise<void> {
  const end = second.receive();
  await first.close();
  await end;
  await second.close();
}
