/** Packets a second, over the last two seconds or so. */
export class PacketRate {
  private readonly seen: { at: number; packets: number }[] = [];

  /** @param now ms @param packets captured since the start */
  at(now: number, packets: number): number {
    const { seen } = this;
    seen.push({ at: now, packets });
    while (seen.length > 2 && now - seen[1]!.at >= WINDOW_MS) seen.shift();
    const [oldest] = seen;
    return oldest === undefined || now <= oldest.at ? 0 : ((packets - oldest.packets) * 1000) / (now - oldest.at);
  }
}

const WINDOW_MS = 2000;
