/** The bytes of one frame: link header, IPv4 or IPv6, TCP, with right checksums. */
import type { LinkName, Packet } from './script.ts';

/** LINKTYPE_ numbers (tcpdump.org/linktypes.html). */
export const LINK_TYPES: Record<LinkName, number> = { ethernet: 1, raw: 101, sll2: 276 };

const ETHERTYPE_IPV4 = 0x0800;
const ETHERTYPE_IPV6 = 0x86dd;
const ETHERTYPE_VLAN = 0x8100;
const PROTOCOL_TCP = 6;

export function frameBytes(packet: Packet, link: LinkName, vlans: number[]): Uint8Array {
  const tcp = tcpBytes(packet);
  const ip = packet.source.address.length === 4 ? ipv4Bytes(packet, tcp) : ipv6Bytes(packet, tcp);
  return Uint8Array.from([...linkHeader(packet, link, vlans), ...ip]);
}

function linkHeader(packet: Packet, link: LinkName, vlans: number[]): number[] {
  const etherType = packet.source.address.length === 4 ? ETHERTYPE_IPV4 : ETHERTYPE_IPV6;
  const fromClient = packet.sender === 'client';
  const clientMac = [2, 0, 0, 0, 0, (fromClient ? packet.mac : undefined) ?? 1];
  const serverMac = [2, 0, 0, 0, 0, (fromClient ? undefined : packet.mac) ?? 2];
  if (link === 'raw') return [];
  if (link === 'sll2') {
    const ifindex = packet.iface + 1;
    const ARPHRD_ETHER = 1;
    const packetType = fromClient ? 4 : 0;
    const sourceMac = fromClient ? clientMac : serverMac;
    return [...u16(etherType), 0, 0, ...u32(ifindex), ...u16(ARPHRD_ETHER), packetType, 6, ...sourceMac, 0, 0];
  }
  const tags = vlans.flatMap((id) => [...u16(ETHERTYPE_VLAN), ...u16(id)]);
  const macs = fromClient ? [...serverMac, ...clientMac] : [...clientMac, ...serverMac];
  return [...macs, ...tags, ...u16(etherType)];
}

/** RFC 791 section 3.1, without options. */
function ipv4Bytes(packet: Packet, tcp: number[]): number[] {
  const { source, destination } = packet;
  const dontFragment = 0x4000;
  const header = [
    0x45,
    0,
    ...u16(packet.ipLength ?? 20 + tcp.length),
    ...u16(packet.ipId),
    ...u16(dontFragment),
    packet.ttl,
    PROTOCOL_TCP,
  ];
  header.push(0, 0, ...source.address, ...destination.address);
  header.splice(10, 2, ...u16(checksum(header)));
  return [...header, ...tcp];
}

/** RFC 8200 section 3, without extension headers. */
function ipv6Bytes(packet: Packet, tcp: number[]): number[] {
  const { source, destination } = packet;
  return [
    0x60,
    0,
    0,
    0,
    ...u16(tcp.length),
    PROTOCOL_TCP,
    packet.ttl,
    ...source.address,
    ...destination.address,
    ...tcp,
  ];
}

/** RFC 9293 section 3.1. */
function tcpBytes(packet: Packet): number[] {
  const { source, destination } = packet;
  const dataOffset = (20 + packet.options.length) / 4;
  const payload = Array.from({ length: packet.payloadLength }, (_, i) => (packet.payloadFrom + i) & 0xff);
  const bytes = [...u16(source.port), ...u16(destination.port), ...u32(packet.seq), ...u32(packet.ack)];
  bytes.push(dataOffset << 4, packet.flags, ...u16(packet.window), 0, 0, ...u16(packet.urgent ?? 0));
  bytes.push(...packet.options, ...payload);
  const pseudoHeader = [...source.address, ...destination.address, 0, PROTOCOL_TCP, ...u16(bytes.length)];
  bytes.splice(16, 2, ...u16(checksum([...pseudoHeader, ...bytes]) ^ (packet.badChecksum ? 0xffff : 0)));
  return bytes;
}

/** RFC 1071. */
function checksum(bytes: number[]): number {
  let sum = 0;
  for (let i = 0; i < bytes.length; i += 2) sum += (bytes[i]! << 8) | (bytes[i + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

function u16(value: number): number[] {
  return [(value >>> 8) & 0xff, value & 0xff];
}

function u32(value: number): number[] {
  return [...u16(value >>> 16), ...u16(value)];
}
