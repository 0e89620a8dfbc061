/** A progress bar on standard error, where that is a terminal. */

const BAR = 24;
const INTERVAL_MS = 100;

export class Progress {
  private readonly enabled: boolean;
  private readonly follows: boolean;
  private readonly started = performance.now();
  private drawn = 0;
  private visible = false;

  /** @param follows a file that grows: it has no end to come closer to, and the time is spent waiting */
  constructor(enabled: boolean, follows = false) {
    this.enabled = enabled && process.stderr.isTTY === true;
    this.follows = follows;
  }

  /** For the `onProgress` of analyze(). */
  readonly update = (bytes: number, total: number | null, packets: number): void => {
    const now = performance.now();
    // Short runs show no bar at all. Of what is followed nothing more may come: then each word counts.
    if (!this.enabled) return;
    if (!this.follows && (now - this.started < 300 || now - this.drawn < INTERVAL_MS)) return;
    this.drawn = now;
    this.visible = true;
    const read = `${(bytes / 1e6).toFixed(0)} MB`;
    if (this.follows) {
      this.draw(`${read}  ${packets} packets; waiting for more, Ctrl-C ends it`);
      return;
    }
    const seconds = (now - this.started) / 1000;
    const speed = `${(bytes / 1e6 / seconds).toFixed(0)} MB/s, ${(packets / 1e6 / seconds).toFixed(2)} M packets/s`;
    const share = total === null || total === 0 ? null : Math.min(1, bytes / total);
    const done = share === null ? 0 : Math.round(share * BAR);
    const bar = share === null ? '' : `[${'#'.repeat(done)}${'.'.repeat(BAR - done)}] ${(share * 100).toFixed(0)} %  `;
    this.draw(`${bar}${read}  ${speed}`);
  };

  private draw(line: string): void {
    process.stderr.write(`\r\x1b[K${line.slice(0, (process.stderr.columns || 80) - 1)}`);
  }

  /** Removes the bar. */
  end(): void {
    if (this.visible) process.stderr.write('\r\x1b[K');
    this.visible = false;
  }
}
