/** Of very many files only some are held in memory at a time: those whose next record is due first. */
import type { Head } from './merge.ts';

export class Rota {
  private readonly most: number;
  /** held, and could be suspended as far as is known */
  private readonly held: Head[] = [];

  /** @param most files that are held at a time; pipes, which can't be suspended, come on top of them */
  constructor(most: number) {
    this.most = most;
  }

  /** A file that is held from now on; another is suspended for it, if need be. */
  add(head: Head): void {
    while (this.held.length >= this.most) this.suspendLatest();
    this.held.push(head);
  }

  /** @returns false: the file is not what it was, and its record is lost */
  async resume(head: Head): Promise<boolean> {
    this.add(head);
    return await head.resume();
  }

  /** A file that has been read to its end. */
  leave(head: Head): void {
    const at = this.held.indexOf(head);
    if (at >= 0) this.held.splice(at, 1);
    head.capture.close();
  }

  /** The one that is needed last gives way; one that can't is held and counts no more. */
  private suspendLatest(): void {
    let latest = 0;
    for (let i = 1; i < this.held.length; i++) if (this.held[latest]!.before(this.held[i]!)) latest = i;
    this.held.splice(latest, 1)[0]!.suspend();
  }
}
