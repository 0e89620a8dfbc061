/** Exit code 2: what the user got wrong, told in three short lines, with nothing on standard output. */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { explain } from '../../src/cli/errors.ts';
import { systemError } from '../../src/input/errors.ts';
import { CLI, expectError, manyFlows, PCAP, THREE_FLOWS, teardown, temporaryFolder, writeScript } from './run.ts';

const folder = temporaryFolder();
const capture = writeScript(folder, 'three.pcap', THREE_FLOWS);
mkdirSync(join(folder, 'captures'));
writeFileSync(join(folder, 'empty.pcap'), '');
writeFileSync(join(folder, 'log.txt'), '10:00:00 IP 10.0.0.1.40000 > 10.0.0.2.9091: Flags [S]\n'.repeat(20));
writeFileSync(
  join(folder, 'image.pcap'),
  Uint8Array.from({ length: 300 }, (_, i) => (i * 73) & 0xff),
);
const inFolder = { cwd: folder };

describe('an input that cannot be read', () => {
  test.each([
    ['no such file', ['nowhere.pcap'], /nowhere\.pcap: no such file/],
    ['a folder without captures', ['captures'], /captures: holds no captures/],
    ['an empty file', ['empty.pcap'], /is empty/],
    ['text', ['log.txt'], /text/],
    ['no capture', ['image.pcap'], /no pcap or pcapng/],
    ['a misspelt command', ['analyse', 'three.pcap'], /analyse: no such file/],
    ['one of several', ['three.pcap', 'nowhere.pcap', 'empty.pcap'], /nowhere\.pcap/],
    ['-r', ['-r', 'nowhere.pcap'], /nowhere\.pcap/],
    ['flow', ['flow', 'nowhere.pcap', '1'], /nowhere\.pcap/],
    ['standard input twice', ['-', '-'], /twice/],
    ['standard input without anything', ['-'], /is empty/],
  ])('%s', async (_, args, why) => {
    const result = await teardown(args, inFolder);
    expect(result.code).toBe(2);
    expect(result.stdout).toBe('');
    expectError(result, why);
  });

  test('a socket', async () => {
    const path = join(folder, 'socket');
    const server = createServer().listen(path);
    const result = await teardown([path]);
    server.close();
    expect(result.code).toBe(2);
    expectError(result, /socket/);
  });

  test('a file without read permission', async () => {
    const path = join(folder, 'secret.pcap');
    writeFileSync(path, 'secret');
    chmodSync(path, 0);
    // Root may read everything, so somebody else has to try. Where nobody else can start the program, the text is checked.
    const somebody = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};
    const canTry = spawnSync(process.execPath, [CLI, '--version'], somebody).status === 0;
    const denied = explain(systemError(path, Object.assign(new Error(), { code: 'EACCES' })));
    const result = canTry
      ? await teardown([path], { spawn: somebody })
      : { code: 2, signal: null, stdout: '', stderr: denied };
    expect(result.code).toBe(2);
    expectError(result, /secret\.pcap: permission denied/, /sudo/);
  });

  test('control characters of a name do not reach the terminal, nor do its line ends', async () => {
    const result = await teardown(['\x1b[31mred\nnext.pcap']);
    expect(result.code).toBe(2);
    expectError(result, /\\x1b\[31mred\\x0anext\.pcap/);
    expectError(await teardown(['flow', capture, '\x1b[2J==1']), /wrong expression/);
    expectError(await teardown(['-o', '\x1b[2J\n', capture]));
    expectError(await teardown(['--\x1b[2J\n', capture]));
  });
});

