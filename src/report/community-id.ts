import { createHash } from 'node:crypto';
import * as L from '../flow/layout.ts';
import type { FlowView } from '../flow/view.ts';
import { isIpv4 } from './addresses.ts';

/** Community ID 1.0 with seed 0 (github.com/corelight/community-id-spec): the same for both directions. */
export function communityId(view: FlowView): string {
  const { ints, at } = view;
  const v4 = isIpv4(ints, at + L.ADDRESS_0) && isIpv4(ints, at + L.ADDRESS_1);
  const size = v4 ? 4 : 16;
  const low = addressBytes(ints, at + L.ADDRESS_0, size);
  const high = addressBytes(ints, at + L.ADDRESS_1, size);
  const ports = view.word(L.PORTS);
  const [lowPort, highPort] = [ports >>> 16, ports & 0xffff];
  const order = Buffer.compare(low, high) || lowPort - highPort;
  const bytes = Buffer.alloc(2 + size + size + 2 + 4);
  let end = 2; // seed 0
  for (const address of order <= 0 ? [low, high] : [high, low]) end += address.copy(bytes, end);
  bytes[end] = 6; // TCP, then a zero byte of padding
  bytes.writeUInt16BE(order <= 0 ? lowPort : highPort, end + 2);
  bytes.writeUInt16BE(order <= 0 ? highPort : lowPort, end + 4);
  return `1:${createHash('sha1').update(bytes).digest('base64')}`;
}

function addressBytes(words: Int32Array, at: number, size: number): Buffer {
  const bytes = Buffer.alloc(size);
  for (let i = 0; i < size; i += 4) bytes.writeInt32BE(words[at + (16 - size + i) / 4]!, i);
  return bytes;
}
