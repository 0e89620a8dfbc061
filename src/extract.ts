/** Another reading of the captures, for the packets that findings cite: they go into a small pcapng file. */

import { VERSION } from './analyze.ts';
import { Decoder } from './decode/decode.ts';
import { DECODED, NO_MORE } from './decode/outcome.ts';
import { Segment } from './decode/segment.ts';
import { ALONE } from './decode/shares.ts';
import { Split, type SplitWord } from './decode/split.ts';
import { type Citing, citationsOf, kindOf, placeOf, reasonsOf } from './extract/comment.ts';
import { cutBehindTcp, type Extract, MOST_HEADER_BYTES, rebuild } from './extract/packet.ts';
import { enhancedPacket, eraOf, interfaceDescription, sectionHeader } from './extract/pcapng.ts';
import { NOBODY } from './flow/sink.ts';
import { FlowTracker } from './flow/tracker.ts';
import { type CaptureOptions, type CaptureSet, openCaptures } from './input/captures.ts';
import { CaptureClock } from './input/clock.ts';
import { InputError } from './input/errors.ts';
import { findCaptures } from './input/find.ts';
import { namesOf } from './input/names.ts';
import { isReadOnce } from './input/source.ts';
import type { CaptureRecord } from './input/types.ts';
import { RingSnapshot } from './live/ring.ts';
import { AtomicFile, isOneOf, OutputError } from './output/files.ts';
import { plain } from './output/style.ts';
import type { Flow, Side } from './report/types.ts';
import { clientSideOf } from './segments.ts';
import { FlowsAgain } from './segments-ring.ts';

/** What takes the place of what tells who somebody is. */
export interface EvidenceRedaction {
  /** @param bytes an address of 4 or 16 bytes, not to be kept @returns as many */
  addressBytes(bytes: Uint8Array): Uint8Array;
  /** of what a finding says */
  text(text: string): string;
  /** of ports; without it they stay */
  port?(port: number, side: Side): number;
}

export interface EvidenceOptions {
  /** as for the analysis that found the findings */
  splitBy?: readonly SplitWord[] | undefined;
  /**
   * Every packet is then written as an IP packet made anew (LINKTYPE_RAW) without link header, tags, tunnels, IP options and
   * TCP options that don't tell of the connection; files are called by their place among those named, interfaces not at all
   */
  redact?: EvidenceRedaction | undefined;
  /** of the report, where the beginning of what is read is missing: packets are told to be theirs */
  flows?: readonly Flow[] | undefined;
  /** as for analyze() */
  onProgress?: CaptureOptions['onProgress'];
}

/** What was written. */
export interface EvidenceWritten {
  packets: number;
  /** frames that are cited and were not found, or are no TCP segment */
  missing: number[];
}

/**
 * Writes the packets that findings cite to a pcapng file, each with a comment that says why it is there. Of a packet only
 * headers are written, down to the innermost TCP header. Where that can't be cut out of its frame - a frame with
 * several packets (A-MSDU), IP fragments, IPComp, some link types - the segment is written as an IP packet of its own.
 * @param files as analyze() had them; they are read again
 * @param findings of its report: their frames are numbers over all files
 * @param path what is there is replaced once all is written
 * @throws InputError where a file can't be opened or is a pipe; OutputError where nothing can be written
 */
export async function writeEvidence(
  files: readonly string[],
  findings: readonly Citing[],
  path: string,
  options: EvidenceOptions = {},
): Promise<EvidenceWritten> {
  const found = (await findCaptures(files)).files;
  const output = openEvidence(path, found);
  try {
    const written = await extractInto(output, found, findings, options);
    output.commit();
    return written;
  } catch (error) {
    output.abort();
    throw error;
  }
}

/**
 * Opens the file into which the evidence is to go, before anything is analysed: what can't be done is told at once.
 * @throws InputError where a capture is a pipe, OutputError where the path can't be written, or is a capture's
 */
export function openEvidence(path: string, files: readonly string[]): AtomicFile {
  const pipe = files.find(isReadOnce);
  if (pipe !== undefined) {
    const why = 'that takes a second reading, and a pipe can be read once';
    throw new InputError(`can't take evidence from ${pipe}`, why, 'save it to a file first: tcpdump -w FILE');
  }
  if (isOneOf(path, files)) {
    throw new OutputError(`can't write ${path}`, 'it is one of the captures that are read', 'Name another file.');
  }
  return new AtomicFile(path);
}

/**
 * As writeEvidence() does with files, into a file that is open; it is not committed.
 * @param from files, or what a live capture has kept
 * @throws InputError, OutputError
 */
