/** pcapng (draft-ietf-opsawg-pcapng): blocks in sections; each section has its own byte order and interfaces. */
import { u16be, u16le, u32be, u32le } from './bytes.ts';
import { noteLost, type PcapngInterface, readDrops, readInterface, readLost } from './pcapng-interface.ts';
import { type CaptureReader, END, NEED_DATA, RECORD, type ReadDamage, type ReadResult } from './reader.ts';
import type { CaptureRecord } from './types.ts';
import type { ByteWindow } from './window.ts';

/** Type of a Section Header Block: a palindrome, so the same in both byte orders. */
export const SECTION_HEADER = 0x0a0d0d0a;
const INTERFACE_DESCRIPTION = 1;
const OBSOLETE_PACKET = 2;
const SIMPLE_PACKET = 3;
const INTERFACE_STATISTICS = 5;
const ENHANCED_PACKET = 6;

/**
 * Blocks without a packet to which Wireshark gives a frame number all the same (tried with tshark 4.0): systemd
 * journal, sysdig events, custom blocks. They are counted, not delivered, so that frame numbers agree.
 */
const OTHER_FRAMES = new Set([9, 0x204, 0x216, 0x221, 0xbad, 0x40000bad]);

/** Whether blocks of this type have a frame number and no packet. */
export function isOtherFrame(type: number): boolean {
  return OTHER_FRAMES.has(type);
}

const BYTE_ORDER_MAGIC = 0x1a2b3c4d;
/** block type and total length before the body, total length again behind it */
const BODY_AT = 8;
const TRAILER = 4;
const MIN_BLOCK = BODY_AT + TRAILER;
const MIN_SECTION = 28;
const MIN_INTERFACE = 20;
const ENHANCED_HEADER = 28;
const SIMPLE_HEADER = 12;
/** Interfaces are numbered in 32 bits; each costs memory, and nobody has so many. */
const MAX_INTERFACES = 65_536;

export class PcapngReader implements CaptureReader {
  readonly format = 'pcapng';
  readonly linkTypes: Set<number> = new Set();
  damage: ReadDamage | null = null;
  unsupported: string | null = null;
  otherFrames = 0;
  readonly #window: ByteWindow;
  #begun = false;
  #bigEndian = false;
  #interfaces: PcapngInterface[] = [];
  /** drops of earlier sections */
  #droppedBefore: number | null = null;
  /** a block that is passed over though it isn't all in the window: its length, and what is left of it */
  #passLength = 0;
  #passLeft = 0;
  #passType = 0;
  #lastSeconds = 0;
  #lastNanoseconds = 0;

  /** @param window its first byte is the first one of the file */
  constructor(window: ByteWindow) {
    this.#window = window;
  }

  /** Sum over the interfaces; null where none has statistics, nor packets that tell. */
  get dropped(): number | null {
    let sum = this.#droppedBefore;
    for (const { dropped, lost } of this.#interfaces) {
      const told = dropped ?? lost;
      if (told !== null) sum = (sum ?? 0) + told;
    }
    return sum;
  }

  interfaceName(id: number): string | null {
    return this.#interfaces[id]?.name ?? null;
  }

