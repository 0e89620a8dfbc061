import { runComparison } from '../compare.ts';
import { writeAnalysis } from './analyze-command.ts';
import { UsageError } from './errors.ts';
import type { AnalyzeFlags } from './flags.ts';
import { capturesOf } from './inputs.ts';

/** `teardown compare CLIENT SERVER` @returns the exit code */
export async function compareCommand(operands: string[], flags: AnalyzeFlags): Promise<number> {
  const [client, server, ...others] = operands;
  if (client === undefined || server === undefined || others.length > 0) {
    throw new UsageError(
      'compare needs two captures',
      'first the one made at the clients: teardown compare client.pcap server.pcap',
    );
  }
  if (operands.includes('-')) {
    throw new UsageError(
      'compare reads captures twice, and standard input can be read once',
      'save it to a file first',
    );
  }
  const quiet = flags.quiet === true;
  const files = [await capturesOf([client], quiet), await capturesOf([server], quiet)] as const;
  return await writeAnalysis(flags, async (options) => {
    const compared = await runComparison(...files, options);
    if (compared.comparison.exchanged) {
      process.stderr.write(
        'teardown: segments came before they were sent: are the captures in the wrong order?\n' +
          '  the first is to be the one made at the clients\n',
      );
    }
    return compared;
  });
}
