/** reports/samples say what the program says today; `npm run reports` writes them. */
import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';

test('the sample reports are what the program writes', () => {
  const script = resolve(import.meta.dirname, '../../build/scripts/write-reports.js');
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, '--check'], { encoding: 'utf8' });
  expect({ status, stale: stdout, stderr }).toEqual({ status: 0, stale: '', stderr: '' });
}, 120_000);