describe('a wrong command line', () => {
  test.each([
    ['no operands', [], /no capture named/],
    ['analyze without operands', ['analyze'], /no capture named/],
    ['flow without operands', ['flow'], /a capture and a selector/],
    ['flow without a selector', ['flow', 'three.pcap'], /a capture and a selector/],
    ['flow of standard input', ['flow', '-', '1'], /read once/],
    ['an unknown option', ['--bogus', 'three.pcap'], /unknown option '--bogus'/],
    ['a misspelt option', ['--wher', 'port==1', 'three.pcap'], /Did you mean --where/],
    ['an option of another command', ['flow', '-o', 'x.json', 'three.pcap', '1'], /unknown option '-o'/],
    ['an unknown format', ['-f', 'xml', 'three.pcap'], /xml.*text, json, ndjson, csv, md/],
    ['an option without its value', ['three.pcap', '-o'], /argument missing/],
    ['a wrong colour', ['--color', 'sometimes', 'three.pcap'], /auto, always, never/],
    ['a number that is none', ['--time-wait', 'long', 'three.pcap'], /a number of seconds/],
    ['a negative number', ['--fin-timeout', '-1', 'three.pcap'], /a number of seconds/],
    ['an empty number', ['--time-wait', '', 'three.pcap'], /a number of seconds/],
    ['no flows at all', ['--max-flows', '0', 'three.pcap'], /whole number/],
    ['help for nothing', ['help', 'nothing'], /no such command/],
  ])('%s', async (_, args, why) => {
    const result = await teardown(args, inFolder);
    expect(result.code).toBe(2);
    expect(result.stdout).toBe('');
    expectError(result, why);
  });

  test.each([
    ['an unknown ending', 'report.pdf', /\.pdf is no format/],
    ['no ending', 'report', /no ending/],
    ['a missing parent folder', 'missing/report.json', /folder missing does not exist/, /mkdir -p missing/],
    ['a parent that is a file', 'log.txt/report.json', /log\.txt/],
    ['a folder in its place', 'folder.json', /it is a folder/],
  ])('an output with %s', async (_, path, ...parts) => {
    mkdirSync(join(folder, 'folder.json'), { recursive: true });
    const before = readdirSync(folder);
    const result = await teardown(['three.pcap', '-o', 'fine.json', '-o', path], inFolder);
    expect(result.code).toBe(2);
    expect(result.stdout).toBe('');
    expectError(result, ...parts);
    expect(readdirSync(folder)).toEqual(before);
  });
});

describe('a wrong expression', () => {
  test.each([
    ['-Y', ['-Y', 'port==9091 && closr==server', 'three.pcap']],
    ['--where', ['three.pcap', '--where', 'port==9091 && closr==server']],
    ['the selector of flow', ['flow', 'three.pcap', 'port==9091 && closr==server']],
  ])('of %s is shown with a mark below the place', async (_, args) => {
    const result = await teardown(args, inFolder);
    expect(result.code).toBe(2);
    expect(result.stderr).toBe(
      [
        'teardown: wrong expression: there is no field "closr": did you mean closer?',
        '  port==9091 && closr==server',
        '                ^^^^^',
        '',
      ].join('\n'),
    );
  });

  test('is found before the capture is read, and before a wrong capture is', async () => {
    expectError(await teardown(['-Y', '==', 'nowhere.pcap']), /wrong expression/);
  });

  test('of any length stays three lines', async () => {
    const result = await teardown(['-Y', `${'port==1 || '.repeat(200)}\n\n&&`, capture]);
    expect(result.code).toBe(2);
    expectError(result);
    for (const line of result.stderr.split('\n')) expect(line.length).toBeLessThanOrEqual(110);
  });
});

describe('standard output that takes nothing', () => {
  const full = (args: string) =>
    spawnSync('sh', ['-c', `"${process.execPath}" "${CLI}" ${args} >/dev/full`], { cwd: folder, encoding: 'utf8' });

  test.each(['three.pcap', '-f json three.pcap', '-f csv three.pcap', 'flow three.pcap 1', '--help'])('%s', (args) => {
    const { status, stderr } = full(args);
    expect(status).toBe(2);
    expectError({ code: status, signal: null, stdout: '', stderr }, /no space left/);
  });

  test('does not cost the other outputs, nor leaves half a file', () => {
    const before = readdirSync(folder);
    expect(full('-f ndjson -o report.json three.pcap').status).toBe(2);
    expect(readdirSync(folder).sort()).toEqual([...before, 'report.json'].sort());
    expect(JSON.parse(readFileSync(join(folder, 'report.json'), 'utf8')).totals.flows).toBe(3);
  });

  test('and a standard error that takes nothing changes no exit code', () => {
    const { status } = spawnSync('sh', ['-c', `"${process.execPath}" "${CLI}" nowhere.pcap 2>/dev/full`]);
    expect(status).toBe(2);
  });
});

describe('the order of exit codes', () => {
  const whole = writeScript(folder, 'many.pcap', manyFlows(3), PCAP);
  const cut = join(folder, 'cut.pcap');
  spawnSync('sh', ['-c', `head -c 700 "${whole}" > "${cut}"`]);

  test('2 before 3: another file that cannot be opened', async () => {
    expect((await teardown([cut, 'nowhere.pcap'])).code).toBe(2);
  });

  test('3 before 1: a damaged capture in which nothing matches', async () => {
    const result = await teardown(['flow', cut, '99']);
    expect(result.code).toBe(3);
    expect(result.stderr).toContain('no flow matches 99');
    expect(result.stderr).toContain('cut.pcap: ');
  });

  test('1: nothing matches', async () => {
    expect((await teardown(['flow', whole, '99'])).code).toBe(1);
  });
});