export async function extractInto(
  output: AtomicFile,
  from: readonly string[] | RingSnapshot,
  findings: readonly Citing[],
  { splitBy = [], redact, flows, onProgress }: EvidenceOptions = {},
): Promise<EvidenceWritten> {
  const cited = citationsOf(findings);
  const last = [...cited.keys()].reduce((a, b) => Math.max(a, b), 0);
  const isRing = from instanceof RingSnapshot;
  const writer = new EvidenceWriter(output, redact, isRing ? [from.name] : from, cited);
  writer.begin();
  if (cited.size === 0 || (isRing && from.packets === 0)) return writer.written();
  const captures = await (isRing ? from.open({ onProgress }) : openCaptures(from, { onProgress }));
  const again = flows === undefined ? null : new FlowsAgain(flows, splitBy);
  const clock = new CaptureClock();
  // The same tracker as in the first reading: it knows each packet's flow, and which side sent it.
  const tracker = new FlowTracker(NOBODY, clock);
  const decoder = new Decoder(ALONE, new Split(splitBy));
  const segment = new Segment();
  const readTo = new ReadEnough();
  await captures
    .forEach((record) => {
      if (record.frame > last) throw readTo;
      clock.see(record);
      const reasons = cited.get(record.frame);
      let outcome = decoder.decode(record, segment);
      let isAlone = segment.rest === null;
      for (; outcome !== NO_MORE; outcome = decoder.next(segment)) {
        if (outcome !== DECODED) {
          isAlone = false;
          continue;
        }
        const before = tracker.duplicates;
        const id = tracker.track(segment);
        const { flow: view, side: sender } = tracker.current();
        const layers = tracker.encapsulations.get(view.encapsulation) ?? [];
        const known = again?.of({ id, segment, view, layers }) ?? null;
        if (reasons === undefined) continue;
        const side = sender === ((known && clientSideOf(view, known)) ?? view.clientSide) ? 'client' : 'server';
        const flow = again === null ? id : (known?.id ?? null);
        writer.add({ captures, record, segment, isAlone, flow, side, reasons, isCopy: tracker.duplicates > before });
        isAlone = false;
      }
    })
    .catch((error: unknown) => {
      if (error !== readTo) throw error;
    });
  return writer.written();
}

/** Nothing that is cited comes any more. */
class ReadEnough extends Error {}

/** A packet that was found. */
interface Found {
  captures: CaptureSet;
  record: CaptureRecord;
  segment: Segment;
  isAlone: boolean;
  /** null: not one of the report's */
  flow: number | null;
  side: Side;
  reasons: readonly string[];
  isCopy: boolean;
}

class EvidenceWriter {
  private readonly output: AtomicFile;
  private readonly redact: EvidenceRedaction | undefined;
  private readonly names: readonly string[];
  private readonly cited: ReadonlyMap<number, readonly string[]>;
  private readonly frames = new Set<number>();
  private readonly interfaces = new Map<string, number>();
  private packets = 0;

  constructor(
    output: AtomicFile,
    redact: EvidenceRedaction | undefined,
    files: readonly string[],
    cited: ReadonlyMap<number, readonly string[]>,
  ) {
    this.output = output;
    this.redact = redact;
    this.names = redact === undefined ? namesOf(files).map(plain) : files.map((_, i) => `capture ${i + 1}`);
    this.cited = cited;
  }

  begin(): void {
    const { cited, redact } = this;
    const what = cited.size === 0 ? 'No finding cites a packet' : 'The packets that findings cite, headers alone';
    const how = redact === undefined ? '' : '. Addresses are replaced, and all headers before TCP made anew';
    this.output.write(sectionHeader({ application: `pcap-teardown ${VERSION}`, comment: `${what}${how}.` }));
  }

  add(found: Found): void {
    const { captures, record, segment, isAlone, side, reasons } = found;
    const extract = (this.redact === undefined ? cutBehindTcp(record, segment, isAlone) : null) ?? this.rebuild(found);
    const origin = captures.originOf(record);
    const file = this.names[origin?.file ?? 0]!;
    const interfaceName = this.redact === undefined ? (origin?.interfaceName ?? null) : null;
    const interfaceId = this.interfaceOf(extract, record, file, interfaceName);
    const place = placeOf({
      frame: record.frame,
      file,
      frameInFile: origin?.frame ?? record.frame,
      isMerged: this.names.length > 1,
      flow: found.flow,
    });
    const copy = found.isCopy ? ' (captured before: a copy)' : '';
    const alone = extract.isRebuilt && this.redact === undefined ? '; taken out of its frame as an IP packet' : '';
    const timeless = record.hasTime ? '' : '; without a time of its own';
    const why = reasonsOf(reasons.map((reason) => plain(this.redact?.text(reason) ?? reason)));
    const comment = `${place}: ${kindOf(segment)} from the ${side}${copy}${alone}${timeless}; ${why}`;
    const { data, wireLength } = extract;
    const { seconds, nanoseconds } = record;
    this.output.write(enhancedPacket({ interfaceId, seconds, nanoseconds, data, wireLength, comment }));
    this.frames.add(record.frame);
    this.packets++;
  }

  written(): EvidenceWritten {
    const missing = [...this.cited.keys()].filter((frame) => !this.frames.has(frame));
    return { packets: this.packets, missing: missing.sort((a, b) => a - b) };
  }

  private rebuild({ record, segment, side }: Found): Extract {
    const { redact } = this;
    if (redact === undefined) return rebuild(record, segment, null);
    const { srcPort, dstPort } = segment;
    const other = side === 'client' ? 'server' : 'client';
    return rebuild(record, segment, {
      address: (bytes) => redact.addressBytes(bytes),
      source: redact.port?.(srcPort, side) ?? srcPort,
      destination: redact.port?.(dstPort, other) ?? dstPort,
    });
  }

  /** The number of an interface, of which the description is written where its first packet comes. */
  private interfaceOf({ linkType }: Extract, record: CaptureRecord, file: string, name: string | null): number {
    const era = eraOf(record.seconds);
    const key = JSON.stringify([linkType, file, this.redact === undefined ? record.interfaceId : 0, name, era]);
    let number = this.interfaces.get(key);
    if (number === undefined) {
      number = this.interfaces.size;
      this.interfaces.set(key, number);
      const fields = { linkType, snaplen: MOST_HEADER_BYTES, name: name && plain(name), description: file, era };
      this.output.write(interfaceDescription(fields));
    }
    return number;
  }
}
