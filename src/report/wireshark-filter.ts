/** Wireshark's display filter for a flow. */

import { type Split, type SplitWord, splitRuleOf } from '../decode/split.ts';
import type { Encapsulations, Layer } from '../flow/encapsulations.ts';
import type { Address } from './types.ts';

const IN_IP = '(ip.proto in {4, 41} || ipv6.nxt in {4, 41})';

/** By kind of layer what shows that there is one, and the field with its number where that tells flows apart. */
const FIELDS = new Map<Layer['kind'], readonly [presence: string, number?: string]>([
  ['vlan', ['vlan || ieee8021ad']],
  ['pbb', ['ieee8021ah', 'ieee8021ah.isid']],
  ['gre', ['gre', 'gre.key']],
  ['ipip', [IN_IP]],
  ['pppoe', ['pppoes', 'pppoe.session_id']],
  ['erspan', ['erspan', 'erspan.spanid']],
  ['pptp', ['gre']],
  ['vxlan', ['vxlan', 'vxlan.vni']],
  ['geneve', ['geneve', 'geneve.vni']],
  ['gtp', ['gtp']],
  ['capwap', ['capwap.data']],
  ['tzsp', ['tzsp']],
]);

/** Whatever the direction. @param a side 0 @param b side 1 */
export function wiresharkFilter(a: Address, b: Address): string {
  const field = a.address.includes(':') ? 'ipv6.addr' : 'ip.addr';
  return `${field} == ${a.address} && ${field} == ${b.address} && tcp.port == ${a.port} && tcp.port == ${b.port}`;
}

/** All flows of an address, or of one of its ports. */
export function endpointFilter(address: string, port: number | null): string {
  const host = `${address.includes(':') ? 'ipv6.addr' : 'ip.addr'} == ${address}`;
  return port === null ? host : `${host} && tcp.port == ${port}`;
}

/** In which VLAN and tunnel, as far as that tells flows apart: empty, or each part behind `&&`. @param index of the flow's stack */
export function narrowed(split: Split, encapsulations: Encapsulations, index: number): string {
  const stack = encapsulations.get(index) ?? [];
  // It may be one of more stacks than are kept.
  if (stack.length === 0 && encapsulations.isFull) return '';
  const parts = split.words.flatMap((word) => {
    const layers = stack.filter(({ kind }) => splitRuleOf(kind)?.word === word);
    if (layers.length === 0) return [`!(${presences(word).join(' || ')})`];
    const tags = layers.filter(({ kind }) => kind === 'vlan').length;
    return layers.map((layer) => (layer.kind === 'vlan' ? tagged(layer, tags) : filterOf(layer)));
  });
  return [...new Set(parts)].map((part) => ` && ${part}`).join('');
}

/** Wireshark has other names for tags of 802.1ad, and others again for two of these. @param tags of the flow */
function tagged({ id }: Layer, tags: number): string {
  const fields = ['vlan.id', 'ieee8021ad.id', ...(tags > 1 ? ['ieee8021ad.svid', 'ieee8021ad.cvid'] : [])];
  return `(${fields.map((field) => `${field} == ${id}`).join(' || ')})`;
}

function filterOf({ kind, id }: Layer): string {
  const [presence, field] = FIELDS.get(kind)!;
  return field === undefined || id === null ? presence : `${field} == ${id}`;
}

function presences(word: SplitWord): string[] {
  const all = [...FIELDS].filter(([kind]) => splitRuleOf(kind)?.word === word);
  return [...new Set(all.map(([, [presence]]) => presence))];
}
