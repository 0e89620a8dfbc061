const ENDING = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Cleans up before a signal ends the process, as it would have done without us.
 * @returns what takes this back
 */
export function onSignal(cleanUp: () => void): () => void {
  const handle = (signal: NodeJS.Signals) => {
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
