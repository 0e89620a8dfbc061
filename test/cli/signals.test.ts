import { afterEach, expect, test, vi } from 'vitest';
import { onSignal } from '../../src/cli/signals.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

test('where a run can be ended well, the first Ctrl-C does that, and the second ends the process', () => {
  const kill = vi.spyOn(process, 'kill').mockReturnValue(true);
  const told: string[] = [];
  const takeBack = onSignal(
    () => told.push('cleaned up'),
    () => told.push('finish'),
  );
  process.emit('SIGINT', 'SIGINT');
  expect(told).toEqual(['finish']);
  expect(kill).not.toHaveBeenCalled();
  process.emit('SIGTERM', 'SIGTERM');
  expect(told).toEqual(['finish', 'cleaned up']);
  expect(kill).toHaveBeenCalledExactlyOnceWith(process.pid, 'SIGTERM');
  takeBack();
});