  begin(): ReadResult {
    if (this.#begun) return RECORD;
    if (this.damage !== null || this.unsupported !== null) return END;
    const result = this.#readSection();
    this.#begun = result === RECORD;
    return result;
  }

  next(record: CaptureRecord): ReadResult {
    if (!this.#begun) {
      const begun = this.begin();
      if (begun !== RECORD) return begun;
    }
    const window = this.#window;
    while (this.damage === null) {
      if (this.#passLeft > 0) {
        const passed = this.#passOn();
        if (passed !== RECORD) return passed;
      }
      const data = window.data;
      const at = window.pos;
      const have = window.end - at;
      if (have < MIN_BLOCK) return this.#short('a block', have, MIN_BLOCK);
      const u32 = this.#bigEndian ? u32be : u32le;
      const type = u32(data, at);
      if (type === SECTION_HEADER) {
        const result = this.#readSection();
        if (result !== RECORD) return result;
        continue;
      }
      const length = padded(u32(data, at + 4));
      if (length < MIN_BLOCK) return this.#stop(`a block claims a length of ${length} bytes`);
      const isPacket = type === ENHANCED_PACKET || type === SIMPLE_PACKET || type === OBSOLETE_PACKET;
      if (!isPacket && type !== INTERFACE_DESCRIPTION && type !== INTERFACE_STATISTICS) {
        this.#passType = type;
        this.#passLength = length;
        this.#passLeft = length;
        continue;
      }
      if (length > window.most) return this.#stop(`a block claims a length of ${length} bytes, too many to be true`);
      if (have < length) return this.#short(isPacket ? 'a record' : 'a block', have, length);
      const trailer = padded(u32(data, at + length - TRAILER));
      if (trailer !== length) return this.#stop(`a block's lengths differ: ${length} before it, ${trailer} behind it`);
      if (!this.#readBlock(type, record, at, length)) return END;
      window.pos = at + length;
      if (isPacket) return RECORD;
    }
    return END;
  }

  /** Reads a block that lies whole in the window. False: damage. */
  #readBlock(type: number, record: CaptureRecord, at: number, length: number): boolean {
    if (type === ENHANCED_PACKET || type === OBSOLETE_PACKET) return this.#readPacket(record, at, length, type);
    if (type === SIMPLE_PACKET) return this.#readSimplePacket(record, at, length);
    if (type === INTERFACE_DESCRIPTION) return this.#describeInterface(at, length);
    this.#readStatistics(at, length);
    return true;
  }

  #readPacket(record: CaptureRecord, at: number, length: number, type: number): boolean {
    const data = this.#window.data;
    const u32 = this.#bigEndian ? u32be : u32le;
    if (length < ENHANCED_HEADER + TRAILER) return this.#fail(`a packet block of ${length} bytes is too short`);
    // The obsolete block has 16 bits of interface and 16 of drops where the enhanced one has 32 of interface.
    const id = type === ENHANCED_PACKET ? u32(data, at + 8) : (this.#bigEndian ? u16be : u16le)(data, at + 8);
    const from = this.#interfaces[id];
    if (from === undefined) return this.#fail(this.#noInterface(id));
    from.clock.set(u32(data, at + 12), u32(data, at + 16));
    this.#lastSeconds = from.clock.seconds;
    this.#lastNanoseconds = from.clock.nanoseconds;
    record.hasTime = true;
    record.wireLength = u32(data, at + 24);
    record.interfaceId = id;
    const captured = u32(data, at + 20);
    const start = at + ENHANCED_HEADER;
    const end = at + length - TRAILER;
    if (!this.#setPacket(record, from, start, captured, end - start)) return false;
    if (type === OBSOLETE_PACKET) noteLost(from, (this.#bigEndian ? u16be : u16le)(data, at + 10));
    else if (start + padded(captured) < end) readLost(from, data, start + padded(captured), end, this.#bigEndian);
    return true;
  }

  /** Belongs to the first interface, has no time, and its captured length must be guessed from the snaplen. */
  #readSimplePacket(record: CaptureRecord, at: number, length: number): boolean {
    const from = this.#interfaces[0];
    if (from === undefined) return this.#fail(this.#noInterface(0));
    if (length < SIMPLE_HEADER + TRAILER) return this.#fail(`a packet block of ${length} bytes is too short`);
    const wire = (this.#bigEndian ? u32be : u32le)(this.#window.data, at + 8);
    const captured = from.snaplen === 0 ? wire : Math.min(wire, from.snaplen);
    record.hasTime = false;
    record.wireLength = wire;
    record.interfaceId = 0;
    return this.#setPacket(record, from, at + SIMPLE_HEADER, captured, length - SIMPLE_HEADER - TRAILER);
  }

  #setPacket(record: CaptureRecord, from: PcapngInterface, start: number, captured: number, room: number): boolean {
    if (captured > from.captureLimit) {
      return this.#fail(`a record claims ${captured} captured bytes, more than the maximum of ${from.captureLimit}`);
    }
    if (captured > room)
      return this.#fail(`a record claims ${captured} captured bytes, its block has room for ${room}`);
    record.data = this.#window.data;
    record.address = this.#window.address;
    record.start = start;
    record.end = start + captured;
    record.seconds = this.#lastSeconds;
    record.nanoseconds = this.#lastNanoseconds;
    record.linkType = from.linkType;
    record.bigEndian = this.#bigEndian;
    return true;
  }

  /** Begins a section: byte order anew, no interfaces yet. */
  #readSection(): ReadResult {
    const window = this.#window;
    const { data, pos } = window;
    const have = window.end - pos;
    if (have < MIN_SECTION) return this.#short('a section header', have, MIN_SECTION);
    const bigEndian = u32be(data, pos + BODY_AT) === BYTE_ORDER_MAGIC;
    if (!bigEndian && u32le(data, pos + BODY_AT) !== BYTE_ORDER_MAGIC) {
      return this.#refuse('a section header without the byte-order magic');
    }
    const u16 = bigEndian ? u16be : u16le;
    const u32 = bigEndian ? u32be : u32le;
    const major = u16(data, pos + 12);
    const minor = u16(data, pos + 14);
    // 1.2 was written by mistake in the past and means 1.0 (the draft, section 4.1).
    if (major !== 1 || (minor !== 0 && minor !== 2)) {
      return this.#refuse(`pcapng version ${major}.${minor} is not known, only 1.0 is`);
    }
    const length = padded(u32(data, pos + 4));
    if (length < MIN_SECTION) return this.#stop(`a block claims a length of ${length} bytes`);
    this.#droppedBefore = this.dropped;
    this.#interfaces = [];
    this.#bigEndian = bigEndian;
    this.#passType = SECTION_HEADER;
    this.#passLength = length;
    this.#passLeft = length;
    return RECORD;
  }

  #describeInterface(at: number, length: number): boolean {
    if (length < MIN_INTERFACE) return this.#fail(`an interface description of ${length} bytes is too short`);
    if (this.#interfaces.length >= MAX_INTERFACES)
      return this.#fail(`more than ${MAX_INTERFACES} interfaces in a section`);
    const found = readInterface(this.#window, at + BODY_AT, at + length - TRAILER, this.#bigEndian);
    this.#interfaces.push(found);
    this.linkTypes.add(found.linkType);
    return true;
  }

  #readStatistics(at: number, length: number): void {
    const bodyEnd = at + length - TRAILER;
    if (bodyEnd - at < BODY_AT + 12) return;
    const data = this.#window.data;
    const of = this.#interfaces[(this.#bigEndian ? u32be : u32le)(data, at + BODY_AT)];
    // interface id and a timestamp stand before the options
    const drops = readDrops(data, at + BODY_AT + 12, bodyEnd, this.#bigEndian);
    if (of !== undefined && drops !== null) of.dropped = drops;
  }

  /** Passes over the rest of a block, however long, without holding it in memory. RECORD: it is done. */
  #passOn(): ReadResult {
    const window = this.#window;
    const skip = Math.min(window.end - window.pos, this.#passLeft - TRAILER);
    window.pos += skip;
    this.#passLeft -= skip;
    const have = window.end - window.pos;
    if (this.#passLeft > TRAILER || have < TRAILER) {
      if (!window.eof) return NEED_DATA;
      const begin = this.#passLeft - this.#passLength;
      const read = this.#passLength - this.#passLeft + have;
      return this.#stop(`cut in the middle of a block: ${read} of ${this.#passLength} bytes`, begin);
    }
    const trailer = padded((this.#bigEndian ? u32be : u32le)(window.data, window.pos));
    if (trailer !== this.#passLength) {
      const what = `a block's lengths differ: ${this.#passLength} before it, ${trailer} behind it`;
      return this.#stop(what, TRAILER - this.#passLength);
    }
    window.pos += TRAILER;
    this.#passLeft = 0;
    if (isOtherFrame(this.#passType)) this.otherFrames++;
    return RECORD;
  }

  #noInterface(id: number): string {
    return `a packet of interface ${id}, but its section describes ${this.#interfaces.length}`;
  }

  #short(where: string, have: number, need: number): ReadResult {
    if (!this.#window.eof) return NEED_DATA;
    return have === 0 ? END : this.#stop(`cut in the middle of ${where}: ${have} of ${need} bytes`);
  }

  /** A section that can't be read; if it is the first one, nothing of the file can. */
  #refuse(what: string): ReadResult {
    if (!this.#begun) this.unsupported = what;
    return this.#stop(what);
  }

  #fail(what: string): false {
    this.#stop(what);
    return false;
  }

  /** @param from where the damaged block begins, relative to the window's position */
  #stop(what: string, from = 0): ReadResult {
    this.damage = { offset: this.#window.offset + this.#window.pos + from, what };
    return END;
  }
}

/** Blocks are padded to four bytes. Some programs leave the padding out of the lengths: Wireshark adds it, too. */
function padded(length: number): number {
  return length + (-length & 3);
}
