/** A progress bar on standard error, where that is a terminal. */

const BAR = 24;
const INTERVAL_MS = 100;

export class Progress {
  private readonly enabled: boolean;
  private readonly started = performance.now();
  private drawn = 0;
  private visible = false;

  constructor(enabled: boolean) {
    this.enabled = enabled && process.stderr.isTTY === true;
  }

  /** For the `onProgress` of analyze(). */
  readonly update = (bytes: number, total: number | null, packets: number): void => {
    const now = performance.now();
    // Short runs show no bar at all.
    if (!this.enabled || now - this.started < 300 || now - this.drawn < INTERVAL_MS) return;
    this.drawn = now;
    this.visible = true;
    const seconds = (now - this.started) / 1000;
    const speed = `${(bytes / 1e6 / seconds).toFixed(0)} MB/s, ${(packets / 1e6 / seconds).toFixed(2)} M packets/s`;
    const share = total === null || total === 0 ? null : Math.min(1, bytes / total);
    const done = share === null ? 0 : Math.round(share * BAR);
    const bar = share === null ? '' : `[${'#'.repeat(done)}${'.'.repeat(BAR - done)}] ${(share * 100).toFixed(0)} %  `;
    const line = `${bar}${(bytes / 1e6).toFixed(0)} MB  ${speed}`;
    process.stderr.write(`\r\x1b[K${line.slice(0, (process.stderr.columns || 80) - 1)}`);
  };

  /** Removes the bar. */
  end(): void {
    if (this.visible) process.stderr.write('\r\x1b[K');
    this.visible = false;
  }
}
