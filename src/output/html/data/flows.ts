import type { Flow } from '../../../report/types.ts';
import type { FlowStore } from './store.ts';

/** The flows as bytes, to be compressed. @param flows ascending by id */
export function encodeFlows(flows: readonly Flow[]): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(flows));
}

export function decodeFlows(bytes: Uint8Array): FlowStore {
  const flows = JSON.parse(new TextDecoder().decode(bytes)) as Flow[];
  const byId = new Map(flows.map(({ id }, index) => [id, index]));
  return {
    length: flows.length,
    flow: (index) => flows[index]!,
    peek: (index) => flows[index]!,
    indexOf: (id) => byId.get(id) ?? -1,
  };
}
