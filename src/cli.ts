#!/usr/bin/env node
/** Arguments, signals, exit codes; nothing else. */

import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { VERSION } from './analyze.ts';
import { analyzeCommand } from './cli/analyze-command.ts';
import { compareCommand } from './cli/compare-command.ts';
import { DIFF_FORMATS, type DiffFlags, diffCommand } from './cli/diff-command.ts';
import { EXIT_DONE, EXIT_USAGE, explain, UsageError } from './cli/errors.ts';
import { EXPLAIN_FORMATS, type ExplainFlags, explainCommand } from './cli/explain-command.ts';
import type { AnalyzeFlags } from './cli/flags.ts';
import { flowCommand } from './cli/flow-command.ts';
import { FORMATS } from './cli/formats.ts';
import { INTERFACES_FORMATS, type InterfacesFlags, interfacesCommand } from './cli/interfaces-command.ts';
import { liveCommand } from './cli/live-command.ts';
import { BACKENDS, type LiveFlags } from './cli/live-flags.ts';
import { type PortFlags, portCommand } from './cli/port-command.ts';
import { PORT_FORMATS } from './cli/port-now-command.ts';
import { BrokenPipe, standardOutputError } from './cli/terminal.ts';
import { SPLIT_WORDS, type SplitWord } from './decode/split.ts';
import type { PortRange } from './findings/context.ts';
import { MOST_REPORT_BYTES } from './output/html/model.ts';
import { plain } from './output/style.ts';
import { REDACT_MODES } from './redact/redactor.ts';
import { OS_NAMES } from './teardown/profiles.ts';
import { PORT_RANGE, readPortRange } from './thresholds.ts';

function seconds(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value < 0 || value > 86_400) {
    throw new InvalidArgumentError('a number of seconds from 0 to 86400.');
  }
  return value;
}

function positive(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('a whole number from 1.');
  return value;
}

const UNITS: Record<string, number> = { '': 1, k: 1e3, m: 1e6 };

/** Bytes, as 500k, 10M or 1.5MB: decimal units. */
function size(text: string): number {
  const [, number = '', unit = ''] = /^(\d+(?:\.\d+)?)(|k|m)b?$/i.exec(text.trim()) ?? [];
  const bytes = Math.floor(Number(number) * UNITS[unit.toLowerCase()]!);
  if (number === '' || bytes < 1 || bytes > MOST_REPORT_BYTES) {
    throw new InvalidArgumentError(`bytes, or a size such as 500k or 10M, ${MOST_REPORT_BYTES / 1e6}M at most.`);
  }
  return bytes;
}

const SECONDS: Record<string, number> = { '': 1, s: 1, m: 60, h: 3600, d: 86_400 };

/** Seconds, or a time such as 90s, 10m or 1h. */
function period(text: string): number {
  const [, number = '', unit = ''] = /^(\d+(?:\.\d+)?)([smhd]?)$/.exec(text.trim()) ?? [];
  const value = Number(number) * SECONDS[unit]!;
  if (number === '' || value <= 0 || value > 2_000_000) {
    throw new InvalidArgumentError('seconds, or a time such as 90s, 10m or 1h, 23 days at most.');
  }
  return value;
}

/** As size(), without that limit: 100M, 2G. */
function fileSize(text: string): number {
  const [, number = '', unit = ''] = /^(\d+(?:\.\d+)?)(|k|m|g)b?$/i.exec(text.trim()) ?? [];
  const bytes = Math.floor(Number(number) * { '': 1, k: 1e3, m: 1e6, g: 1e9 }[unit.toLowerCase()]!);
  if (number === '' || bytes < 1) throw new InvalidArgumentError('bytes, or a size such as 500k, 100M or 2G.');
  return bytes;
}

function snaplen(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 262_144) {
    throw new InvalidArgumentError('bytes of each packet, from 1 to 262144.');
  }
  return value;
}

function collect(value: string, before: string[] = []): string[] {
  return [...before, value];
}

