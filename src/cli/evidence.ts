/** `--evidence PATH`: the packets that findings cite, as a capture. */

import { extname } from 'node:path';
import { type EvidenceOptions, extractInto, openEvidence } from '../extract.ts';
import type { RingSnapshot } from '../live/ring.ts';
import type { AtomicFile } from '../output/files.ts';
import { plain } from '../output/style.ts';
import type { Finding } from '../report/types.ts';
import { plural } from '../words.ts';
import { UsageError } from './errors.ts';

/** Frames that are named of those that could not be written. */
const MOST_NAMED = 5;

/** A file that appears once all that is cited is in it. */
export class EvidenceFile {
  readonly path: string;
  private readonly file: AtomicFile;
  private readonly captures: readonly string[];

  /**
   * @param captures that are analysed
   * @param follows whether one of them is followed as it grows
   * @throws UsageError for another ending; InputError, OutputError for what can't be read twice or written
   */
  constructor(path: string, captures: readonly string[], follows: boolean) {
    if (extname(path).toLowerCase() !== '.pcapng') {
      throw new UsageError(`the evidence is a capture in pcapng, which ${path} does not say`, 'use the ending .pcapng');
    }
    if (follows) {
      throw new UsageError(
        'the evidence takes a second reading, and a file that still grows has no end',
        'leave out --follow, or run again with --evidence when the capture is complete',
      );
    }
    this.path = path;
    this.captures = captures;
    this.file = openEvidence(path, captures);
  }

  /**
   * @param quiet whether nothing is said of what is missing
   * @param from what a live capture has kept, in place of files
   * @throws InputError, OutputError
   */
  async finish(
    findings: readonly Finding[],
    options: EvidenceOptions,
    quiet: boolean,
    from: readonly string[] | RingSnapshot = this.captures,
  ): Promise<void> {
    const { packets, missing } = await extractInto(this.file, from, findings, options);
    this.file.commit();
    if (quiet) return;
    const path = plain(this.path);
    if (missing.length > 0) {
      const named = missing.slice(0, MOST_NAMED).join(', ') + (missing.length > MOST_NAMED ? ', ...' : '');
      const what = `${plural(missing.length, 'frame')} cited by findings (${named})`;
      process.stderr.write(`teardown: ${path} lacks ${what}: have the captures changed meanwhile?\n`);
    } else if (packets === 0) process.stderr.write(`teardown: ${path} holds no packet, since no finding cites one\n`);
  }

  abort(): void {
    this.file.abort();
  }
}
