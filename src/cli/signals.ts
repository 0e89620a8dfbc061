const ENDING = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Cleans up before a signal ends the process, as it would have done without us.
 * @param finish takes the first SIGINT or SIGTERM, so that the run ends well; the next one ends the process
 * @param hangUp whether it takes SIGHUP too: the terminal is gone, and files are still to be written
 * @returns what takes this back
 */
export function onSignal(cleanUp: () => void, finish?: () => void, hangUp = false): () => void {
  let mayFinish = finish !== undefined;
  const handle = (signal: NodeJS.Signals) => {
    if (mayFinish && (hangUp || signal !== 'SIGHUP')) {
      mayFinish = false;
      finish?.();
      return;
    }
    takeBack();
    cleanUp();
    process.kill(process.pid, signal);
  };
  const takeBack = () => {
    for (const signal of ENDING) process.off(signal, handle);
  };
  for (const signal of ENDING) process.on(signal, handle);
  return takeBack;
}