function splitBy(text: string): SplitWord[] {
  const words = text.split(',').map((word) => word.trim().toLowerCase());
  const known = SPLIT_WORDS.filter((word) => words.includes(word));
  if (words.some((word) => !known.some((each) => each === word))) {
    throw new InvalidArgumentError(`it is vlan, tunnel, or vlan,tunnel.`);
  }
  return known;
}

function portRange(text: string): PortRange {
  try {
    return readPortRange(text);
  } catch {
    throw new InvalidArgumentError(`${PORT_RANGE}.`);
  }
}

function withOutputs(command: Command): Command {
  return command
    .option('-o, --output <path>', 'write a file: .html .txt .json .ndjson .csv .md; repeatable', collect)
    .addOption(new Option('-f, --format <format>', 'what goes to standard output (text)').choices(FORMATS))
    .option(
      '--max-report-size <size>',
      'of an HTML report: segments and flows that matter least are left out (10M)',
      size,
    )
    .option('-Y, --where <expression>', "keep the flows that match: 'port==9091 && closer==server && finwait2>5s'");
}

const SEVERITIES = ['info', 'warning', 'critical'] as const;

function colorOption(): Option {
  return new Option('--color <when>', 'colours').choices(['auto', 'always', 'never']).default('auto');
}

function withFindings(command: Command): Command {
  return command
    .option('--threshold <rule=value>', 'from which value a finding is made: close-wait-leak=5s; repeatable', collect)
    .option('--port-range <low-high>', "the clients' ephemeral ports (32768-60999)", portRange)
    .addOption(new Option('--fail-on <severity>', 'exit 1 when a finding is at least that severe').choices(SEVERITIES));
}

function withCommon(command: Command): Command {
  return command
    .option('--os <[addr=]profile>', `timers and rules of ${OS_NAMES.join(', ')} or auto; repeatable`, collect)
    .option('--time-wait <seconds>', "TIME_WAIT's length in place of the system's (Linux 60)", seconds)
    .option('--fin-timeout <seconds>', "an orphaned FIN_WAIT_2's timer in place of the system's (Linux 60)", seconds)
    .option('--split-by <what>', 'tell equal addresses and ports apart by vlan, tunnel, or both: vlan,tunnel', splitBy)
    .option('--redact', 'labels in place of addresses and file names: server-1, client-7, capture-1.pcap')
    .addOption(new Option('--redact-mode <mode>', 'labels, or addresses that keep prefixes').choices(REDACT_MODES))
    .option('--redact-ports', "with other numbers for clients' ports too")
    .option('--max-flows <n>', 'flows kept for the report, the most interesting (100000)', positive)
    .addOption(colorOption())
    .option('--no-progress', 'no progress bar')
    .option('-q, --quiet', 'results only')
    .option('-v, --verbose', 'every flow and service in the text');
}

const EXAMPLES = `
Without a command it is analyze:
  teardown web.pcap                       who closed first, what lingers
  teardown web.pcap -o all.json -o f.csv  files, their format by the ending
  teardown web.pcap -Y 'closer==server'   only the flows that match
  teardown rotated/ 'eth1-*.pcap*'        a folder, a pattern: merged by time
  teardown -f ndjson - < web.pcap.gz      from standard input
  teardown --follow web.pcap -f ndjson    a capture that is still written
  teardown flow web.pcap 7                one flow, segment by segment
  teardown port web.pcap 10.0.0.1:80      why bind() fails there, until when
  teardown live -i eth0 tcp port 8080     while it happens
  teardown port '*:80'                    here and now: who is in the way
  teardown compare client.pcap server.pcap   what was lost, who sent the RST
  teardown explain bind-blocked           what a finding means, what to do
  teardown diff before.json after.json    two reports: did the change help?
  teardown analyze --help                 all options

Exit codes: 0 done; 1 --fail-on reached, or a selector matched nothing; 2 usage
error, or no capture; 3 the capture is damaged: all before that was analysed.`;

