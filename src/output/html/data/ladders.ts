import type { Ladder } from '../model.ts';
import type { LadderStore } from './store.ts';

/** The segments as bytes, to be compressed. */
export function encodeLadders(ladders: ReadonlyMap<number, Ladder>): Uint8Array {
  return new TextEncoder().encode(
    JSON.stringify([...ladders], (_, value) => (value instanceof Map ? [...value] : value)),
  );
}

export function decodeLadders(bytes: Uint8Array): LadderStore {
  const all = new Map(JSON.parse(new TextDecoder().decode(bytes)) as [number, Ladder][]);
  return { has: (id) => all.has(id), ladder: (id) => all.get(id) ?? null };
}
