/** In which VLAN and tunnel a flow is, where that tells flows apart. */

import { type SplitWord, splitRuleOf } from '../decode/split.ts';
import type { Flow } from '../report/types.ts';

/** Whether it is to be said beside each flow where it is. */
export function isPlaced(flows: readonly Flow[], splitBy: readonly SplitWord[]): boolean {
  return splitBy.length > 0 && flows.some(({ encapsulation }) => encapsulation !== null);
}

/** As in "vlan 100, vlan 7, vxlan 5", "no vlan, gre", "no tunnel"; a number that does not count is left out. */
export function placeWords({ encapsulation }: Flow, splitBy: readonly SplitWord[]): string {
  return splitBy
    .flatMap((word) => {
      const vlans = word === 'vlan' ? (encapsulation?.vlans ?? []).map((id) => `vlan ${id}`) : [];
      const others = (encapsulation?.tunnels ?? []).flatMap(({ type, id }) => {
        const rule = splitRuleOf(type);
        if (rule?.word !== word) return [];
        return [rule.numbered && id !== null ? `${type} ${id}` : type];
      });
      return vlans.length + others.length === 0 ? [`no ${word}`] : [...vlans, ...others];
    })
    .join(', ');
}