function program(run: (exitCode: Promise<number>) => void): Command {
  const root = new Command('teardown')
    .description('Tells from a packet capture who closed each TCP connection first, and what lingers after it.')
    .usage('[command] [options] FILE...')
    .version(VERSION, '-V, --version', 'the version')
    .helpOption('-h, --help', 'this help')
    .helpCommand('help [command]', 'help for a command')
    .configureHelp({ subcommandTerm: (command) => `${command.name()} ${command.usage()}` })
    .addHelpText('after', EXAMPLES);
  const analyze = root
    .command('analyze', { isDefault: true })
    .description('analyse captures (pcap, pcapng, snoop, ERF; gzip, zstd; - is standard input)')
    .usage('[options] FILE...')
    .argument('[files...]', 'captures, folders of captures, patterns; several are merged by time')
    .option('-r, --read <file>', 'a capture, as tcpdump and tshark take it; repeatable', collect)
    .option('--follow', 'wait for more at the end of the file, as tail -f, until Ctrl-C; then report')
    .option('--evidence <path>', 'write the packets that findings cite, headers alone: a small .pcapng')
    .action((files: string[], flags: AnalyzeFlags & { read?: string[] }) => {
      const all = [...files, ...(flags.read ?? [])];
      if (all.length === 0) {
        throw new UsageError('no capture named', 'teardown FILE, or: tcpdump -w - | teardown -');
      }
      run(analyzeCommand(all, flags));
    });
  const flow = root
    .command('flow')
    .description("draw one flow: the ladder of its segments beside both endpoints' states")
    .usage('[options] FILE... SELECTOR')
    .argument('[operands...]', 'captures, then the flow: its id, Community ID, a:p-b:p, or an expression as of --where')
    .action((operands: string[], flags: AnalyzeFlags) => run(flowCommand(operands, flags)));
  const compare = root
    .command('compare')
    .description('join two captures of the same connections, made at the clients and at the servers')
    .usage('[options] CLIENT SERVER')
    .argument('[operands...]', "the clients' capture, then the servers'")
    .action((operands: string[], flags: AnalyzeFlags) => run(compareCommand(operands, flags)));
  const explanation = root
    .command('explain')
    .description('what a finding means, why it happens, what to do; all rules without RULE')
    .usage('[options] [RULE]')
    .argument('[rule]', "a finding's rule, as bind-blocked")
    .addOption(new Option('-f, --format <format>', 'of what is printed').choices(EXPLAIN_FORMATS).default('text'))
    .addOption(colorOption())
    .action((rule: string | undefined, flags: ExplainFlags) => run(Promise.resolve(explainCommand(rule, flags))));
  const port = root
    .command('port')
    .description('why and until when bind() to a port fails; without FILE on this machine, now')
    .usage('[options] [FILE...] ADDR:PORT')
    .argument('[operands...]', 'captures, then the port: 10.0.0.1:80, [2001:db8::1]:80, or *:80 for every address')
    .option('--at <time>', 'when: 12:03:10, 2026-03-02T12:03:10Z, seconds since 1970, or +30s from the first packet')
    .option('--old-reuseaddr', 'the old socket has SO_REUSEADDR')
    .option('--new-reuseaddr', 'the new socket has SO_REUSEADDR')
    .option('--try', 'without FILE: also try bind() and listen(), with SO_REUSEADDR, and close at once')
    .addOption(new Option('-f, --format <format>', 'what goes to standard output (text)').choices(PORT_FORMATS))
    .action((operands: string[], flags: PortFlags) => run(portCommand(operands, flags)));
  const diff = root
    .command('diff')
    .description('compare two JSON reports, made before and after a change: did it help?')
    .usage('[options] BEFORE AFTER')
    .argument('[operands...]', 'the reports (JSON, also gzip; - is standard input), the older one first')
    .option('-o, --output <path>', 'write a file: .txt .json .md; repeatable', collect)
    .addOption(new Option('-f, --format <format>', 'what goes to standard output (text)').choices(DIFF_FORMATS))
    .addOption(
      new Option(
        '--fail-on <severity>',
        'exit 1 when a finding came, or became worse, that is at least so severe',
      ).choices(SEVERITIES),
    )
    .addOption(colorOption())
    .option('-q, --quiet', 'results only')
    .action((operands: string[], flags: DiffFlags) => run(diffCommand(operands, flags)));
  const live = root
    .command('live')
    .description('capture on an interface, and tell what happens while it does; Ctrl-C ends it and reports')
    .usage('[options] -i IF [BPF...]')
    .argument('[filter...]', "a filter as tcpdump's: tcp port 8080")
    .option('-i, --interface <if>', 'where to capture: teardown interfaces lists them; any for all')
    .addOption(new Option('--backend <program>', 'who captures').choices(BACKENDS).default('auto'))
    .option('-c, --count <n>', 'end after so many packets', positive)
    .option('--duration <time>', 'end after so long: 60, 10m, 1h', period)
    .option('-s, --snaplen <bytes>', 'bytes of each packet: headers are enough (128)', snaplen)
    .option('-w, --write <file>', 'save the packets too; %Y %m %d %H %M %S in its name are the time (UTC)')
    .option('--rotate-size <size>', 'of -w: another file from this size on: 100M', fileSize)
    .option('--rotate-every <time>', 'of -w: another file every so often: 1h', period)
    .option('--rotate-keep <n>', 'of -w: the newest so many files are kept', positive)
    .option('--every <time>', "write a report every so often: --every 10m -o 'report-%Y%m%dT%H%M%S.html'", period)
    .option('--evidence <path>', 'write the packets that findings cite, headers alone: a small .pcapng')
    .option('--metrics <[host:]port>', 'serve metrics for Prometheus, on 127.0.0.1 unless a host is named')
    .option('--user <name>', 'whom root becomes once it captures (who called sudo, else nobody; root stays root)')
    .option('--no-sockets', "leave this machine's socket tables alone: no processes, no kernel's timers")
    .action((filter: string[], flags: LiveFlags) => run(liveCommand(filter, flags)));
  const interfaces = root
    .command('interfaces')
    .description('the interfaces that live can capture on')
    .addOption(new Option('-f, --format <format>', 'of what is printed (text)').choices(INTERFACES_FORMATS))
    .addOption(colorOption())
    .action((flags: InterfacesFlags) => run(interfacesCommand(flags)));
  withOutputs(live);
  withFindings(live);
  withCommon(live);
  withOutputs(analyze);
  withOutputs(compare);
  withFindings(analyze);
  withCommon(analyze);
  withCommon(flow);
  withCommon(compare);
  withCommon(port);
  for (const command of [root, analyze, live, interfaces, flow, port, compare, diff, explanation]) {
    command.configureOutput({ writeErr: () => undefined, outputError: () => undefined }).exitOverride();
  }
  return root;
}

async function main(): Promise<number> {
  let result: Promise<number> = Promise.resolve(EXIT_DONE);
  const root = program((exitCode) => {
    result = exitCode;
  });
  const commands = root.commands.map((command) => command.name());
  try {
    await root.parseAsync(process.argv);
    return await result;
  } catch (error) {
    if (error instanceof BrokenPipe) return EXIT_DONE;
    if (error instanceof CommanderError && error.exitCode === 0) return EXIT_DONE;
    process.stderr.write(`${error instanceof CommanderError ? explainUsage(error, commands) : explain(error)}\n`);
    return EXIT_USAGE;
  }
}

function explainUsage({ code, message }: CommanderError, commands: readonly string[]): string {
  const text = code === 'commander.help' ? 'there is no such command' : message;
  const lines = text.replace(/^error: /, '').split('\n');
  const command = commands.find((name) => name === process.argv[2]);
  return `teardown: ${lines.map(plain).join('\n  ')}\n  teardown ${command === undefined ? '' : `${command} `}--help`;
}

// Help is written by commander: `teardown --help | head` closes our standard output, which is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') return;
  process.stderr.write(`${explain(standardOutputError(error.code ?? error.message))}\n`);
  process.exitCode = EXIT_USAGE;
});
// Nobody can be told of what standard error does not take.
process.stderr.on('error', () => undefined);

process.exitCode = await main();
